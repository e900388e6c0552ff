#include "aec.h"

#include <stdbool.h>

#include "bit_writer.h"

#define SAMPLE_BITS 16u
#define SAMPLE_MAX 0xFFFFu
#define ID_BITS 4u
#define ID_LOW_ENTROPY 0u /* one bit more tells zero blocks from the second extension */
#define ID_UNCOMPRESSED 15u
#define MAX_SPLIT 13u
#define SEGMENT_BLOCKS 64u      /* a run of zero blocks ends with its segment at the latest */
#define REST_OF_SEGMENT_CODE 4u /* in the place of a run's length, so that runs from 5 on shift by one */
#define TOO_LONG UINT32_MAX

typedef struct {
    fpxi_bit_writer_t bits;
    uint32_t bits_left;   /* that the capacity has room for */
    unsigned block_size;
    unsigned split;       /* of the last block that was split: where the next search begins */
    unsigned zero_blocks; /* not yet coded */
    bool zero_has_sample; /* whether the first of them has a reference sample */
    uint16_t zero_sample;
    bool has_sample; /* whether block begins with a reference sample, which stands as 0 in it */
    uint16_t sample;
    uint16_t block[FPXI_AEC_MAX_BLOCK]; /* non-negative residuals */
} coder_t;

/* What a block holds. */
typedef struct {
    unsigned any;      /* all values or'd */
    uint32_t quotients; /* sum of the values shifted right by the split at hand */
} content_t;

/* --- residuals -------------------------------------------------------------------------------- */

/* CCSDS 121.0-B, 4.4: by their distance from the prediction, the two signs in turn as long as both
 * are possible. */
static inline uint32_t map_to_prediction(uint32_t sample, uint32_t prediction)
{
    if (sample >= prediction) {
        uint32_t above = sample - prediction;
        return above <= prediction ? 2u * above : sample;
    }
    uint32_t below = prediction - sample;
    return below <= SAMPLE_MAX - prediction ? 2u * below - 1u : SAMPLE_MAX - sample;
}

static inline uint32_t interleave(uint16_t difference)
{
    uint32_t negative = (difference & 0x8000u) != 0u ? SAMPLE_MAX : 0u;
    return (2u * difference & SAMPLE_MAX) ^ negative;
}

static content_t load_predicted(coder_t *coder, const uint16_t *samples, size_t count,
                                uint32_t prediction)
{
    content_t content = {0, 0};
    for (size_t i = 0; i < count; i++) {
        uint32_t value = map_to_prediction(samples[i], prediction);
        prediction = samples[i];
        coder->block[i] = (uint16_t)value;
        content.any |= value;
        content.quotients += value >> coder->split;
    }
    for (size_t i = count; i < coder->block_size; i++) {
        coder->block[i] = 0;
    }
    return content;
}

static content_t load_difference(coder_t *coder, const uint16_t *samples, const uint16_t *reference,
                                 size_t count)
{
    content_t content = {0, 0};
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = interleave((uint16_t)(samples[i] - reference[i]));
        coder->block[i] = (uint16_t)value;
        content.any |= value;
        content.quotients += value >> coder->split;
    }
    for (size_t i = count; i < coder->block_size; i++) {
        coder->block[i] = (uint16_t)value;
        content.quotients += value >> coder->split;
    }
    return content;
}

/* --- lengths ---------------------------------------------------------------------------------- */

static uint32_t sum_of_quotients(const coder_t *coder, unsigned split)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < coder->block_size; i++) {
        sum += (uint32_t)coder->block[i] >> split;
    }
    return sum;
}

static uint32_t split_length(uint32_t quotients, uint32_t count, unsigned split)
{
    return quotients + count * (split + 1u);
}

/* Length of the block when split, the split found by going on from the last one as long as that
 * shortens it. One split more adds a bit to each value and saves at most the quotients; one fewer
 * saves a bit of each value and adds at least the quotients: only one way can be worth going. Several
 * splits may be equally short: libaec takes what this takes. */
