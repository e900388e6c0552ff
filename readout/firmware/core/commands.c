#include "commands.h"

#include <string.h>

#include "core.h"
#include "version.h"

/* RESEND and RELEASE that may come between a command and its repetition. Sequence numbers come
 * round after 256 packets: an equal one that late is no repetition. */
#define MAX_OTHERS 128u

/* What a command led to: a report type to answer with (0: none, or sent already), and its content. */
typedef struct {
    uint8_t report;
    uint8_t code;       /* of a NACK */
    uint16_t parameter; /* of a VALUE */
    uint32_t number;    /* detail of a NACK, value of an ACK or VALUE */
} outcome_t;

typedef outcome_t (*handler_t)(fpxi_core_t *core, const fpxi_packet_t *packet);

static outcome_t ack(uint32_t value)
{
    return (outcome_t){.report = FPXI_MESSAGE_ACK, .number = value};
}

static outcome_t nack(fpxi_nack_code_t code, uint32_t detail)
{
    return (outcome_t){.report = FPXI_MESSAGE_NACK, .code = (uint8_t)code, .number = detail};
}

static outcome_t value_of(uint16_t parameter, uint32_t value)
{
    return (outcome_t){.report = FPXI_MESSAGE_VALUE, .parameter = parameter, .number = value};
}

static outcome_t no_answer(void)
{
    return (outcome_t){.report = 0};
}

/* --- identity and life ------------------------------------------------------------------------ */

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static fpxi_identity_t identity(const fpxi_core_t *core)
{
    const fpxi_dictionary_t *dictionary = core->config.panel->dictionary;
    fpxi_identity_t message = {
        .magic = {'F', 'P', 'X', 'I'},
        .protocol_major = FPXI_PROTOCOL_MAJOR,
        .protocol_minor = FPXI_PROTOCOL_MINOR,
        .firmware_major = FPXI_FIRMWARE_MAJOR,
        .firmware_minor = FPXI_FIRMWARE_MINOR,
        .firmware_patch = FPXI_FIRMWARE_PATCH,
        .reset_cause = (uint8_t)core->config.reset_cause,
        .fault = core->fault,
        .reset_fault = (uint8_t)core->config.fault_before_reset,
        .dictionary_size = dictionary->size,
    };
    memcpy(message.serial_number, core->config.serial_number, sizeof message.serial_number);
    memcpy(message.schema_hash, dictionary->schema_hash, sizeof message.schema_hash);
    return message;
}

static outcome_t identify(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_identify_t command;
    fpxi_unpack_identify(packet->payload, &command);
    const fpxi_dictionary_t *dictionary = core->config.panel->dictionary;
    uint32_t offset = least(command.offset, dictionary->size);
    uint32_t size = least(least(command.count, FPXI_MAX_PIECE), dictionary->size - offset);
    fpxi_identity_t message = identity(core);
    message.offset = command.offset;
    uint8_t *payload = fpxi_transmitter_payload(&core->transmitter);
    fpxi_pack_identity(&message, payload);
    memcpy(payload + FPXI_IDENTITY_SIZE, dictionary->bytes + offset, size);
    (void)fpxi_transmitter_answer(&core->transmitter, FPXI_MESSAGE_IDENTITY, packet->sequence,
                                  FPXI_IDENTITY_SIZE + size);
    return no_answer();
}

static outcome_t reset(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    (void)packet;
    if (core->sequencer.state != FPXI_STATE_FAULT) {
        fpxi_sequencer_stop(&core->sequencer);
    }
    core->reset_us = fpxi_core_now_us(core) + FPXI_RESET_TIMEOUT_US;
    return ack(0);
}

/* --- parameters ------------------------------------------------------------------------------- */

