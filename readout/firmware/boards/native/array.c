#include "array.h"

#include "../../core/oversampling.h"
#include "device.h"

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint32_t readout_time_us(const device_t *device)
{
    return fpxi_readout_us(&device->core.readout, device->exposure.oversampling);
}

static void request_beam(const device_t *device)
{
    uint64_t from_us = device->start_us + readout_time_us(device);
    device->hooks.expose_request(device->hooks.context, from_us,
                                 from_us + device->exposure.exposure_us);
}

void fpxi_native_abandon(void *context)
{
    device_t *device = context;
    device->free_us = device->now_us;
    device->hooks.expose_request(device->hooks.context, 0, 0);
}

int fpxi_native_begin_exposure(void *context, const fpxi_exposure_t *exposure, uint64_t *began_us)
{
    device_t *device = context;
    device->start_us = later(device->now_us, device->free_us);
    device->exposure = *exposure;
    *began_us = device->start_us;
    if (exposure->request_beam) {
        request_beam(device);
    }
    return FPXI_OK;
}

int fpxi_native_begin_readout(void *context, const fpxi_exposure_t *next, uint64_t *began_us)
{
    device_t *device = context;
    const fpxi_exposure_t *taken = &device->exposure;
    fpxi_native_exposure_t exposure = {
        .start_us = device->start_us,
        .integration_us = taken->exposure_us + (taken->request_beam ? readout_time_us(device) : 0u),
        .beam_us = taken->exposure_us,
        .bias_mV = device->bias_mV,
        .gain_setting = taken->gain_setting,
        .cds = taken->cds ? 1u : 0u,
        .oversampling = taken->oversampling,
    };
    device->passes = taken->oversampling;
    device->readout_us = device->now_us;
    device->free_us = device->now_us + readout_time_us(device);
    *began_us = device->now_us;
    if (next != NULL) {
        device->start_us = device->now_us;
        device->exposure = *next;
    }
    return device->hooks.expose(device->hooks.context, &exposure, device->conversions);
}

int fpxi_native_read_row(void *context, uint16_t row, uint16_t *samples)
{
    const device_t *device = context;
    const fpxi_panel_description_t *panel = device->config.panel;
    uint32_t lines = (row + 1u + panel->extra_lines) * device->passes;
    if (device->now_us < device->readout_us + (uint64_t)lines * panel->line_time_us) {
        return FPXI_AGAIN;
    }
    fpxi_oversampling_mean(device->conversions + (size_t)row * panel->columns,
                           (size_t)panel->rows * panel->columns, device->passes, samples,
                           panel->columns);
    return FPXI_OK;
}
