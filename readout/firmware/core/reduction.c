#include "reduction.h"

#include <string.h>

#define MAX_SAMPLE 65535u

void fpxi_reduction_init(fpxi_reduction_t *reduction, const fpxi_panel_description_t *panel,
                         uint32_t *accumulator)
{
    memset(reduction, 0, sizeof *reduction);
    reduction->panel = panel;
    reduction->accumulator = accumulator;
}

typedef struct {
    uint32_t first;
    uint32_t count; /* 0: the range does not lie on the panel */
} range_t;

static range_t range(uint32_t first, uint32_t count, uint32_t size)
{
    range_t whole = {first, first >= size ? 0u : size - first};
    range_t part = {first, count > whole.count ? 0u : count};
    return count == 0u ? whole : part;
}

static uint16_t check(const uint32_t *values, const fpxi_panel_description_t *panel, range_t rows,
                      range_t columns)
{
    uint32_t binning = values[FPXI_PLACE_BINNING];
    if (values[FPXI_PLACE_REGION_FIRST_ROW] >= panel->rows) {
        return FPXI_PARAMETER_REGION_FIRST_ROW;
    }
    if (values[FPXI_PLACE_REGION_FIRST_COLUMN] >= panel->columns) {
        return FPXI_PARAMETER_REGION_FIRST_COLUMN;
    }
    if (rows.count == 0u) {
        return FPXI_PARAMETER_REGION_ROWS;
    }
    if (columns.count == 0u) {
        return FPXI_PARAMETER_REGION_COLUMNS;
    }
    return rows.count < binning || columns.count < binning ? FPXI_PARAMETER_BINNING : 0u;
}

uint16_t fpxi_reduction_configure(fpxi_reduction_t *reduction, const fpxi_parameters_t *parameters)
{
    const uint32_t *values = parameters->values;
    const fpxi_panel_description_t *panel = reduction->panel;
    range_t rows = range(values[FPXI_PLACE_REGION_FIRST_ROW], values[FPXI_PLACE_REGION_ROWS],
                         panel->rows);
    range_t columns = range(values[FPXI_PLACE_REGION_FIRST_COLUMN],
                            values[FPXI_PLACE_REGION_COLUMNS], panel->columns);
    uint16_t wrong = check(values, panel, rows, columns);
    if (wrong != 0u) {
        return wrong;
    }
    uint32_t binning = values[FPXI_PLACE_BINNING];
    reduction->first_row = (uint16_t)rows.first;
    reduction->first_column = (uint16_t)columns.first;
    reduction->rows = (uint16_t)(rows.count / binning);
    reduction->columns = (uint16_t)(columns.count / binning);
    reduction->binning = (uint8_t)binning;
    reduction->average_log2 = (uint8_t)values[FPXI_PLACE_AVERAGE_LOG2];
    return 0;
}

static bool taken(const fpxi_reduction_t *reduction, uint16_t row)
{
    uint32_t end = reduction->first_row + (uint32_t)reduction->rows * reduction->binning;
    return row >= reduction->first_row && row < end;
}

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* All samples, each one greater, or'd: a sample at full scale, all ones, carries into the bit above. */
static uint32_t any_above(const uint16_t *samples, uint32_t count)
{
    uint32_t any = 0;
    for (; count >= 4u; count -= 4u) {
        any |= (samples[0] + 1u) | (samples[1] + 1u) | (samples[2] + 1u) | (samples[3] + 1u);
        samples += 4;
    }
    for (; count > 0u; count--) {
        any |= *samples++ + 1u;
    }
    return any;
}

bool fpxi_reduction_saturated(const fpxi_reduction_t *reduction, uint16_t row,
                              const uint16_t *samples)
{
    const fpxi_panel_description_t *panel = reduction->panel;
    uint32_t ring = panel->process_ring;
    if (row < ring || row >= panel->rows - ring || !taken(reduction, row)) {
        return false;
    }
    uint32_t end = reduction->first_column + (uint32_t)reduction->columns * reduction->binning;
    end = least(end, panel->columns - ring);
    uint32_t first = greater(reduction->first_column, ring);
    return first < end && any_above(samples + first, end - first) >> panel->adc_bits != 0u;
}

static void add_single(uint32_t *sums, const uint16_t *samples, uint32_t columns, bool clear)
{
    for (uint32_t column = 0; column < columns; column++) {
        sums[column] = (clear ? 0u : sums[column]) + samples[column];
    }
}

static void add_pairs(uint32_t *sums, const uint16_t *samples, uint32_t columns, bool clear)
{
    for (uint32_t column = 0; column < columns; column++) {
        uint32_t pair = (uint32_t)samples[2u * column] + samples[2u * column + 1u];
        sums[column] = (clear ? 0u : sums[column]) + pair;
    }
}

/* The sum of all exposures becomes their mean before it may saturate: nothing is lost on the way. */
static bool finish(const fpxi_reduction_t *reduction, const uint32_t *sums, uint16_t *samples)
{
    uint32_t shift = reduction->average_log2;
    uint32_t half = (1u << shift) >> 1;
    bool beyond = false;
    for (uint32_t column = 0; column < reduction->columns; column++) {
        uint32_t mean = (sums[column] + half) >> shift;
        beyond |= mean > MAX_SAMPLE;
        samples[column] = (uint16_t)least(mean, MAX_SAMPLE);
    }
    return beyond;
}

bool fpxi_reduction_row(const fpxi_reduction_t *reduction, fpxi_pass_t pass, uint16_t row,
                        const uint16_t *samples, uint16_t *frame)
{
    if (!taken(reduction, row)) {
        return false;
    }
    uint32_t place = (uint32_t)(row - reduction->first_row) / reduction->binning;
    uint32_t within = (uint32_t)(row - reduction->first_row) % reduction->binning;
    size_t offset = (size_t)place * reduction->columns;
    const uint16_t *region = samples + reduction->first_column;
    if (reduction->binning == 1u && reduction->average_log2 == 0u) {
        memcpy(frame + offset, region, reduction->columns * sizeof *frame);
        return false;
    }
    uint32_t *sums = reduction->accumulator + offset;
    bool clear = pass.first && within == 0u;
    if (reduction->binning == 1u) {
        add_single(sums, region, reduction->columns, clear);
    } else {
        add_pairs(sums, region, reduction->columns, clear);
    }
    bool whole = pass.last && within == reduction->binning - 1u;
    return whole && finish(reduction, sums, frame + offset);
}