static uint32_t find_split(coder_t *coder, uint32_t quotients)
{
    const uint32_t count = coder->block_size - (coder->has_sample ? 1u : 0u);
    const bool up = quotients >= count;
    uint32_t shortest = split_length(quotients, count, coder->split);
    for (unsigned steps = 0; steps < MAX_SPLIT; steps++) {
        const unsigned end = up ? MAX_SPLIT : 0u;
        if (coder->split == end || (quotients >= count) != up) {
            break;
        }
        const unsigned split = up ? coder->split + 1u : coder->split - 1u;
        quotients = sum_of_quotients(coder, split);
        uint32_t length = split_length(quotients, count, split);
        if (length >= shortest) {
            break;
        }
        shortest = length;
        coder->split = split;
    }
    return shortest;
}

static uint32_t pair_code(uint32_t first, uint32_t second)
{
    uint32_t sum = first + second;
    return sum * (sum + 1u) / 2u + second;
}

/* Length of the second extension with its bit of identity; TOO_LONG where it is beyond a limit. */
static uint32_t extension_length(const coder_t *coder, uint32_t limit)
{
    uint32_t length = 1;
    for (size_t i = 0; i < coder->block_size; i += 2u) {
        uint32_t first = coder->block[i];
        uint32_t second = coder->block[i + 1u];
        if (first + second > limit) {
            return TOO_LONG; /* and pair_code could overflow */
        }
        length += pair_code(first, second) + 1u;
        if (length > limit) {
            return TOO_LONG;
        }
    }
    return length;
}

/* --- code options ----------------------------------------------------------------------------- */

/* Writes what every coded block begins with; false where the whole block has no room. */
static bool begin_block(coder_t *coder, unsigned id, unsigned id_bits, bool has_sample,
                        uint16_t sample, uint32_t length)
{
    uint32_t whole = id_bits + (has_sample ? SAMPLE_BITS : 0u) + length;
    if (whole > coder->bits_left) {
        return false;
    }
    coder->bits_left -= whole;
    fpxi_put_bits(&coder->bits, id, id_bits);
    if (has_sample) {
        fpxi_put_bits(&coder->bits, sample, SAMPLE_BITS);
    }
    return true;
}

static bool put_zero_blocks(coder_t *coder, bool rest_of_segment)
{
    unsigned run = coder->zero_blocks;
    unsigned code = run <= REST_OF_SEGMENT_CODE ? run - 1u : run;
    code = rest_of_segment && run > REST_OF_SEGMENT_CODE ? REST_OF_SEGMENT_CODE : code;
    coder->zero_blocks = 0;
    if (!begin_block(coder, ID_LOW_ENTROPY, ID_BITS + 1u, coder->zero_has_sample,
                     coder->zero_sample, code + 1u)) {
        return false;
    }
    fpxi_put_unary(&coder->bits, code);
    return true;
}

/* Values from `first` on, their lowest bits; two at a time, which halves the cost. */
static void put_low_bits(coder_t *coder, size_t first, unsigned count)
{
    fpxi_bit_writer_t bits = coder->bits;
    const uint32_t mask = (1u << count) - 1u;
    if (first == 1u) {
        fpxi_put_bits(&bits, coder->block[1] & mask, count);
    }
    for (size_t i = 2u * first; i < coder->block_size; i += 2u) {
        uint32_t pair = (coder->block[i] & mask) << count | (coder->block[i + 1u] & mask);
        fpxi_put_bits(&bits, pair, 2u * count);
    }
    coder->bits = bits;
}

static void put_quotients(coder_t *coder, size_t first, unsigned split)
{
    fpxi_bit_writer_t bits = coder->bits;
    if (first == 1u) {
        fpxi_put_unary(&bits, (uint32_t)coder->block[1] >> split);
    }
    for (size_t i = 2u * first; i < coder->block_size; i += 2u) {
        uint32_t zeros = (uint32_t)coder->block[i] >> split;
        uint32_t more_zeros = (uint32_t)coder->block[i + 1u] >> split;
        if (zeros + more_zeros + 2u <= FPXI_WORD_BITS) {
            fpxi_put_bits(&bits, 2u << more_zeros | 1u, zeros + more_zeros + 2u);
        } else {
            fpxi_put_unary(&bits, zeros);
            fpxi_put_unary(&bits, more_zeros);
        }
    }
    coder->bits = bits;
}

