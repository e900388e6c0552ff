/* The bias on its way to its set-point: in steps of a millisecond, never steeper than
 * bias_ramp_mV_s. */

#ifndef FPXI_BIAS_H
#define FPXI_BIAS_H

#include "hardware.h"
#include "parameters.h"

#define FPXI_BIAS_STEP_US 1000u

typedef struct {
    const fpxi_hardware_t *hardware;
    const fpxi_parameters_t *parameters;
    uint64_t next_us; /* earliest time of the next step */
    int32_t target_mV;
    int32_t actual_mV; /* what the supply is told */
    uint32_t carry_uV; /* what the last steps fell short of the slope */
} fpxi_bias_t;

void fpxi_bias_init(fpxi_bias_t *bias, const fpxi_hardware_t *hardware,
                    const fpxi_parameters_t *parameters);

/* Sets zero at once. FPXI_OK, or negative where the supply refuses. */
int fpxi_bias_zero(fpxi_bias_t *bias);

/* Begins to go to a set-point; its first step is done at once where the last is long enough ago.
 * FPXI_OK; negative where the supply refuses that step, and the old set-point stays. */
int fpxi_bias_go(fpxi_bias_t *bias, int32_t target_mV, uint64_t now_us);

/* Does a step where one is due; those that a late poll missed are not made up for: the bias does not
 * leap. FPXI_OK, or negative where the supply refuses. */
int fpxi_bias_step(fpxi_bias_t *bias, uint64_t now_us);

/* Takes notice that the hardware switched the bias off. */
void fpxi_bias_forget(fpxi_bias_t *bias);

bool fpxi_bias_ramping(const fpxi_bias_t *bias);

/* When the next step is due; UINT64_MAX at the set-point. */
uint64_t fpxi_bias_deadline(const fpxi_bias_t *bias);

#endif
