/* From the rows of the panel to those of a frame: region, binning, averaging. */

#ifndef FPXI_REDUCTION_H
#define FPXI_REDUCTION_H

#include "parameters.h"

typedef struct {
    const fpxi_panel_description_t *panel;
    uint32_t *accumulator; /* rows times columns */
    uint16_t first_row;    /* of the region, on the panel */
    uint16_t first_column;
    uint16_t rows; /* of a frame */
    uint16_t columns;
    uint8_t binning; /* panel rows, and columns, to one sample */
    uint8_t average_log2;
} fpxi_reduction_t;

/* Place of an exposure among those averaged in a frame. */
typedef struct {
    bool first;
    bool last;
} fpxi_pass_t;

void fpxi_reduction_init(fpxi_reduction_t *reduction, const fpxi_panel_description_t *panel,
                         uint32_t *accumulator);

/* Takes the settings. 0, or the id of the parameter that leaves nothing of the panel. */
uint16_t fpxi_reduction_configure(fpxi_reduction_t *reduction, const fpxi_parameters_t *parameters);

/* Whether an imaging pixel that the frame takes from this row of the panel is at full scale. */
bool fpxi_reduction_saturated(const fpxi_reduction_t *reduction, uint16_t row,
                              const uint16_t *samples);

/* Takes a row of the panel into a frame. Whether a sum ended beyond the largest sample. */
bool fpxi_reduction_row(const fpxi_reduction_t *reduction, fpxi_pass_t pass, uint16_t row,
                        const uint16_t *samples, uint16_t *frame);

#endif