static bool put_split(coder_t *coder, uint32_t length)
{
    const unsigned split = coder->split;
    if (!begin_block(coder, split + 1u, ID_BITS, coder->has_sample, coder->sample, length)) {
        return false;
    }
    const size_t first = coder->has_sample ? 1u : 0u;
    put_quotients(coder, first, split);
    if (split > 0u) {
        put_low_bits(coder, first, split);
    }
    return true;
}

static bool put_extension(coder_t *coder, uint32_t length)
{
    if (!begin_block(coder, 1u, ID_BITS + 1u, coder->has_sample, coder->sample, length - 1u)) {
        return false;
    }
    fpxi_bit_writer_t bits = coder->bits;
    for (size_t i = 0; i < coder->block_size; i += 2u) {
        fpxi_put_unary(&bits, pair_code(coder->block[i], coder->block[i + 1u]));
    }
    coder->bits = bits;
    return true;
}

static bool put_uncompressed(coder_t *coder, uint32_t length)
{
    if (!begin_block(coder, ID_UNCOMPRESSED, ID_BITS, coder->has_sample, coder->sample, length)) {
        return false;
    }
    put_low_bits(coder, coder->has_sample ? 1u : 0u, SAMPLE_BITS);
    return true;
}

static bool put_block(coder_t *coder, uint32_t quotients)
{
    uint32_t uncompressed = SAMPLE_BITS * (coder->block_size - (coder->has_sample ? 1u : 0u));
    uint32_t split = find_split(coder, quotients);
    uint32_t extension = extension_length(coder, split < uncompressed ? split : uncompressed);
    if (split < uncompressed) {
        return split < extension ? put_split(coder, split) : put_extension(coder, extension);
    }
    return uncompressed <= extension ? put_uncompressed(coder, uncompressed)
                                     : put_extension(coder, extension);
}

/* --- blocks ----------------------------------------------------------------------------------- */

static bool add_block(coder_t *coder, content_t content, bool segment_ends)
{
    if (content.any != 0u) {
        bool room = coder->zero_blocks == 0u || put_zero_blocks(coder, false);
        return room && put_block(coder, content.quotients);
    }
    if (coder->zero_blocks == 0u) {
        coder->zero_has_sample = coder->has_sample;
        coder->zero_sample = coder->sample;
    }
    coder->zero_blocks++;
    return !segment_ends || put_zero_blocks(coder, true);
}

size_t fpxi_aec_encode(const fpxi_aec_settings_t *settings, const uint16_t *samples,
                       const uint16_t *reference, size_t count, uint8_t *bytes, size_t capacity)
{
    coder_t coder;
    coder.bits = (fpxi_bit_writer_t){.next = bytes, .held = 0, .free = FPXI_WORD_BITS};
    coder.bits_left = 8u * (uint32_t)capacity;
    coder.block_size = settings->block_size;
    coder.split = 0;
    coder.zero_blocks = 0;
    unsigned place = 0; /* of the block in its reference interval */
    for (size_t first = 0; first < count; first += settings->block_size) {
        size_t left = count - first;
        size_t there = left < settings->block_size ? left : settings->block_size;
        bool begins = place == 0u;
        coder.has_sample = begins && reference == NULL;
        coder.sample = samples[first];
        content_t content =
            reference != NULL
                ? load_difference(&coder, samples + first, reference + first, there)
                : load_predicted(&coder, samples + first, there, samples[begins ? first : first - 1u]);
        place = place + 1u == settings->reference_interval ? 0u : place + 1u;
        bool segment_ends = place % SEGMENT_BLOCKS == 0u || left <= settings->block_size;
        if (!add_block(&coder, content, segment_ends)) {
            return 0;
        }
    }
    return (size_t)(fpxi_flush_bits(&coder.bits) - bytes);
}
