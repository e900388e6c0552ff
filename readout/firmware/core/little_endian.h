/* 32-bit numbers as bytes, the lowest first, at any address and on any processor. */

#ifndef FPXI_LITTLE_ENDIAN_H
#define FPXI_LITTLE_ENDIAN_H

#include <stdint.h>

static inline void fpxi_put_u32(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4u; i++) {
        bytes[i] = (uint8_t)(value >> (8u * i));
    }
}

static inline uint32_t fpxi_take_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

#endif
