#include "beat.h"

void fpxi_beat_begin(fpxi_beat_t *beat, uint64_t now_us)
{
    beat->last_us = now_us;
    beat->fresh = true;
}

uint64_t fpxi_beat_due_us(const fpxi_beat_t *beat, uint32_t period_us)
{
    return beat->last_us + (beat->fresh ? 0u : period_us);
}

void fpxi_beat_keep(fpxi_beat_t *beat, uint64_t now_us, uint32_t period_us)
{
    uint64_t due_us = fpxi_beat_due_us(beat, period_us);
    bool anew = beat->fresh || now_us - due_us >= period_us;
    beat->last_us = anew ? now_us : due_us;
    beat->fresh = false;
}
