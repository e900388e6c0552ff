#include "frame_plan.h"

static uint16_t chunks(uint32_t rows, uint32_t rows_per_chunk)
{
    return (uint16_t)((rows + rows_per_chunk - 1u) / rows_per_chunk);
}

void fpxi_frame_plan(fpxi_slot_t *slot, const fpxi_parameters_t *parameters,
                     const fpxi_reduction_t *reduction)
{
    const uint32_t *values = parameters->values;
    uint32_t rows_per_chunk = values[FPXI_PLACE_ROWS_PER_CHUNK];
    slot->encoding = (uint8_t)values[FPXI_PLACE_ENCODING];
    slot->pattern = (uint8_t)values[FPXI_PLACE_TEST_PATTERN];
    slot->key_interval = (uint16_t)values[FPXI_PLACE_KEY_FRAME_INTERVAL];
    slot->packets_sent = 0;
    slot->header = (fpxi_frame_header_t){
        .exposure_us = values[FPXI_PLACE_EXPOSURE_US],
        .flags = slot->pattern == FPXI_TEST_PATTERN_NONE ? 0 : FPXI_FRAME_FLAG_PATTERN,
        .rows = reduction->rows,
        .columns = reduction->columns,
        .chunks = chunks(reduction->rows, rows_per_chunk),
        .gain_setting = (uint8_t)values[FPXI_PLACE_GAIN_SETTING],
        .rows_per_chunk = (uint8_t)rows_per_chunk,
        .first_row = reduction->first_row,
        .first_column = reduction->first_column,
        .binning = reduction->binning,
        .cds = (uint8_t)values[FPXI_PLACE_CDS],
        .oversampling = (uint8_t)values[FPXI_PLACE_OVERSAMPLING],
        .aec_block_size = (uint8_t)values[FPXI_PLACE_AEC_BLOCK_SIZE],
        .aec_reference_interval = (uint16_t)values[FPXI_PLACE_AEC_REFERENCE_INTERVAL],
        .averaged = (uint16_t)(1u << reduction->average_log2),
    };
}

fpxi_exposure_t fpxi_frame_exposure(const fpxi_slot_t *slot, uint32_t trigger_mode)
{
    const fpxi_frame_header_t *header = &slot->header;
    return (fpxi_exposure_t){
        .exposure_us = header->exposure_us,
        .gain_setting = header->gain_setting,
        .oversampling = header->oversampling,
        .cds = header->cds == FPXI_ON_OFF_ON,
        .request_beam = trigger_mode == FPXI_TRIGGER_MODE_RESET_EXPOSE_READ,
    };
}
