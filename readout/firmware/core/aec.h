/* Lossless adaptive entropy coding of 16-bit samples: CCSDS 121.0-B, bit for bit as libaec writes it
 * (unsigned, most significant bit first). */

#ifndef FPXI_AEC_H
#define FPXI_AEC_H

#include <stddef.h>
#include <stdint.h>

#define FPXI_AEC_MAX_BLOCK 64u

typedef struct {
    uint8_t block_size;          /* samples: 8, 16, 32 or 64 */
    uint16_t reference_interval; /* blocks, 1 to 4096 */
} fpxi_aec_settings_t;

/* Codes count samples: with reference NULL by the unit-delay predictor, else as residuals to the
 * reference's samples, modulo 2^16 and interleaved (0, -1, 1, -2, ...), without a predictor. The
 * last block is filled up with its last value. Returns bytes written; 0, with the content of bytes
 * undefined, where they would be more than capacity (at most 2^24). */
size_t fpxi_aec_encode(const fpxi_aec_settings_t *settings, const uint16_t *samples,
                       const uint16_t *reference, size_t count, uint8_t *bytes, size_t capacity);

#endif
