#include "core.h"

#include <string.h>

/* Most steps of the sequencer in one poll: from the end of an exposure, through its read-out, to
 * the next exposure, which lasts. */
#define MAX_STEPS 4u

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t fpxi_core_now_us(const fpxi_core_t *core)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    return hardware->now_us(hardware->context) - core->boot_us;
}

static void add_event(fpxi_core_t *core, fpxi_severity_t severity, fpxi_event_code_t code,
                      uint32_t detail)
{
    fpxi_events_add(&core->events, fpxi_core_now_us(core), severity, code, detail);
}

void fpxi_core_fault(fpxi_core_t *core, fpxi_fault_t reason)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    hardware->safe_state(hardware->context);
    fpxi_sequencer_stop(&core->sequencer);
    core->sequencer.state = FPXI_STATE_FAULT;
    core->sequencer.bias_mV = 0;
    core->parameters.values[FPXI_PLACE_BIAS_MV] = 0;
    if (core->fault == FPXI_FAULT_NONE) {
        core->fault = (uint8_t)reason;
        add_event(core, FPXI_SEVERITY_FAULT, FPXI_EVENT_CODE_FAULT, core->fault);
    }
}

/* --- start ------------------------------------------------------------------------------------ */

static bool usable(const fpxi_core_config_t *config)
{
    return config->panel != NULL && config->frame_memory != NULL && config->frame_slots >= 1u &&
           config->frame_slots <= FPXI_MAX_SLOTS && config->reference != NULL &&
           config->transmit_memory != NULL && config->transmit_size >= FPXI_MIN_FRAME_QUEUE_SIZE;
}

static bool erased(const uint8_t *bytes, size_t size)
{
    size_t i = 0;
    while (i < size && bytes[i] == 0xFFu) {
        i++;
    }
    return i == size;
}

static void load_parameters(fpxi_core_t *core)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    uint8_t image[FPXI_PARAMETER_IMAGE_SIZE];
    hardware->storage_read(hardware->context, 0, 0, image, sizeof image);
    fpxi_image_state_t state = erased(image, sizeof image)
                                   ? FPXI_IMAGE_FOREIGN
                                   : fpxi_parameters_load(&core->parameters, image);
    if (state == FPXI_IMAGE_DAMAGED) {
        add_event(core, FPXI_SEVERITY_WARNING, FPXI_EVENT_CODE_PARAMETERS_DEFAULTED, 1);
    } else if (state == FPXI_IMAGE_FOREIGN) {
        add_event(core, FPXI_SEVERITY_INFO, FPXI_EVENT_CODE_PARAMETERS_DEFAULTED, 0);
    }
}

static void init_parts(fpxi_core_t *core)
{
    const fpxi_core_config_t *config = &core->config;
    size_t samples_per_frame = (size_t)config->panel->rows * config->panel->columns;
    fpxi_receiver_init(&core->receiver);
    fpxi_transmitter_init(&core->transmitter, config->transmit_memory, config->transmit_size);
    fpxi_parameters_init(&core->parameters, config->panel);
    fpxi_frame_store_init(&core->store, config->frame_memory, config->frame_slots,
                          config->reference, samples_per_frame);
    fpxi_sequencer_init(&core->sequencer, &config->hardware, &core->parameters, &core->store);
    fpxi_streamer_init(&core->streamer, &core->store, &core->transmitter);
    fpxi_events_init(&core->events);
    fpxi_commands_init(&core->commands);
}

int fpxi_core_init(fpxi_core_t *core, const fpxi_core_config_t *config)
{
    if (!usable(config)) {
        return FPXI_FAILED;
    }
    memset(core, 0, sizeof *core);
    core->config = *config;
    core->boot_us = config->hardware.now_us(config->hardware.context);
    core->reset_us = UINT64_MAX;
    init_parts(core);
    add_event(core, FPXI_SEVERITY_INFO, FPXI_EVENT_CODE_BOOT, (uint32_t)config->reset_cause);
    load_parameters(core);
    if (fpxi_sequencer_set_bias(&core->sequencer, 0) < 0) {
        fpxi_core_fault(core, FPXI_FAULT_BIAS);
    }
    return FPXI_OK;
}

