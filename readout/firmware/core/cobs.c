#include "cobs.h"

#include <string.h>

#define FULL_BLOCK 0xFFu

/* Copies four bytes; tells whether none is zero, by the bits that zero bytes borrow. */
static bool copy_four(uint8_t *to, const uint8_t *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof word);
    memcpy(to, &word, sizeof word); /* what is behind a zero is written over later */
    return ((word - 0x01010101u) & ~word & 0x80808080u) == 0u;
}

/* Copies bytes up to the first zero, at most count; tells how many. */
static size_t copy_block(uint8_t *to, const uint8_t *from, size_t count)
{
    const uint8_t *next = from;
    const uint8_t *end = from + count;
    const uint8_t *words_end = end - count % 4u;
    while (next != words_end && copy_four(to, next)) {
        next += 4;
        to += 4;
    }
    while (next != end && *next != 0u) {
        *to++ = *next++;
    }
    return (size_t)(next - from);
}

size_t fpxi_cobs_encode(const uint8_t *bytes, size_t count, uint8_t *stuffed)
{
    const uint8_t *end = bytes + count;
    uint8_t *code = stuffed; /* where the length of the block at hand goes */
    for (;;) {
        size_t left = (size_t)(end - bytes);
        size_t size = copy_block(code + 1, bytes, left < FULL_BLOCK - 1u ? left : FULL_BLOCK - 1u);
        bytes += size;
        *code = (uint8_t)(size + 1u);
        code += size + 1u;
        if (bytes == end) {
            return (size_t)(code - stuffed);
        }
        bytes += size == FULL_BLOCK - 1u ? 0 : 1; /* a full block has no zero behind it */
    }
}

void fpxi_cobs_decoder_init(fpxi_cobs_decoder_t *decoder, uint8_t *bytes, size_t capacity)
{
    decoder->bytes = bytes;
    decoder->capacity = capacity;
    fpxi_cobs_decoder_restart(decoder);
}

void fpxi_cobs_decoder_restart(fpxi_cobs_decoder_t *decoder)
{
    decoder->size = 0;
    decoder->block = 0;
    decoder->remaining = 0;
    decoder->overflow = false;
}

static void append(fpxi_cobs_decoder_t *decoder, uint8_t byte)
{
    if (decoder->size == decoder->capacity) {
        decoder->overflow = true;
        return;
    }
    decoder->bytes[decoder->size++] = byte;
}

void fpxi_cobs_decoder_push(fpxi_cobs_decoder_t *decoder, uint8_t byte)
{
    if (decoder->remaining > 0u) {
        decoder->remaining--;
        append(decoder, byte);
        return;
    }
    if (decoder->block != 0u && decoder->block != 0xFFu) {
        append(decoder, 0);
    }
    decoder->block = byte;
    decoder->remaining = (uint8_t)(byte - 1u);
}

bool fpxi_cobs_decoder_complete(const fpxi_cobs_decoder_t *decoder)
{
    return decoder->block != 0u && decoder->remaining == 0u && !decoder->overflow;
}
