#include "core.h"

#include <string.h>

#include "faults.h"

/* Most steps of the sequencer in one poll: from the end of an exposure, through its read-out, to
 * the next exposure, which lasts. */
#define MAX_STEPS 4u

/* How long a poll may put frames into packets, but for the packet at hand: coding a frame takes
 * milliseconds, and rows and the ends of exposures do not wait that long. */
#define STREAM_TIME_US 200u

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t fpxi_core_now_us(const fpxi_core_t *core)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    return hardware->now_us(hardware->context) - core->boot_us;
}

void fpxi_core_add_event(fpxi_core_t *core, fpxi_severity_t severity, fpxi_event_code_t code,
                         uint32_t detail)
{
    fpxi_events_add(&core->events, fpxi_core_now_us(core), severity, code, detail);
}

static bool queue_event(fpxi_transmitter_t *transmitter, const fpxi_event_t *event)
{
    fpxi_pack_event(event, fpxi_transmitter_payload(transmitter));
    return fpxi_transmitter_event(transmitter, FPXI_MESSAGE_EVENT, FPXI_EVENT_SIZE);
}

/* --- start ------------------------------------------------------------------------------------ */

static bool links_usable(const fpxi_core_config_t *config)
{
    bool good = config->links >= 1u && config->links <= FPXI_LINKS;
    for (unsigned i = 0; good && i < config->links; i++) {
        good = config->transmit[i].memory != NULL &&
               config->transmit[i].size >= FPXI_MIN_FRAME_QUEUE_SIZE;
    }
    return good;
}

static bool usable(const fpxi_core_config_t *config)
{
    return config->panel != NULL && config->frame_memory != NULL && config->frame_slots >= 1u &&
           config->frame_slots <= FPXI_MAX_SLOTS && config->reference != NULL &&
           config->readout.accumulator != NULL && config->readout.row_memory != NULL &&
           links_usable(config);
}

static void load_parameters(fpxi_core_t *core)
{
    fpxi_store_state_t state = fpxi_parameter_store_load(&core->config.hardware, &core->parameters);
    if (!state.loaded) {
        fpxi_severity_t severity = state.damaged > 0u ? FPXI_SEVERITY_WARNING : FPXI_SEVERITY_INFO;
        fpxi_core_add_event(core, severity, FPXI_EVENT_CODE_PARAMETERS_DEFAULTED, state.damaged);
    }
}

/* Every host is told of the start, wherever the frames go: packets are numbered anew. */
static void tell_boot(const fpxi_core_t *core, fpxi_transmitter_t *transmitter)
{
    fpxi_event_t event = {
        .timestamp_us = 0,
        .severity = FPXI_SEVERITY_INFO,
        .code = FPXI_EVENT_CODE_BOOT,
        .detail = (uint32_t)core->config.reset_cause,
    };
    (void)queue_event(transmitter, &event); /* there is room */
}

static void tell_last_fault(fpxi_core_t *core)
{
    uint8_t fault = core->config.last_fault.fault;
    if (fault != FPXI_FAULT_NONE) {
        fpxi_core_add_event(core, FPXI_SEVERITY_WARNING, FPXI_EVENT_CODE_LAST_FAULT, fault);
    }
}

static void init_link(fpxi_core_t *core, fpxi_link_t *link, const fpxi_transmit_memory_t *memory)
{
    fpxi_receiver_init(&link->receiver);
    fpxi_transmitter_init(&link->transmitter, memory->memory, memory->size, core->packet);
    fpxi_streamer_init(&link->streamer, &core->store, &link->transmitter);
    fpxi_commands_init(&link->commands);
    tell_boot(core, &link->transmitter);
}

static void init_parts(fpxi_core_t *core)
{
    const fpxi_core_config_t *config = &core->config;
    size_t samples_per_frame = (size_t)config->panel->rows * config->panel->columns;
    fpxi_parameters_init(&core->parameters, config->panel);
    fpxi_frame_store_init(&core->store, config->frame_memory, config->frame_slots,
                          config->reference, samples_per_frame);
    fpxi_bias_init(&core->bias, &config->hardware, &core->parameters);
    fpxi_trigger_init(&core->trigger);
    fpxi_readout_init(&core->readout, &config->hardware, config->panel, &config->readout);
    fpxi_sequencer_parts_t parts = {&config->hardware, &core->parameters, &core->store,
                                    &core->bias,       &core->readout,    core->boot_us};
    fpxi_sequencer_init(&core->sequencer, &parts);
    fpxi_events_init(&core->events);
    for (unsigned i = 0; i < config->links; i++) {
        init_link(core, &core->links[i], &config->transmit[i]);
    }
}

