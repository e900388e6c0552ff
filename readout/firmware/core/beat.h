/* The beat of the exposures: when the next one is due. */

#ifndef FPXI_BEAT_H
#define FPXI_BEAT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t last_us; /* when the last exposure was to begin; fresh: when the first is */
    bool fresh;       /* no exposure has begun yet */
} fpxi_beat_t;

/* The first exposure is due now. */
void fpxi_beat_begin(fpxi_beat_t *beat, uint64_t now_us);

/* When the next exposure is due, a period after the last. */
uint64_t fpxi_beat_due_us(const fpxi_beat_t *beat, uint32_t period_us);

/* An exposure begins. The beat goes on from where it should have begun, unless it is the first or
 * came a whole period late. */
void fpxi_beat_keep(fpxi_beat_t *beat, uint64_t now_us, uint32_t period_us);

#endif
