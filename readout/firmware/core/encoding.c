#include "encoding.h"

#include <string.h>

/* Known to the compiler. */
static bool little_endian(void)
{
    const uint16_t one = 1u;
    uint8_t first;
    memcpy(&first, &one, sizeof first);
    return first == 1u;
}

static size_t encode_raw16(const uint16_t *samples, size_t count, uint8_t *bytes)
{
    if (little_endian()) {
        memcpy(bytes, samples, 2u * count);
        return 2u * count;
    }
    for (size_t i = 0; i < count; i++) {
        const uint16_t sample = samples[i];
        bytes[2u * i] = (uint8_t)sample;
        bytes[2u * i + 1u] = (uint8_t)(sample >> 8);
    }
    return 2u * count;
}

static bool fits(const uint16_t *samples, size_t count, unsigned sample_bits)
{
    unsigned all = 0;
    for (size_t i = 0; i < count; i++) {
        all |= samples[i];
    }
    return all >> sample_bits == 0u;
}

static size_t pack_row(const uint16_t *samples, size_t columns, unsigned sample_bits,
                       uint8_t *bytes)
{
    uint8_t *next = bytes;
    uint32_t held = 0; /* bits not yet written, the oldest lowest; fewer than 16 between samples */
    unsigned bits = 0;
    for (size_t i = 0; i < columns; i++) {
        held |= (uint32_t)samples[i] << bits;
        bits += sample_bits;
        if (bits >= 16u) {
            next[0] = (uint8_t)held;
            next[1] = (uint8_t)(held >> 8);
            next += 2;
            held >>= 16;
            bits -= 16u;
        }
    }
    for (unsigned written = 0; written < bits; written += 8u) {
        *next++ = (uint8_t)(held >> written);
    }
    return (size_t)(next - bytes);
}

/* Size; 0 where a sample does not fit. */
static size_t pack(const uint16_t *samples, size_t rows, size_t columns, unsigned sample_bits,
                   uint8_t *bytes)
{
    size_t size = 0;
    if (!fits(samples, rows * columns, sample_bits)) {
        return 0;
    }
    for (size_t row = 0; row < rows; row++) {
        size += pack_row(samples + row * columns, columns, sample_bits, bytes + size);
    }
    return size;
}

/* Size; 0 where it would not be smaller than raw16. */
static size_t code(const fpxi_packing_t *wanted, const uint16_t *reference, const uint16_t *samples,
                   size_t count, uint8_t *bytes)
{
    return fpxi_aec_encode(&wanted->aec, samples, reference, count, bytes, 2u * count - 1u);
}

fpxi_encoded_t fpxi_encode(const fpxi_packing_t *wanted, const uint16_t *samples, size_t rows,
                           size_t columns, uint8_t *bytes)
{
    const size_t count = rows * columns;
    fpxi_encoded_t encoded = {wanted->encoding, 0};
    if (encoded.encoding == FPXI_ENCODING_AEC_REFERENCE && wanted->reference == NULL) {
        encoded.encoding = FPXI_ENCODING_AEC;
    }
    switch (encoded.encoding) {
    case FPXI_ENCODING_PACKED14:
        encoded.size = pack(samples, rows, columns, 14u, bytes);
        break;
    case FPXI_ENCODING_PACKED12:
        encoded.size = pack(samples, rows, columns, 12u, bytes);
        break;
    case FPXI_ENCODING_AEC:
        encoded.size = code(wanted, NULL, samples, count, bytes);
        break;
    case FPXI_ENCODING_AEC_REFERENCE:
        encoded.size = code(wanted, wanted->reference, samples, count, bytes);
        break;
    default:
        break;
    }
    if (encoded.size == 0u) {
        encoded.encoding = FPXI_ENCODING_RAW16;
        encoded.size = encode_raw16(samples, count, bytes);
    }
    return encoded;
}