int fpxi_core_init(fpxi_core_t *core, const fpxi_core_config_t *config)
{
    if (!usable(config)) {
        return FPXI_FAILED;
    }
    memset(core, 0, sizeof *core);
    core->config = *config;
    core->boot_us = config->hardware.now_us(config->hardware.context);
    core->config.last_fault = fpxi_fault_before_start(config);
    init_parts(core);
    tell_last_fault(core);
    load_parameters(core);
    if (fpxi_bias_zero(&core->bias) < 0) {
        fpxi_core_fault(core, FPXI_FAULT_BIAS);
    }
    return FPXI_OK;
}

/* --- run -------------------------------------------------------------------------------------- */

void fpxi_core_receive(fpxi_core_t *core, uint8_t link, const uint8_t *bytes, size_t count)
{
    if (link >= core->config.links || core->hung) {
        return;
    }
    fpxi_packet_t packet = {.link = link};
    for (size_t i = 0; i < count; i++) {
        if (fpxi_receiver_push(&core->links[link].receiver, bytes[i], &packet)) {
            core->supervision.last_command_us = fpxi_core_now_us(core);
            core->streaming_link = core->started ? core->streaming_link : link;
            fpxi_commands_execute(core, &packet);
        }
    }
}

uint32_t fpxi_core_receive_errors(const fpxi_core_t *core)
{
    uint32_t errors = 0;
    for (unsigned i = 0; i < core->config.links; i++) {
        errors += core->links[i].receiver.errors;
    }
    return errors;
}

void fpxi_core_stream_to(fpxi_core_t *core, uint8_t link)
{
    if (core->started && link != core->streaming_link) {
        core->links[core->streaming_link].left = true;
    }
    core->links[link].left = false;
    core->streaming_link = link;
    core->started = true;
}

static bool send_one_by_each_link(fpxi_core_t *core)
{
    bool sent = false;
    for (uint8_t i = 0; i < core->config.links; i++) {
        sent |= fpxi_streamer_send(&core->links[i].streamer, i == core->streaming_link);
    }
    return sent;
}

static void stream(fpxi_core_t *core, uint64_t polled_us)
{
    core->behind = true;
    while (core->behind && fpxi_core_now_us(core) - polled_us <= STREAM_TIME_US) {
        core->behind = send_one_by_each_link(core);
    }
}

static uint32_t debounce_us(const fpxi_core_t *core)
{
    return core->parameters.values[FPXI_PLACE_TRIGGER_DEBOUNCE_US];
}

static void serve_trigger(fpxi_core_t *core, uint64_t now_us)
{
    bool external =
        core->parameters.values[FPXI_PLACE_TRIGGER_MODE] == FPXI_TRIGGER_MODE_EXTERNAL;
    if (external && fpxi_sequencer_acquiring(&core->sequencer) &&
        !fpxi_sequencer_trigger(&core->sequencer, now_us)) {
        core->missed_triggers++;
    }
}

void fpxi_core_trigger_input(fpxi_core_t *core, bool high, uint64_t at_us)
{
    uint64_t change_us = at_us - core->boot_us;
    if (fpxi_trigger_change(&core->trigger, high, change_us, debounce_us(core))) {
        serve_trigger(core, fpxi_core_now_us(core));
    }
}

static void step_bias(fpxi_core_t *core, uint64_t now_us)
{
    if (fpxi_bias_step(&core->bias, now_us) < 0) {
        fpxi_core_fault(core, FPXI_FAULT_BIAS);
    }
}

/* Frames go to the link between the steps: what was read out, before a step may want its memory. */
static void run_sequencer(fpxi_core_t *core, uint64_t now_us)
{
    int result = FPXI_STEP_MOVED;
    for (unsigned i = 0; i < MAX_STEPS && result == FPXI_STEP_MOVED; i++) {
        stream(core, now_us);
        result = fpxi_sequencer_step(&core->sequencer, now_us);
    }
    if (result < 0) {
        fpxi_core_fault(core, (fpxi_fault_t)-result);
    }
    if (core->sequencer.done) {
        core->sequencer.done = false;
        fpxi_core_add_event(core, FPXI_SEVERITY_INFO, FPXI_EVENT_CODE_ACQUISITION_DONE,
                            core->sequencer.next_frame - 1u);
    }
}

