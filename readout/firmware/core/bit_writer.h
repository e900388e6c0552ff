/* Bits into bytes, most significant bit first. For one hot loop at a time: a copy of the writer in a
 * local variable lives in registers. Room is the caller's affair. */

#ifndef FPXI_BIT_WRITER_H
#define FPXI_BIT_WRITER_H

#include <stdint.h>

#define FPXI_WORD_BITS 32u

typedef struct {
    uint8_t *next;
    uint32_t held; /* bits not yet written, the oldest highest, zeros behind them */
    unsigned free; /* bits that held has room for, 1 to 32 */
} fpxi_bit_writer_t;

/* Compilers make this one store. */
static inline void fpxi_store_word(uint8_t *bytes, uint32_t word)
{
    bytes[0] = (uint8_t)(word >> 24);
    bytes[1] = (uint8_t)(word >> 16);
    bytes[2] = (uint8_t)(word >> 8);
    bytes[3] = (uint8_t)word;
}

/* Appends the lowest count bits of a value that has no others; count is 1 to 32. */
static inline void fpxi_put_bits(fpxi_bit_writer_t *writer, uint32_t value, unsigned count)
{
    if (count < writer->free) {
        writer->free -= count;
        writer->held |= value << writer->free;
        return;
    }
    unsigned left = count - writer->free;
    fpxi_store_word(writer->next, writer->held | value >> left);
    writer->next += sizeof writer->held;
    writer->free = FPXI_WORD_BITS - left;
    writer->held = value << 1 << (FPXI_WORD_BITS - 1u - left); /* in two steps: left may be 0 */
}

/* Appends so many zeros and a one. */
static inline void fpxi_put_unary(fpxi_bit_writer_t *writer, uint32_t zeros)
{
    for (; zeros >= FPXI_WORD_BITS; zeros -= FPXI_WORD_BITS) {
        fpxi_put_bits(writer, 0, FPXI_WORD_BITS);
    }
    fpxi_put_bits(writer, 1, zeros + 1u);
}

/* Writes what is held, with zeros up to a whole byte. Returns where the bytes end. */
static inline uint8_t *fpxi_flush_bits(const fpxi_bit_writer_t *writer)
{
    uint8_t *next = writer->next;
    unsigned bits = FPXI_WORD_BITS - writer->free;
    for (unsigned written = 0; written < bits; written += 8u) {
        *next++ = (uint8_t)(writer->held >> (FPXI_WORD_BITS - 8u - written));
    }
    return next;
}

#endif
