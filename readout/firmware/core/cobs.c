#include "cobs.h"

size_t fpxi_cobs_encode(const uint8_t *bytes, size_t count, uint8_t *stuffed)
{
    uint8_t *code = stuffed;
    uint8_t *next = stuffed + 1;
    for (size_t i = 0; i < count; i++) {
        if (next - code == 0xFF) { /* a full block has no zero behind it */
            *code = 0xFF;
            code = next++;
        }
        if (bytes[i] == 0u) {
            *code = (uint8_t)(next - code);
            code = next++;
            continue;
        }
        *next++ = bytes[i];
    }
    *code = (uint8_t)(next - code);
    return (size_t)(next - stuffed);
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