static uint32_t read_value(const fpxi_core_t *core, size_t place)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    switch (place) {
    case FPXI_PLACE_STATE:
        return core->sequencer.state;
    case FPXI_PLACE_FAULT:
        return core->fault;
    case FPXI_PLACE_TEMPERATURE_MC:
        return (uint32_t)hardware->temperature_mC(hardware->context);
    case FPXI_PLACE_FRAMES_ACQUIRED:
        return core->sequencer.frames_acquired;
    case FPXI_PLACE_FRAMES_SKIPPED:
        return core->sequencer.frames_skipped;
    case FPXI_PLACE_NEXT_FRAME:
        return core->sequencer.next_frame;
    case FPXI_PLACE_RECEIVE_ERRORS:
        return core->receiver.errors;
    case FPXI_PLACE_UPTIME_MS:
        return (uint32_t)(fpxi_core_now_us(core) / 1000u);
    default:
        return core->parameters.values[place];
    }
}

static outcome_t get(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_get_t command;
    fpxi_unpack_get(packet->payload, &command);
    size_t place = fpxi_parameters_find(&core->parameters, command.parameter);
    if (place == FPXI_PARAMETER_COUNT) {
        return nack(FPXI_NACK_CODE_UNKNOWN_PARAMETER, command.parameter);
    }
    return value_of(command.parameter, read_value(core, place));
}

/* A bias set while nothing integrates is set at once, and otherwise before the next exposure. */
static outcome_t set_bias(fpxi_core_t *core, const fpxi_set_t *command)
{
    if (core->fault != FPXI_FAULT_NONE) {
        return nack(FPXI_NACK_CODE_FAULTED, core->fault);
    }
    if (!fpxi_sequencer_busy(&core->sequencer) &&
        fpxi_sequencer_set_bias(&core->sequencer, (int32_t)command->value) < 0) {
        return nack(FPXI_NACK_CODE_BIAS_FAILED, command->parameter);
    }
    core->parameters.values[FPXI_PLACE_BIAS_MV] = command->value;
    return value_of(command->parameter, command->value);
}

static outcome_t set(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_set_t command;
    fpxi_unpack_set(packet->payload, &command);
    fpxi_parameters_t *parameters = &core->parameters;
    size_t place = fpxi_parameters_find(parameters, command.parameter);
    if (place == FPXI_PARAMETER_COUNT) {
        return nack(FPXI_NACK_CODE_UNKNOWN_PARAMETER, command.parameter);
    }
    uint8_t access = parameters->panel->parameters[place].access;
    if (access == FPXI_ACCESS_READ_ONLY) {
        return nack(FPXI_NACK_CODE_READ_ONLY, command.parameter);
    }
    if (access == FPXI_ACCESS_WHEN_IDLE && fpxi_sequencer_acquiring(&core->sequencer)) {
        return nack(FPXI_NACK_CODE_BUSY, core->sequencer.state);
    }
    if (!fpxi_parameters_in_range(parameters, place, command.value)) {
        return nack(FPXI_NACK_CODE_OUT_OF_RANGE, command.parameter);
    }
    if (place == FPXI_PLACE_BIAS_MV) {
        return set_bias(core, &command);
    }
    parameters->values[place] = command.value;
    return value_of(command.parameter, command.value);
}

static outcome_t save(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    (void)packet;
    const fpxi_hardware_t *hardware = &core->config.hardware;
    uint8_t image[FPXI_PARAMETER_IMAGE_SIZE];
    fpxi_parameters_save(&core->parameters, image);
    if (hardware->store(hardware->context, image, sizeof image) < 0) {
        return nack(FPXI_NACK_CODE_STORAGE_FAILED, 0);
    }
    return ack(sizeof image);
}

/* --- frames ----------------------------------------------------------------------------------- */

static outcome_t start(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_start_t command;
    fpxi_unpack_start(packet->payload, &command);
    fpxi_sequencer_t *sequencer = &core->sequencer;
    if (core->fault != FPXI_FAULT_NONE) {
        return nack(FPXI_NACK_CODE_FAULTED, core->fault);
    }
    if (fpxi_sequencer_acquiring(sequencer) || core->reset_us != UINT64_MAX) {
        return nack(FPXI_NACK_CODE_BUSY, sequencer->state);
    }
    fpxi_frame_store_clear(&core->store);
    core->frames_skipped.told = 0;
    fpxi_sequencer_start(sequencer, fpxi_core_now_us(core), command.frames);
    return ack(sequencer->next_frame);
}

