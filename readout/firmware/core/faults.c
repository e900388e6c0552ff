#include "faults.h"

#include <string.h>

static void go_safe(fpxi_core_t *core)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    hardware->safe_state(hardware->context);
    fpxi_sequencer_stop(&core->sequencer);
    core->sequencer.state = FPXI_STATE_FAULT;
    fpxi_bias_forget(&core->bias);
    core->parameters.values[FPXI_PLACE_BIAS_MV] = 0;
}

static void latch(fpxi_core_t *core, const fpxi_fault_note_t *note)
{
    if (core->fault == FPXI_FAULT_NONE) {
        core->fault = note->fault;
        fpxi_core_add_event(core, FPXI_SEVERITY_FAULT, FPXI_EVENT_CODE_FAULT, note->fault);
    }
}

static fpxi_fault_note_t note_now(const fpxi_core_t *core, fpxi_fault_t fault)
{
    return (fpxi_fault_note_t){
        .fault = (uint8_t)fault,
        .uptime_ms = (uint32_t)(fpxi_core_now_us(core) / 1000u),
    };
}

void fpxi_core_fault(fpxi_core_t *core, fpxi_fault_t reason)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    fpxi_fault_note_t note = note_now(core, reason);
    go_safe(core);
    if (core->fault == FPXI_FAULT_NONE) {
        hardware->note_fault(hardware->context, &note);
    }
    latch(core, &note);
}

/* Compilers give the path that they were given; its last part names the file. */
static const char *file_name(const char *path)
{
    const char *name = path;
    for (const char *c = path; *c != '\0'; c++) {
        name = *c == '/' || *c == '\\' ? c + 1 : name;
    }
    return name;
}

void fpxi_core_assertion_failed(fpxi_core_t *core, const char *file, uint32_t line)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    const char *name = file_name(file);
    fpxi_fault_note_t note = note_now(core, FPXI_FAULT_ASSERTION);
    note.line = line;
    for (size_t i = 0; i < FPXI_FAULT_FILE_SIZE - 1u && name[i] != '\0'; i++) {
        note.file[i] = name[i];
    }
    go_safe(core);
    hardware->note_fault(hardware->context, &note);
    latch(core, &note);
    hardware->reset(hardware->context, FPXI_RESET_CAUSE_FAULT);
}

fpxi_fault_note_t fpxi_fault_before_start(const fpxi_core_config_t *config)
{
    fpxi_fault_note_t note = config->last_fault;
    if (note.fault == FPXI_FAULT_NONE) {
        memset(&note, 0, sizeof note);
        note.fault = config->reset_cause == FPXI_RESET_CAUSE_WATCHDOG ? FPXI_FAULT_WATCHDOG
                                                                      : FPXI_FAULT_NONE;
    }
    note.file[FPXI_FAULT_FILE_SIZE - 1u] = '\0';
    return note;
}
