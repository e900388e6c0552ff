#include "supervision.h"

#include "core.h"

static bool host_needed(const fpxi_core_t *core)
{
    bool bias_on = core->parameters.values[FPXI_PLACE_BIAS_MV] != 0u || core->bias.actual_mV != 0;
    return bias_on || fpxi_sequencer_acquiring(&core->sequencer);
}

uint64_t fpxi_supervision_deadline(const fpxi_core_t *core)
{
    uint32_t timeout_ms = core->parameters.values[FPXI_PLACE_HEARTBEAT_TIMEOUT_MS];
    if (timeout_ms == 0u || !host_needed(core)) {
        return UINT64_MAX;
    }
    return core->supervision.last_command_us + timeout_ms * UINT64_C(1000);
}

static void watch_battery(fpxi_core_t *core, uint64_t now_us)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    fpxi_supervision_t *supervision = &core->supervision;
    if (now_us < supervision->battery_us) {
        return;
    }
    supervision->battery_us = now_us + FPXI_BATTERY_INTERVAL_US;
    uint32_t battery_mV = hardware->battery_mV(hardware->context);
    if (battery_mV > FPXI_BATTERY_GOOD_MV) {
        supervision->battery_low = false;
    } else if (battery_mV != 0u && battery_mV < FPXI_BATTERY_LOW_MV && !supervision->battery_low) {
        supervision->battery_low = true;
        fpxi_core_add_event(core, FPXI_SEVERITY_WARNING, FPXI_EVENT_CODE_BATTERY_LOW, battery_mV);
    }
}

void fpxi_supervision_poll(fpxi_core_t *core, uint64_t now_us)
{
    if (now_us >= fpxi_supervision_deadline(core)) {
        fpxi_core_fault(core, FPXI_FAULT_HEARTBEAT);
    }
    watch_battery(core, now_us);
}