static outcome_t stop(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    (void)packet;
    if (fpxi_sequencer_acquiring(&core->sequencer)) {
        fpxi_sequencer_stop(&core->sequencer);
    }
    return ack(core->sequencer.next_frame);
}

static outcome_t software_trigger(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    (void)packet;
    fpxi_sequencer_t *sequencer = &core->sequencer;
    uint32_t mode = core->parameters.values[FPXI_PLACE_TRIGGER_MODE];
    if (core->fault != FPXI_FAULT_NONE) {
        return nack(FPXI_NACK_CODE_FAULTED, core->fault);
    }
    if (!fpxi_sequencer_acquiring(sequencer)) {
        return nack(FPXI_NACK_CODE_NOT_STARTED, sequencer->state);
    }
    if (mode != FPXI_TRIGGER_MODE_SOFTWARE) {
        return nack(FPXI_NACK_CODE_WRONG_TRIGGER_MODE, mode);
    }
    if (sequencer->triggered) {
        return nack(FPXI_NACK_CODE_TRIGGER_PENDING, sequencer->state);
    }
    sequencer->triggered = true;
    return ack(sequencer->next_frame);
}

static outcome_t resend(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_resend_t command;
    fpxi_unpack_resend(packet->payload, &command);
    const fpxi_slot_t *slot = fpxi_frame_store_find(&core->store, command.frame);
    if (slot == NULL) {
        return nack(FPXI_NACK_CODE_FRAME_GONE, command.frame);
    }
    if (command.chunk >= slot->header.chunks && command.chunk != FPXI_HEADER_CHUNK) {
        return nack(FPXI_NACK_CODE_BAD_CHUNK, slot->header.chunks);
    }
    fpxi_resend_request_t request = {command.frame, command.chunk, packet->sequence};
    if (!fpxi_streamer_request(&core->streamer, &request)) {
        return nack(FPXI_NACK_CODE_BUSY, core->sequencer.state);
    }
    return no_answer();
}

/* A frame that is yet to come cannot have arrived: that number is of another life of the device. */
static outcome_t release(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_release_t command;
    fpxi_unpack_release(packet->payload, &command);
    if (fpxi_frame_before(command.frame, core->sequencer.next_frame)) {
        fpxi_frame_store_release(&core->store, command.frame);
    }
    return no_answer();
}

/* --- dispatch --------------------------------------------------------------------------------- */

typedef struct {
    uint8_t type;
    bool once;       /* must not be carried out twice */
    bool interleaved; /* a host sends it without waiting for answers */
    handler_t handle;
} entry_t;

static const entry_t entries[] = {
    {.type = FPXI_MESSAGE_IDENTIFY, .handle = identify},
    {.type = FPXI_MESSAGE_RESET, .once = true, .handle = reset},
    {.type = FPXI_MESSAGE_STOP, .once = true, .handle = stop},
    {.type = FPXI_MESSAGE_GET, .handle = get},
    {.type = FPXI_MESSAGE_SET, .once = true, .handle = set},
    {.type = FPXI_MESSAGE_SAVE, .once = true, .handle = save},
    {.type = FPXI_MESSAGE_START, .once = true, .handle = start},
    {.type = FPXI_MESSAGE_SOFTWARE_TRIGGER, .once = true, .handle = software_trigger},
    {.type = FPXI_MESSAGE_RESEND, .interleaved = true, .handle = resend},
    {.type = FPXI_MESSAGE_RELEASE, .interleaved = true, .handle = release},
};

static const entry_t *find_entry(uint8_t type)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (entries[i].type == type) {
            return &entries[i];
        }
    }
    return NULL;
}

