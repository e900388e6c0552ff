/* Commands that look after the device: restarts, saved parameters, faults, self-tests. */

#include <string.h>

#include "handlers.h"
#include "self_test.h"

fpxi_outcome_t fpxi_handle_reset(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_restart_ask(core, FPXI_RESTART_FIRMWARE, packet->link);
    return fpxi_ack(0);
}

/* The boot loader listens at the first link alone: asked for by another, it would leave the host
 * without a device. */
fpxi_outcome_t fpxi_handle_bootloader(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    if (core->config.hardware.enter_bootloader == NULL || packet->link != 0u) {
        return fpxi_nack(FPXI_NACK_CODE_NOT_SUPPORTED, 0);
    }
    fpxi_restart_ask(core, FPXI_RESTART_BOOTLOADER, packet->link);
    return fpxi_ack(0);
}

/* Writing non-volatile memory may stop the processor for as long as an exposure. */
fpxi_outcome_t fpxi_handle_save(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    (void)packet;
    if (fpxi_sequencer_acquiring(&core->sequencer)) {
        return fpxi_nack(FPXI_NACK_CODE_BUSY, core->sequencer.state);
    }
    if (fpxi_parameter_store_save(&core->config.hardware, &core->parameters) < 0) {
        return fpxi_nack(FPXI_NACK_CODE_STORAGE_FAILED, 0);
    }
    return fpxi_ack(FPXI_STORE_RECORD_SIZE);
}

fpxi_outcome_t fpxi_handle_last_fault(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    const fpxi_fault_note_t *note = &core->config.last_fault;
    fpxi_fault_record_t message = {
        .fault = note->fault,
        .line = note->line,
        .uptime_ms = note->uptime_ms,
    };
    fpxi_transmitter_t *transmitter = &core->links[packet->link].transmitter;
    uint8_t *payload = fpxi_transmitter_payload(transmitter);
    fpxi_pack_fault_record(&message, payload);
    size_t size = FPXI_FAULT_RECORD_SIZE;
    for (size_t i = 0; i < FPXI_FAULT_FILE_SIZE && note->file[i] != '\0'; i++) {
        payload[size++] = (uint8_t)note->file[i];
    }
    (void)fpxi_transmitter_answer(transmitter, FPXI_MESSAGE_FAULT_RECORD, packet->sequence, size);
    return fpxi_no_answer();
}

fpxi_outcome_t fpxi_handle_self_test(fpxi_core_t *core, const fpxi_packet_t *packet)
{
    fpxi_self_test_t command;
    fpxi_unpack_self_test(packet->payload, &command);
    if (fpxi_sequencer_acquiring(&core->sequencer) || fpxi_restart_asked(core)) {
        return fpxi_nack(FPXI_NACK_CODE_BUSY, core->sequencer.state);
    }
    fpxi_test_outcome_note_t note = fpxi_self_test(core, command.test, packet->link);
    return (fpxi_outcome_t){
        .report = FPXI_MESSAGE_TEST_RESULT,
        .test = {.test = command.test,
                 .outcome = note.outcome,
                 .expected = note.expected,
                 .measured = note.measured},
    };
}
