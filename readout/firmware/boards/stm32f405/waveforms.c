#include "waveforms.h"

#include <stddef.h>

const fpxi_panel_plan_t *fpxi_panel_plan(uint8_t panel, uint8_t converters)
{
    static const fpxi_panel_plan_t *const plans[] = {&fpxi_tft64_two, &fpxi_tft64_one, &fpxi_cmos32};
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        if (plans[i]->panel == panel && plans[i]->converters == converters) {
            return plans[i];
        }
    }
    return NULL;
}

static uint32_t passes(const fpxi_waveform_t *waveform, uint32_t conversions)
{
    return waveform->passes ? conversions : 1u;
}

uint32_t fpxi_waveform_word_count(const fpxi_waveform_t *waveform, uint32_t conversions)
{
    return waveform->slots * passes(waveform, conversions);
}

const uint32_t *fpxi_waveform_words(const fpxi_waveform_t *waveform, uint32_t conversions)
{
    uint32_t skipped = waveform->from_end ? FPXI_MAX_PASSES - conversions : 0u;
    return waveform->words + skipped * waveform->slots;
}

uint32_t fpxi_scan_slots(const fpxi_scan_plan_t *scan, uint32_t conversions)
{
    return scan->lines * fpxi_waveform_word_count(scan->waveform, conversions) + scan->more_slots;
}

uint32_t fpxi_word_index(const fpxi_panel_plan_t *plan, uint32_t conversions, uint32_t row,
                         uint32_t pass, uint32_t column)
{
    uint32_t line = row + plan->row_line;
    uint32_t channel = column % plan->columns;
    uint32_t slot = (line * conversions + pass) * plan->line_slots + channel + 1u;
    return slot * plan->converters + column / plan->columns;
}