static const fpxi_command_t *find_layout(uint8_t type)
{
    for (size_t i = 0; i < fpxi_command_count; i++) {
        if (fpxi_commands[i].type == type) {
            return &fpxi_commands[i];
        }
    }
    return NULL;
}

/* Fields that an older host does not send yet read as zero; those of a newer one are ignored. */
static outcome_t carry_out(fpxi_core_t *core, const entry_t *entry, const fpxi_packet_t *packet)
{
    const fpxi_command_t *layout = find_layout(packet->type);
    if (entry == NULL || layout == NULL) {
        return nack(FPXI_NACK_CODE_UNKNOWN_COMMAND, packet->type);
    }
    if (packet->size < layout->minimum_size) {
        return nack(FPXI_NACK_CODE_BAD_LENGTH, layout->minimum_size);
    }
    uint8_t payload[FPXI_MAX_COMMAND_PAYLOAD] = {0};
    memcpy(payload, packet->payload, packet->size);
    fpxi_packet_t whole = *packet;
    whole.payload = payload;
    return entry->handle(core, &whole);
}

static size_t pack_answer(const outcome_t *outcome, uint8_t command, uint8_t *payload)
{
    fpxi_ack_t ack_message = {.command = command, .value = outcome->number};
    fpxi_nack_t nack_message = {command, outcome->code, outcome->number};
    fpxi_value_t value_message = {outcome->parameter, outcome->number};
    switch (outcome->report) {
    case FPXI_MESSAGE_ACK:
        fpxi_pack_ack(&ack_message, payload);
        return FPXI_ACK_SIZE;
    case FPXI_MESSAGE_NACK:
        fpxi_pack_nack(&nack_message, payload);
        return FPXI_NACK_SIZE;
    default:
        fpxi_pack_value(&value_message, payload);
        return FPXI_VALUE_SIZE;
    }
}

static void queue_answer(fpxi_core_t *core, uint8_t type, uint8_t sequence, const uint8_t *answer,
                         size_t size)
{
    memcpy(fpxi_transmitter_payload(&core->transmitter), answer, size);
    /* An answer without room is lost like one damaged on the link: the host asks again. */
    (void)fpxi_transmitter_answer(&core->transmitter, type, sequence, size);
}

static bool is_repetition(const fpxi_commands_t *commands, const fpxi_packet_t *packet)
{
    return commands->has_last && commands->last_sequence == packet->sequence &&
           commands->last_crc == packet->crc;
}

static void keep_answer(fpxi_commands_t *commands, const entry_t *entry,
                        const fpxi_packet_t *packet, uint8_t type, const uint8_t *answer, size_t size)
{
    if (entry != NULL && entry->interleaved) {
        commands->others++;
        commands->has_last = commands->has_last && commands->others < MAX_OTHERS;
        return;
    }
    commands->has_last = entry != NULL && entry->once;
    commands->last_sequence = packet->sequence;
    commands->last_crc = packet->crc;
    commands->others = 0;
    commands->answer_type = type;
    commands->answer_size = (uint8_t)size;
    memcpy(commands->answer, answer, size);
}

void fpxi_commands_init(fpxi_commands_t *commands)
{
    memset(commands, 0, sizeof *commands);
}

void fpxi_commands_execute(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_commands_t *commands = &core->commands;
    if (is_repetition(commands, packet)) {
        queue_answer(core, commands->answer_type, packet->sequence, commands->answer,
                     commands->answer_size);
        return;
    }
    const entry_t *entry = find_entry(packet->type);
    outcome_t outcome = carry_out(core, entry, packet);
    uint8_t answer[FPXI_MAX_KEPT_ANSWER] = {0};
    size_t size = outcome.report == 0u ? 0u : pack_answer(&outcome, packet->type, answer);
    if (size > 0u) {
        queue_answer(core, outcome.report, packet->sequence, answer, size);
    }
    keep_answer(commands, entry, packet, outcome.report, answer, size);
}