/* --- run -------------------------------------------------------------------------------------- */

void fpxi_core_receive(fpxi_core_t *core, const uint8_t *bytes, size_t count)
{
    fpxi_packet_t packet;
    for (size_t i = 0; i < count; i++) {
        if (fpxi_receiver_push(&core->receiver, bytes[i], &packet)) {
            fpxi_commands_execute(core, &packet);
        }
    }
}

/* Frames go to the link between the steps: what was read out, before a step may want its memory. */
static void run_sequencer(fpxi_core_t *core, uint64_t now_us)
{
    int result = FPXI_STEP_MOVED;
    for (unsigned i = 0; i < MAX_STEPS && result == FPXI_STEP_MOVED; i++) {
        fpxi_streamer_poll(&core->streamer);
        result = fpxi_sequencer_step(&core->sequencer, now_us);
    }
    if (result < 0) {
        fpxi_core_fault(core, (fpxi_fault_t)-result);
    }
    if (core->sequencer.done) {
        core->sequencer.done = false;
        add_event(core, FPXI_SEVERITY_INFO, FPXI_EVENT_CODE_ACQUISITION_DONE,
                  core->sequencer.next_frame - 1u);
    }
}

static void send_event(fpxi_core_t *core, uint64_t now_us)
{
    fpxi_event_t event;
    if (!fpxi_transmitter_answered(&core->transmitter) ||
        !fpxi_events_take(&core->events, now_us, &event)) {
        return;
    }
    fpxi_pack_event(&event, fpxi_transmitter_payload(&core->transmitter));
    (void)fpxi_transmitter_event(&core->transmitter, FPXI_MESSAGE_EVENT, FPXI_EVENT_SIZE);
}

static void tell_counts(fpxi_core_t *core, uint64_t now_us)
{
    fpxi_events_tell_count(&core->events, &core->receive_errors, now_us,
                           FPXI_EVENT_CODE_RECEIVE_ERRORS, core->receiver.errors);
    fpxi_events_tell_count(&core->events, &core->frames_skipped, now_us,
                           FPXI_EVENT_CODE_FRAMES_SKIPPED, core->sequencer.frames_skipped);
}

static void reset_if_due(fpxi_core_t *core, uint64_t now_us)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    bool asked = core->reset_us != UINT64_MAX;
    if (asked && (fpxi_transmitter_answered(&core->transmitter) || now_us >= core->reset_us)) {
        core->reset_us = UINT64_MAX;
        hardware->reset(hardware->context, FPXI_RESET_CAUSE_COMMAND);
    }
}

static uint64_t deadline(const fpxi_core_t *core, uint64_t now_us)
{
    uint64_t next = fpxi_sequencer_deadline(&core->sequencer, now_us);
    next = earliest(next, fpxi_events_count_due(&core->receive_errors, core->receiver.errors));
    next = earliest(next, fpxi_events_count_due(&core->frames_skipped,
                                                core->sequencer.frames_skipped));
    next = earliest(next, core->reset_us);
    return next == UINT64_MAX ? UINT64_MAX : next + core->boot_us;
}

uint64_t fpxi_core_poll(fpxi_core_t *core)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    hardware->kick_watchdog(hardware->context);
    uint64_t now_us = fpxi_core_now_us(core);
    run_sequencer(core, now_us);
    tell_counts(core, now_us);
    reset_if_due(core, now_us);
    send_event(core, now_us);
    return deadline(core, now_us);
}

/* --- output ----------------------------------------------------------------------------------- */

size_t fpxi_core_transmit_peek(fpxi_core_t *core, const uint8_t **bytes)
{
    return fpxi_transmitter_peek(&core->transmitter, bytes);
}

void fpxi_core_transmit_consume(fpxi_core_t *core, size_t count)
{
    fpxi_transmitter_consume(&core->transmitter, count);
}
