#include "trigger.h"

void fpxi_trigger_init(fpxi_trigger_t *trigger)
{
    trigger->since_us = 0;
    trigger->high = false;
    trigger->counted = false;
}

uint64_t fpxi_trigger_deadline(const fpxi_trigger_t *trigger, uint32_t debounce_us)
{
    bool waiting = trigger->high && !trigger->counted;
    return waiting ? trigger->since_us + debounce_us : UINT64_MAX;
}

bool fpxi_trigger_poll(fpxi_trigger_t *trigger, uint64_t now_us, uint32_t debounce_us)
{
    bool counts = now_us >= fpxi_trigger_deadline(trigger, debounce_us);
    trigger->counted = trigger->counted || counts;
    return counts;
}

bool fpxi_trigger_change(fpxi_trigger_t *trigger, bool high, uint64_t at_us, uint32_t debounce_us)
{
    if (high == trigger->high) {
        return false;
    }
    bool counts = fpxi_trigger_poll(trigger, at_us, debounce_us);
    trigger->high = high;
    trigger->since_us = at_us;
    trigger->counted = false;
    return counts;
}