/* An event leaves its queue only when the last has left the device. */
static void send_event(fpxi_core_t *core, uint64_t now_us)
{
    fpxi_transmitter_t *transmitter = &core->links[core->streaming_link].transmitter;
    fpxi_event_t event;
    if (fpxi_transmitter_answered(transmitter) &&
        fpxi_events_take(&core->events, now_us, &event)) {
        (void)queue_event(transmitter, &event);
    }
}

/* Tells the hosts of links that frames and events left for another. */
static void tell_left(fpxi_core_t *core, uint64_t now_us)
{
    for (unsigned i = 0; i < core->config.links; i++) {
        fpxi_link_t *link = &core->links[i];
        fpxi_event_t event = {
            .timestamp_us = now_us,
            .severity = FPXI_SEVERITY_WARNING,
            .code = FPXI_EVENT_CODE_STREAM_LEFT,
            .detail = core->sequencer.next_frame,
        };
        if (link->left && fpxi_transmitter_answered(&link->transmitter)) {
            link->left = !queue_event(&link->transmitter, &event);
        }
    }
}

static void tell_counts(fpxi_core_t *core, uint64_t now_us)
{
    fpxi_events_tell_count(&core->events, &core->receive_errors, now_us,
                           FPXI_EVENT_CODE_RECEIVE_ERRORS, fpxi_core_receive_errors(core));
    fpxi_events_tell_count(&core->events, &core->frames_skipped, now_us,
                           FPXI_EVENT_CODE_FRAMES_SKIPPED, core->sequencer.frames_skipped);
    fpxi_events_tell_count(&core->events, &core->triggers_missed, now_us,
                           FPXI_EVENT_CODE_TRIGGERS_MISSED, core->missed_triggers);
}

static uint64_t deadline(const fpxi_core_t *core, uint64_t now_us)
{
    uint64_t next = fpxi_sequencer_deadline(&core->sequencer, now_us);
    next = earliest(next, fpxi_events_count_due(&core->receive_errors,
                                                fpxi_core_receive_errors(core)));
    next = earliest(next, fpxi_events_count_due(&core->frames_skipped,
                                                core->sequencer.frames_skipped));
    next = earliest(next, fpxi_events_count_due(&core->triggers_missed, core->missed_triggers));
    next = earliest(next, fpxi_bias_deadline(&core->bias));
    next = earliest(next, fpxi_trigger_deadline(&core->trigger, debounce_us(core)));
    next = earliest(next, fpxi_restart_deadline(core));
    next = earliest(next, fpxi_supervision_deadline(core));
    next = core->behind ? now_us : next;
    next = next > now_us ? next : now_us + 1u; /* what a late poll has not caught up with yet */
    return next == UINT64_MAX ? UINT64_MAX : next + core->boot_us;
}

/* False only by a flaw of the firmware, or where memory lost a bit. */
static bool sound(fpxi_core_t *core)
{
    return FPXI_ASSERT(core, core->sequencer.state <= FPXI_STATE_FAULT) &&
           FPXI_ASSERT(core, core->streaming_link < core->config.links) &&
           FPXI_ASSERT(core, core->events.count <= FPXI_EVENT_QUEUE_LENGTH);
}

uint64_t fpxi_core_poll(fpxi_core_t *core)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    if (core->hung || !sound(core)) {
        return UINT64_MAX;
    }
    hardware->kick_watchdog(hardware->context);
    uint64_t now_us = fpxi_core_now_us(core);
    fpxi_supervision_poll(core, now_us);
    step_bias(core, now_us);
    if (fpxi_trigger_poll(&core->trigger, now_us, debounce_us(core))) {
        serve_trigger(core, now_us);
    }
    run_sequencer(core, now_us);
    tell_counts(core, now_us);
    fpxi_restart_poll(core, now_us);
    tell_left(core, now_us);
    send_event(core, now_us);
    return deadline(core, now_us);
}

/* --- output ----------------------------------------------------------------------------------- */

size_t fpxi_core_transmit_peek(fpxi_core_t *core, uint8_t link, const uint8_t **bytes)
{
    if (link >= core->config.links || core->hung) {
        return 0;
    }
    return fpxi_transmitter_peek(&core->links[link].transmitter, bytes);
}

void fpxi_core_transmit_consume(fpxi_core_t *core, uint8_t link, size_t count)
{
    if (link < core->config.links) {
        fpxi_transmitter_consume(&core->links[link].transmitter, count);
    }
}
