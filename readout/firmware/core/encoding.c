#include "encoding.h"

#define PACKED14_BITS 14u
#define PACKED14_MAX 0x3FFFu

static size_t encode_raw16(const uint16_t *samples, size_t count, uint8_t *bytes)
{
    for (size_t i = 0; i < count; i++) {
        bytes[2u * i] = (uint8_t)samples[i];
        bytes[2u * i + 1u] = (uint8_t)(samples[i] >> 8);
    }
    return 2u * count;
}

static size_t pack14_row(const uint16_t *samples, size_t columns, uint8_t *bytes)
{
    uint32_t held = 0; /* bits not yet written, the oldest lowest */
    unsigned bits = 0;
    size_t size = 0;
    for (size_t i = 0; i < columns; i++) {
        held |= (uint32_t)samples[i] << bits;
        for (bits += PACKED14_BITS; bits >= 8u; bits -= 8u) {
            bytes[size++] = (uint8_t)held;
            held >>= 8;
        }
    }
    if (bits > 0u) {
        bytes[size++] = (uint8_t)held;
    }
    return size;
}

static bool fits_14_bits(const uint16_t *samples, size_t count)
{
    unsigned all = 0;
    for (size_t i = 0; i < count; i++) {
        all |= samples[i];
    }
    return all <= PACKED14_MAX;
}

fpxi_encoded_t fpxi_encode(uint8_t encoding, const uint16_t *samples, size_t rows, size_t columns,
                           uint8_t *bytes)
{
    fpxi_encoded_t encoded = {encoding, 0};
    if (encoding != FPXI_ENCODING_PACKED14 || !fits_14_bits(samples, rows * columns)) {
        encoded.encoding = FPXI_ENCODING_RAW16;
        encoded.size = encode_raw16(samples, rows * columns, bytes);
        return encoded;
    }
    for (size_t row = 0; row < rows; row++) {
        encoded.size += pack14_row(samples + row * columns, columns, bytes + encoded.size);
    }
    return encoded;
}
