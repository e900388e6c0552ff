/* What holds for a frame from its first exposure on, whatever is set while it lasts. */

#ifndef FPXI_FRAME_PLAN_H
#define FPXI_FRAME_PLAN_H

#include "frame_store.h"
#include "hardware.h"
#include "parameters.h"
#include "reduction.h"

/* Fills in what the settings say of the next frame, and leaves the rest of its header zero. */
void fpxi_frame_plan(fpxi_slot_t *slot, const fpxi_parameters_t *parameters,
                     const fpxi_reduction_t *reduction);

/* How the exposures of a planned frame are taken. */
fpxi_exposure_t fpxi_frame_exposure(const fpxi_slot_t *slot, uint32_t trigger_mode);

#endif
