/* Consistent overhead byte stuffing (Cheshire and Baker, doi:10.1109/90.769765): packets without
 * zero bytes, so that a zero can end them. */

#ifndef FPXI_COBS_H
#define FPXI_COBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most bytes that stuffing makes of count bytes, the terminator not counted. */
#define FPXI_COBS_MAX_SIZE(count) ((count) + (count) / 254u + 1u)

/* Stuffs count bytes into stuffed, which has room for the most there can be. Returns the size
 * without a terminator. */
size_t fpxi_cobs_encode(const uint8_t *bytes, size_t count, uint8_t *stuffed);

/* Takes stuffed bytes one at a time. */
typedef struct {
    uint8_t *bytes; /* what has been decoded */
    size_t capacity;
    size_t size;
    uint8_t block;     /* code byte that began the block at hand; 0 before the first */
    uint8_t remaining; /* bytes still to come in that block */
    bool overflow;     /* the packet is longer than the capacity */
} fpxi_cobs_decoder_t;

void fpxi_cobs_decoder_init(fpxi_cobs_decoder_t *decoder, uint8_t *bytes, size_t capacity);

/* Forgets the packet at hand. */
void fpxi_cobs_decoder_restart(fpxi_cobs_decoder_t *decoder);

/* Takes a byte other than the terminator. */
void fpxi_cobs_decoder_push(fpxi_cobs_decoder_t *decoder, uint8_t byte);

/* Whether a terminator now would end a well-stuffed packet that fits. */
bool fpxi_cobs_decoder_complete(const fpxi_cobs_decoder_t *decoder);

#endif
