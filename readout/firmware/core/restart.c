#include "restart.h"

#include "faults.h"

void fpxi_restart_ask(fpxi_core_t *core, fpxi_restart_kind_t kind, uint8_t link)
{
    if (core->sequencer.state != FPXI_STATE_FAULT) {
        fpxi_sequencer_stop(&core->sequencer);
    }
    core->restart.kind = (uint8_t)kind;
    core->restart.link = link;
    core->restart.latest_us = fpxi_core_now_us(core) + FPXI_RESTART_TIMEOUT_US;
}

bool fpxi_restart_asked(const fpxi_core_t *core)
{
    return core->restart.kind != FPXI_RESTART_NONE;
}

uint64_t fpxi_restart_deadline(const fpxi_core_t *core)
{
    return fpxi_restart_asked(core) ? core->restart.latest_us : UINT64_MAX;
}

static void restart(fpxi_core_t *core, uint8_t kind)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    switch (kind) {
    case FPXI_RESTART_BOOTLOADER:
        hardware->safe_state(hardware->context);
        hardware->enter_bootloader(hardware->context);
        break;
    case FPXI_RESTART_BY_ASSERTION:
        (void)FPXI_ASSERT(core, kind != FPXI_RESTART_BY_ASSERTION);
        break;
    case FPXI_RESTART_BY_WATCHDOG:
        core->hung = true;
        break;
    default:
        hardware->reset(hardware->context, FPXI_RESET_CAUSE_COMMAND);
        break;
    }
}

void fpxi_restart_poll(fpxi_core_t *core, uint64_t now_us)
{
    const fpxi_transmitter_t *transmitter = &core->links[core->restart.link].transmitter;
    bool due = fpxi_transmitter_answered(transmitter) || now_us >= core->restart.latest_us;
    if (fpxi_restart_asked(core) && due) {
        uint8_t kind = core->restart.kind;
        core->restart.kind = FPXI_RESTART_NONE;
        restart(core, kind);
    }
}
