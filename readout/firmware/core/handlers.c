#include "handlers.h"

#include <string.h>

#include "version.h"

fpxi_outcome_t fpxi_ack(uint32_t value)
{
    return (fpxi_outcome_t){.report = FPXI_MESSAGE_ACK, .number = value};
}

fpxi_outcome_t fpxi_nack(fpxi_nack_code_t code, uint32_t detail)
{
    return (fpxi_outcome_t){.report = FPXI_MESSAGE_NACK, .code = (uint8_t)code, .number = detail};
}

static fpxi_outcome_t value_of(uint16_t parameter, uint32_t value)
{
    return (fpxi_outcome_t){.report = FPXI_MESSAGE_VALUE, .parameter = parameter, .number = value};
}

fpxi_outcome_t fpxi_no_answer(void)
{
    return (fpxi_outcome_t){.report = 0};
}

/* --- identity --------------------------------------------------------------------------------- */

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
        .reset_fault = core->config.last_fault.fault,
        .dictionary_size = dictionary->size,
    };
    memcpy(message.serial_number, core->config.serial_number, sizeof message.serial_number);
    memcpy(message.schema_hash, dictionary->schema_hash, sizeof message.schema_hash);
    return message;
}

fpxi_outcome_t fpxi_handle_identify(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_identify_t command;
    fpxi_unpack_identify(packet->payload, &command);
    const fpxi_dictionary_t *dictionary = core->config.panel->dictionary;
    uint32_t offset = least(command.offset, dictionary->size);
    uint32_t size = least(least(command.count, FPXI_MAX_PIECE), dictionary->size - offset);
    fpxi_identity_t message = identity(core);
    message.offset = command.offset;
    fpxi_transmitter_t *transmitter = &core->links[packet->link].transmitter;
    uint8_t *payload = fpxi_transmitter_payload(transmitter);
    fpxi_pack_identity(&message, payload);
    memcpy(payload + FPXI_IDENTITY_SIZE, dictionary->bytes + offset, size);
    (void)fpxi_transmitter_answer(transmitter, FPXI_MESSAGE_IDENTITY, packet->sequence,
                                  FPXI_IDENTITY_SIZE + size);
    return fpxi_no_answer();
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
        return fpxi_core_receive_errors(core);
    case FPXI_PLACE_BIAS_ACTUAL_MV:
        return (uint32_t)core->bias.actual_mV;
    case FPXI_PLACE_BATTERY_MV:
        return hardware->battery_mV(hardware->context);
    case FPXI_PLACE_READOUT_US:
        return fpxi_readout_us(&core->readout, core->parameters.values[FPXI_PLACE_OVERSAMPLING]);
    case FPXI_PLACE_UPTIME_MS:
        return (uint32_t)(fpxi_core_now_us(core) / 1000u);
    default:
        return core->parameters.values[place];
    }
}

fpxi_outcome_t fpxi_handle_get(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_get_t command;
    fpxi_unpack_get(packet->payload, &command);
    size_t place = fpxi_parameters_find(&core->parameters, command.parameter);
    if (place == FPXI_PARAMETER_COUNT) {
        return fpxi_nack(FPXI_NACK_CODE_UNKNOWN_PARAMETER, command.parameter);
    }
    return value_of(command.parameter, read_value(core, place));
}

/* Whether the panel can read in the time that it exposes, were a parameter set to a value. */
static bool exposure_suits(const fpxi_core_t *core, size_t place, uint32_t value)
{
    const uint32_t *values = core->parameters.values;
    uint32_t exposure_us = place == FPXI_PLACE_EXPOSURE_US ? value : values[FPXI_PLACE_EXPOSURE_US];
    uint32_t oversampling = place == FPXI_PLACE_OVERSAMPLING ? value
                                                             : values[FPXI_PLACE_OVERSAMPLING];
    bool concerned = place == FPXI_PLACE_EXPOSURE_US || place == FPXI_PLACE_OVERSAMPLING;
    return !concerned || fpxi_sequencer_can_expose(&core->sequencer, exposure_us, oversampling);
}

/* A bias set while nothing integrates begins to change at once, and otherwise before the next exposure. */
static fpxi_outcome_t set_bias(fpxi_core_t *core, const fpxi_set_t *command)
{
    if (core->fault != FPXI_FAULT_NONE) {
        return fpxi_nack(FPXI_NACK_CODE_FAULTED, core->fault);
    }
    if (fpxi_sequencer_between_frames(&core->sequencer) &&
        fpxi_bias_go(&core->bias, (int32_t)command->value, fpxi_core_now_us(core)) < 0) {
        return fpxi_nack(FPXI_NACK_CODE_BIAS_FAILED, command->parameter);
    }
    core->parameters.values[FPXI_PLACE_BIAS_MV] = command->value;
    return value_of(command->parameter, command->value);
}

