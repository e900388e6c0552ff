/* Samples into bytes. */

#ifndef FPXI_ENCODING_H
#define FPXI_ENCODING_H

#include "aec.h"
#include "protocol_generated.h"

/* What is wanted. */
typedef struct {
    uint8_t encoding;          /* fpxi_encoding_t */
    fpxi_aec_settings_t aec;   /* of the entropy coder */
    const uint16_t *reference; /* the same pixels in the reference frame; NULL: none is held */
} fpxi_packing_t;

typedef struct {
    uint8_t encoding; /* the one used */
    size_t size;      /* bytes, never more than raw16 takes */
} fpxi_encoded_t;

/* Packs rows of samples as wanted. Without a reference, aec stands in for aec_reference; raw16
 * stands in where a sample does not fit, or where entropy coding saves nothing. */
fpxi_encoded_t fpxi_encode(const fpxi_packing_t *wanted, const uint16_t *samples, size_t rows,
                           size_t columns, uint8_t *bytes);

#endif
