/* Several conversions of each held pixel into one sample. */

#ifndef FPXI_OVERSAMPLING_H
#define FPXI_OVERSAMPLING_H

#include <stddef.h>
#include <stdint.h>

/* Means, rounded half up, of `passes` conversions of `count` pixels. The conversions of one pass lie
 * side by side, those of one pixel `stride` apart. passes: 1 to 16. */
void fpxi_oversampling_mean(const uint16_t *conversions, size_t stride, uint32_t passes,
                            uint16_t *samples, size_t count);

#endif