fpxi_outcome_t fpxi_handle_set(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_set_t command;
    fpxi_unpack_set(packet->payload, &command);
    fpxi_parameters_t *parameters = &core->parameters;
    size_t place = fpxi_parameters_find(parameters, command.parameter);
    if (place == FPXI_PARAMETER_COUNT) {
        return fpxi_nack(FPXI_NACK_CODE_UNKNOWN_PARAMETER, command.parameter);
    }
    uint8_t access = parameters->panel->parameters[place].access;
    if (access == FPXI_ACCESS_READ_ONLY) {
        return fpxi_nack(FPXI_NACK_CODE_READ_ONLY, command.parameter);
    }
    if (access == FPXI_ACCESS_WHEN_IDLE && fpxi_sequencer_acquiring(&core->sequencer)) {
        return fpxi_nack(FPXI_NACK_CODE_BUSY, core->sequencer.state);
    }
    if (!fpxi_parameters_in_range(parameters, place, command.value)) {
        return fpxi_nack(FPXI_NACK_CODE_OUT_OF_RANGE, command.parameter);
    }
    if (!exposure_suits(core, place, command.value)) {
        return fpxi_nack(FPXI_NACK_CODE_OUT_OF_RANGE, FPXI_PARAMETER_EXPOSURE_US);
    }
    if (place == FPXI_PLACE_BIAS_MV) {
        return set_bias(core, &command);
    }
    parameters->values[place] = command.value;
    return value_of(command.parameter, command.value);
}

/* --- frames ----------------------------------------------------------------------------------- */

fpxi_outcome_t fpxi_handle_start(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_start_t command;
    fpxi_unpack_start(packet->payload, &command);
    fpxi_sequencer_t *sequencer = &core->sequencer;
    if (core->fault != FPXI_FAULT_NONE) {
        return fpxi_nack(FPXI_NACK_CODE_FAULTED, core->fault);
    }
    if (fpxi_sequencer_acquiring(sequencer) || fpxi_restart_asked(core)) {
        return fpxi_nack(FPXI_NACK_CODE_BUSY, sequencer->state);
    }
    uint16_t wrong = fpxi_sequencer_start(sequencer, fpxi_core_now_us(core), command.frames);
    if (wrong != 0u) {
        bool exposure = wrong == FPXI_PARAMETER_EXPOSURE_US;
        return fpxi_nack(exposure ? FPXI_NACK_CODE_OUT_OF_RANGE : FPXI_NACK_CODE_BAD_REGION, wrong);
    }
    fpxi_frame_store_clear(&core->store);
    core->frames_skipped.told = 0;
    fpxi_core_stream_to(core, packet->link);
    core->triggers_missed.told = 0;
    core->missed_triggers = 0;
    return fpxi_ack(sequencer->next_frame);
}

fpxi_outcome_t fpxi_handle_stop(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    (void)packet;
    if (fpxi_sequencer_acquiring(&core->sequencer)) {
        fpxi_sequencer_stop(&core->sequencer);
    }
    return fpxi_ack(core->sequencer.next_frame);
}

fpxi_outcome_t fpxi_handle_software_trigger(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    (void)packet;
    fpxi_sequencer_t *sequencer = &core->sequencer;
    uint32_t mode = core->parameters.values[FPXI_PLACE_TRIGGER_MODE];
    if (core->fault != FPXI_FAULT_NONE) {
        return fpxi_nack(FPXI_NACK_CODE_FAULTED, core->fault);
    }
    if (!fpxi_sequencer_acquiring(sequencer)) {
        return fpxi_nack(FPXI_NACK_CODE_NOT_STARTED, sequencer->state);
    }
    if (mode != FPXI_TRIGGER_MODE_SOFTWARE && mode != FPXI_TRIGGER_MODE_RESET_EXPOSE_READ) {
        return fpxi_nack(FPXI_NACK_CODE_WRONG_TRIGGER_MODE, mode);
    }
    if (!fpxi_sequencer_trigger(sequencer, fpxi_core_now_us(core))) {
        return fpxi_nack(FPXI_NACK_CODE_TRIGGER_PENDING, sequencer->state);
    }
    return fpxi_ack(sequencer->next_frame);
}

fpxi_outcome_t fpxi_handle_resend(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_resend_t command;
    fpxi_unpack_resend(packet->payload, &command);
    const fpxi_slot_t *slot = fpxi_frame_store_find(&core->store, command.frame);
    if (slot == NULL) {
        return fpxi_nack(FPXI_NACK_CODE_FRAME_GONE, command.frame);
    }
    if (command.chunk >= slot->header.chunks && command.chunk != FPXI_HEADER_CHUNK) {
        return fpxi_nack(FPXI_NACK_CODE_BAD_CHUNK, slot->header.chunks);
    }
    fpxi_resend_request_t request = {
        .frame = command.frame, .chunk = command.chunk, .sequence = packet->sequence};
    if (!fpxi_streamer_request(&core->links[packet->link].streamer, &request)) {
        return fpxi_nack(FPXI_NACK_CODE_BUSY, core->sequencer.state);
    }
    return fpxi_no_answer();
}

/* A frame that is yet to come cannot have arrived: that number is of another life of the device. */
fpxi_outcome_t fpxi_handle_release(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_release_t command;
    fpxi_unpack_release(packet->payload, &command);
    if (fpxi_frame_before(command.frame, core->sequencer.next_frame)) {
        fpxi_frame_store_release(&core->store, command.frame);
    }
    return fpxi_no_answer();
}
