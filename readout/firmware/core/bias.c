#include "bias.h"

#define UV_PER_MV 1000u

void fpxi_bias_init(fpxi_bias_t *bias, const fpxi_hardware_t *hardware,
                    const fpxi_parameters_t *parameters)
{
    bias->hardware = hardware;
    bias->parameters = parameters;
    bias->next_us = 0;
    fpxi_bias_forget(bias);
}

void fpxi_bias_forget(fpxi_bias_t *bias)
{
    bias->target_mV = 0;
    bias->actual_mV = 0;
    bias->carry_uV = 0;
}

int fpxi_bias_zero(fpxi_bias_t *bias)
{
    fpxi_bias_forget(bias);
    return bias->hardware->set_bias(bias->hardware->context, 0);
}

bool fpxi_bias_ramping(const fpxi_bias_t *bias)
{
    return bias->actual_mV != bias->target_mV;
}

uint64_t fpxi_bias_deadline(const fpxi_bias_t *bias)
{
    return fpxi_bias_ramping(bias) ? bias->next_us : UINT64_MAX;
}

int fpxi_bias_go(fpxi_bias_t *bias, int32_t target_mV, uint64_t now_us)
{
    int32_t old_mV = bias->target_mV;
    if (!fpxi_bias_ramping(bias) && bias->next_us < now_us) {
        bias->next_us = now_us;
    }
    bias->target_mV = target_mV;
    int result = fpxi_bias_step(bias, now_us);
    if (result < 0) {
        bias->target_mV = old_mV;
    }
    return result;
}

/* The least significant steps would be lost to rounding: what is left of a millivolt is carried. */
static uint32_t take_step_mV(fpxi_bias_t *bias, uint32_t limit_mV)
{
    uint32_t slope_mV_s = bias->parameters->values[FPXI_PLACE_BIAS_RAMP_MV_S];
    uint32_t change_uV = bias->carry_uV + slope_mV_s; /* 1 mV/s is 1 uV in a millisecond */
    if (change_uV >= limit_mV * UV_PER_MV) {
        bias->carry_uV = 0;
        return limit_mV;
    }
    bias->carry_uV = change_uV % UV_PER_MV;
    return change_uV / UV_PER_MV;
}

int fpxi_bias_step(fpxi_bias_t *bias, uint64_t now_us)
{
    if (now_us < fpxi_bias_deadline(bias)) {
        return FPXI_OK;
    }
    bool up = bias->target_mV > bias->actual_mV;
    uint32_t distance_mV = up ? (uint32_t)(bias->target_mV - bias->actual_mV)
                              : (uint32_t)(bias->actual_mV - bias->target_mV);
    int32_t step_mV = (int32_t)take_step_mV(bias, distance_mV);
    int32_t wanted_mV = up ? bias->actual_mV + step_mV : bias->actual_mV - step_mV;
    bias->next_us += FPXI_BIAS_STEP_US;
    bias->next_us = bias->next_us > now_us ? bias->next_us : now_us + FPXI_BIAS_STEP_US;
    if (wanted_mV == bias->actual_mV) {
        return FPXI_OK;
    }
    int result = bias->hardware->set_bias(bias->hardware->context, wanted_mV);
    if (result == FPXI_OK) {
        bias->actual_mV = wanted_mV;
    }
    return result;
}
