/* Codes whatever samples the fuzzer thinks of, in memory that ends where it may not write, and takes
 * them back with a decoder written from CCSDS 121.0-B alone. Built and run by
 * run_firmware_fuzzer.py. */

#include <stdlib.h>
#include <string.h>

#include "core/encoding.h"

#define MAX_SAMPLES 4096u
#define SEGMENT 64u

#define REQUIRE(condition)                                                                       \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            abort();                                                                             \
        }                                                                                        \
    } while (0)

/* --- the decoder ------------------------------------------------------------------------------ */

typedef struct {
    const uint8_t *bytes;
    size_t size;
    size_t place; /* in bits */
} reader_t;

static uint32_t read_bits(reader_t *reader, unsigned count)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        REQUIRE(reader->place < 8u * reader->size);
        unsigned bit = reader->bytes[reader->place / 8u] >> (7u - reader->place % 8u) & 1u;
        value = value << 1 | bit;
        reader->place++;
    }
    return value;
}

static uint32_t read_unary(reader_t *reader)
{
    uint32_t zeros = 0;
    while (read_bits(reader, 1) == 0u) {
        zeros++;
    }
    return zeros;
}

typedef struct {
    reader_t reader;
    unsigned block_size;
    unsigned interval;
    bool predicted;
    unsigned zero_blocks; /* of a run, still to come */
    uint16_t values[MAX_SAMPLES + FPXI_AEC_MAX_BLOCK];
} decoder_t;

static void read_pairs(decoder_t *decoder, uint16_t *block)
{
    for (unsigned i = 0; i < decoder->block_size; i += 2u) {
        uint32_t code = read_unary(&decoder->reader);
        uint32_t sum = 0;
        while ((sum + 1u) * (sum + 2u) / 2u <= code) {
            sum++;
        }
        block[i + 1u] = (uint16_t)(code - sum * (sum + 1u) / 2u);
        block[i] = (uint16_t)(sum - block[i + 1u]);
    }
}

/* Blocks in a run of zero blocks that begins with block `index`. */
static unsigned read_run(decoder_t *decoder, unsigned index, unsigned blocks)
{
    uint32_t code = read_unary(&decoder->reader);
    if (code != 4u) {
        return code < 4u ? code + 1u : code;
    }
    unsigned place = index % decoder->interval;
    unsigned segment = SEGMENT - place % SEGMENT;
    unsigned left = decoder->interval - place;
    left = left < blocks - index ? left : blocks - index;
    return segment < left ? segment : left;
}

static void read_values(decoder_t *decoder, unsigned split, unsigned first, uint16_t *block)
{
    for (unsigned i = first; i < decoder->block_size; i++) {
        block[i] = (uint16_t)(read_unary(&decoder->reader) << split);
    }
    for (unsigned i = first; i < decoder->block_size; i++) {
        block[i] |= (uint16_t)read_bits(&decoder->reader, split);
    }
}

/* Mapped residuals; the reference sample, where there is one, in the place of the first. */
static void read_block(decoder_t *decoder, unsigned index, unsigned blocks, uint16_t *block)
{
    bool has_sample = decoder->predicted && index % decoder->interval == 0u;
    memset(block, 0, decoder->block_size * sizeof *block);
    if (decoder->zero_blocks > 0u) {
        REQUIRE(!has_sample);
        decoder->zero_blocks--;
        return;
    }
    unsigned id = read_bits(&decoder->reader, 4);
    bool extension = id == 0u && read_bits(&decoder->reader, 1) == 1u;
    unsigned first = has_sample ? 1u : 0u;
    uint16_t sample = has_sample ? (uint16_t)read_bits(&decoder->reader, 16) : 0u;
    if (extension) {
        read_pairs(decoder, block);
        REQUIRE(!has_sample || block[0] == 0u);
    } else if (id == 0u) {
        decoder->zero_blocks = read_run(decoder, index, blocks) - 1u;
    } else if (id == 15u) {
        for (unsigned i = first; i < decoder->block_size; i++) {
            block[i] = (uint16_t)read_bits(&decoder->reader, 16);
        }
    } else {
        read_values(decoder, id - 1u, first, block);
    }
    if (has_sample) {
        block[0] = sample;
    }
}

static uint16_t unmap(uint16_t value, uint16_t prediction)
{
    unsigned margin = prediction < 65535u - prediction ? prediction : 65535u - prediction;
    if (value > 2u * margin) {
        return prediction == margin ? value : (uint16_t)(65535u - value);
    }
    unsigned half = (value + 1u) / 2u;
    return (uint16_t)(value % 2u == 0u ? prediction + half : prediction - half);
}

/* Fills decoder->values with samples, or with interleaved differences. */
static void decode(decoder_t *decoder, size_t count)
{
    unsigned blocks = (unsigned)((count + decoder->block_size - 1u) / decoder->block_size);
    for (unsigned index = 0; index < blocks; index++) {
        uint16_t *block = decoder->values + index * decoder->block_size;
        read_block(decoder, index, blocks, block);
        bool begins = index % decoder->interval == 0u;
        for (unsigned i = begins ? 1u : 0u; decoder->predicted && i < decoder->block_size; i++) {
            block[i] = unmap(block[i], block[(int)i - 1]);
        }
    }
    REQUIRE(decoder->zero_blocks == 0u);
    while (decoder->reader.place % 8u != 0u) {
        REQUIRE(read_bits(&decoder->reader, 1) == 0u);
    }
    REQUIRE(decoder->reader.place == 8u * decoder->reader.size);
}

