#include "readout.h"

#include <string.h>

#include "test_pattern.h"

void fpxi_readout_init(fpxi_readout_t *readout, const fpxi_hardware_t *hardware,
                       const fpxi_panel_description_t *panel,
                       const fpxi_readout_config_t *config)
{
    memset(readout, 0, sizeof *readout);
    readout->hardware = hardware;
    readout->panel = panel;
    readout->samples = config->row_memory;
    readout->line_time_us = config->line_time_us == 0u ? panel->line_time_us : config->line_time_us;
    fpxi_reduction_init(&readout->reduction, panel, config->accumulator);
}

uint32_t fpxi_readout_us(const fpxi_readout_t *readout, uint32_t oversampling)
{
    const fpxi_panel_description_t *panel = readout->panel;
    uint32_t lines = (uint32_t)panel->rows + panel->extra_lines;
    return lines * readout->line_time_us * oversampling + panel->rearm_us;
}

void fpxi_readout_begin(fpxi_readout_t *readout, const fpxi_shot_t *shot, uint64_t now_us)
{
    uint32_t taken_us = fpxi_readout_us(readout, shot->slot->header.oversampling);
    readout->shot = *shot;
    readout->row = 0;
    readout->row_us = now_us;
    readout->ready_us = now_us + taken_us - readout->panel->rearm_us;
}

static void take_row(fpxi_readout_t *readout)
{
    const fpxi_shot_t *shot = &readout->shot;
    const fpxi_reduction_t *reduction = &readout->reduction;
    fpxi_slot_t *slot = shot->slot;
    bool saturated = false;
    if (slot->pattern == FPXI_TEST_PATTERN_NONE) {
        saturated = fpxi_reduction_saturated(reduction, readout->row, readout->samples);
    } else {
        fpxi_test_pattern_row((fpxi_test_pattern_t)slot->pattern, shot->number, readout->row,
                              readout->panel->columns, readout->samples);
    }
    saturated |= fpxi_reduction_row(reduction, shot->pass, readout->row, readout->samples,
                                    slot->samples);
    slot->header.flags |= saturated ? FPXI_FRAME_FLAG_SATURATED : 0;
}

int fpxi_readout_rows(fpxi_readout_t *readout, uint64_t now_us)
{
    const fpxi_hardware_t *hardware = readout->hardware;
    for (; readout->row < readout->panel->rows; readout->row++) {
        int result = hardware->read_row(hardware->context, readout->row, readout->samples);
        if (result == FPXI_AGAIN) {
            bool failed = now_us - readout->row_us > FPXI_ROW_TIMEOUT_US;
            return failed ? FPXI_FAILED : FPXI_AGAIN;
        }
        if (result < 0) {
            return FPXI_FAILED;
        }
        readout->row_us = now_us;
        take_row(readout);
    }
    return FPXI_OK;
}

uint64_t fpxi_readout_deadline(const fpxi_readout_t *readout, uint64_t now_us)
{
    return now_us < readout->ready_us ? readout->ready_us : now_us + readout->line_time_us;
}
