/* Samples into bytes. */

#ifndef FPXI_ENCODING_H
#define FPXI_ENCODING_H

#include "protocol_generated.h"

typedef struct {
    uint8_t encoding; /* the one used */
    size_t size;      /* bytes */
} fpxi_encoded_t;

/* Packs rows of samples in the encoding wanted, or in raw16 where a sample does not fit it. */
fpxi_encoded_t fpxi_encode(uint8_t encoding, const uint16_t *samples, size_t rows, size_t columns,
                           uint8_t *bytes);

#endif
