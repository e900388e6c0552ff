#include "oversampling.h"

#include <string.h>

void fpxi_oversampling_mean(const uint16_t *conversions, size_t stride, uint32_t passes,
                            uint16_t *samples, size_t count)
{
    if (passes == 1u) {
        memcpy(samples, conversions, count * sizeof *samples);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t sum = passes / 2u;
        for (uint32_t pass = 0; pass < passes; pass++) {
            sum += conversions[pass * stride + i];
        }
        samples[i] = (uint16_t)(sum / passes);
    }
}