static void require_coded(const fpxi_aec_settings_t *settings, const uint16_t *samples,
                          const uint16_t *reference, size_t count, const uint8_t *bytes,
                          size_t size)
{
    static decoder_t decoder;
    decoder = (decoder_t){.reader = {.bytes = bytes, .size = size},
                          .block_size = settings->block_size,
                          .interval = settings->reference_interval,
                          .predicted = reference == NULL};
    decode(&decoder, count);
    for (size_t i = 0; i < count; i++) {
        uint16_t value = decoder.values[i];
        if (reference != NULL) {
            uint16_t difference = (uint16_t)(value % 2u == 0u ? value / 2u : 0xFFFFu - value / 2u);
            value = (uint16_t)(reference[i] + difference);
        }
        REQUIRE(value == samples[i]);
    }
}

/* --- what is tried ---------------------------------------------------------------------------- */

/* Size; 0 where the bytes do not fit. Room ends with the capacity. */
static size_t encode_into(const fpxi_aec_settings_t *settings, const uint16_t *samples,
                          const uint16_t *reference, size_t count, size_t capacity, bool check)
{
    uint8_t *bytes = malloc(capacity + 1u) + 1;
    size_t size = fpxi_aec_encode(settings, samples, reference, count, bytes, capacity);
    REQUIRE(size <= capacity);
    if (check) {
        REQUIRE(size > 0u);
        require_coded(settings, samples, reference, count, bytes, size);
    }
    free(bytes - 1);
    return size;
}

static void try_coder(const fpxi_aec_settings_t *settings, const uint16_t *samples,
                      const uint16_t *reference, size_t count, size_t less)
{
    /* No code option is longer than the uncompressed one: 4 bits a block and the samples. */
    size_t room = 3u * (count + FPXI_AEC_MAX_BLOCK);
    size_t size = encode_into(settings, samples, reference, count, room, true);
    REQUIRE(encode_into(settings, samples, reference, count, size, true) == size);
    size_t short_room = less < size ? size - 1u - less : 0u;
    REQUIRE(encode_into(settings, samples, reference, count, short_room, false) == 0u);
}

static void try_chunk(const fpxi_packing_t *wanted, const uint16_t *samples, size_t rows,
                      size_t columns)
{
    size_t count = rows * columns;
    uint8_t *bytes = malloc(2u * count);
    fpxi_encoded_t encoded = fpxi_encode(wanted, samples, rows, columns, bytes);
    REQUIRE(encoded.size > 0u && encoded.size <= 2u * count);
    REQUIRE(encoded.encoding != FPXI_ENCODING_RAW16 || encoded.size == 2u * count);
    bool coded = encoded.encoding == FPXI_ENCODING_AEC ||
                 encoded.encoding == FPXI_ENCODING_AEC_REFERENCE;
    const uint16_t *reference =
        encoded.encoding == FPXI_ENCODING_AEC_REFERENCE ? wanted->reference : NULL;
    if (coded) {
        require_coded(&wanted->aec, samples, reference, count, bytes, encoded.size);
    }
    free(bytes);
}

/* Samples that move as detectors' do, unless the fuzzer wants them anywhere. */
static void make_samples(const uint8_t *data, size_t count, unsigned width, uint16_t *samples)
{
    uint16_t sample = 1000;
    for (size_t i = 0; i < count; i++) {
        unsigned any = (unsigned)data[2u * i] << 8 | data[2u * i + 1u];
        sample = (uint16_t)(width >= 16u ? any : sample + (any >> (16u - width)));
        samples[i] = sample;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t head = 8;
    if (size < head + 4u) {
        return 0;
    }
    fpxi_aec_settings_t settings = {
        .block_size = (uint8_t)(8u << data[0] % 4u),
        .reference_interval = (uint16_t)(1u + (data[1] | (unsigned)data[2] << 8) % 4096u),
    };
    size_t count = (size - head) / 4u;
    count = count < MAX_SAMPLES ? count : MAX_SAMPLES;
    uint16_t *samples = malloc(count * sizeof *samples);
    uint16_t *reference = malloc(count * sizeof *reference);
    make_samples(data + head, count, data[3] % 18u, samples);
    make_samples(data + head + 2u * count, count, data[4] % 18u, reference);
    try_coder(&settings, samples, NULL, count, data[5]);
    try_coder(&settings, samples, reference, count, data[5]);
    size_t columns = 1u + data[6];
    columns = columns < count ? columns : count;
    size_t rows = count / columns;
    rows = rows < FPXI_MAX_ROWS_PER_CHUNK ? rows : FPXI_MAX_ROWS_PER_CHUNK;
    fpxi_packing_t wanted = {.encoding = data[7] % 6u, .aec = settings, .reference = reference};
    try_chunk(&wanted, samples, rows, columns);
    wanted.reference = NULL;
    try_chunk(&wanted, samples, rows, columns);
    free(samples);
    free(reference);
    return 0;
}
