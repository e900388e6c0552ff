#include "commands.h"

#include <string.h>

#include "handlers.h"

/* RESEND and RELEASE that may come between a command and its repetition. Sequence numbers come
 * round after 256 packets: an equal one that late is no repetition. */
#define MAX_OTHERS 128u

_Static_assert(FPXI_ACK_SIZE <= FPXI_MAX_KEPT_ANSWER && FPXI_NACK_SIZE <= FPXI_MAX_KEPT_ANSWER &&
                   FPXI_VALUE_SIZE <= FPXI_MAX_KEPT_ANSWER &&
                   FPXI_TEST_RESULT_SIZE <= FPXI_MAX_KEPT_ANSWER,
               "every answer must fit where it is kept");

typedef fpxi_outcome_t (*handler_t)(fpxi_core_t *core, const fpxi_packet_t *packet);

typedef struct {
    uint8_t type;
    bool once;        /* must not be carried out twice */
    bool interleaved; /* a host sends it without waiting for answers */
    handler_t handle;
} entry_t;

static const entry_t entries[] = {
    {.type = FPXI_MESSAGE_IDENTIFY, .handle = fpxi_handle_identify},
    {.type = FPXI_MESSAGE_RESET, .once = true, .handle = fpxi_handle_reset},
    {.type = FPXI_MESSAGE_STOP, .once = true, .handle = fpxi_handle_stop},
    {.type = FPXI_MESSAGE_BOOTLOADER, .once = true, .handle = fpxi_handle_bootloader},
    {.type = FPXI_MESSAGE_LAST_FAULT, .handle = fpxi_handle_last_fault},
    {.type = FPXI_MESSAGE_SELF_TEST, .once = true, .handle = fpxi_handle_self_test},
    {.type = FPXI_MESSAGE_GET, .handle = fpxi_handle_get},
    {.type = FPXI_MESSAGE_SET, .once = true, .handle = fpxi_handle_set},
    {.type = FPXI_MESSAGE_SAVE, .once = true, .handle = fpxi_handle_save},
    {.type = FPXI_MESSAGE_START, .once = true, .handle = fpxi_handle_start},
    {.type = FPXI_MESSAGE_SOFTWARE_TRIGGER, .once = true, .handle = fpxi_handle_software_trigger},
    {.type = FPXI_MESSAGE_RESEND, .interleaved = true, .handle = fpxi_handle_resend},
    {.type = FPXI_MESSAGE_RELEASE, .interleaved = true, .handle = fpxi_handle_release},
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
static fpxi_outcome_t carry_out(fpxi_core_t *core, const entry_t *entry, const fpxi_packet_t *packet)
{
    const fpxi_command_t *layout = find_layout(packet->type);
    if (entry == NULL || layout == NULL) {
        return fpxi_nack(FPXI_NACK_CODE_UNKNOWN_COMMAND, packet->type);
    }
    if (packet->size < layout->minimum_size) {
        return fpxi_nack(FPXI_NACK_CODE_BAD_LENGTH, layout->minimum_size);
    }
    uint8_t payload[FPXI_MAX_COMMAND_PAYLOAD] = {0};
    memcpy(payload, packet->payload, packet->size);
    fpxi_packet_t whole = *packet;
    whole.payload = payload;
    return entry->handle(core, &whole);
}

static size_t pack_answer(const fpxi_outcome_t *outcome, uint8_t command, uint8_t *payload)
{
    fpxi_ack_t ack_message = {.command = command, .value = outcome->number};
    fpxi_nack_t nack_message = {
        .command = command, .code = outcome->code, .detail = outcome->number};
    fpxi_value_t value_message = {.parameter = outcome->parameter, .value = outcome->number};
    switch (outcome->report) {
    case FPXI_MESSAGE_ACK:
        fpxi_pack_ack(&ack_message, payload);
        return FPXI_ACK_SIZE;
    case FPXI_MESSAGE_NACK:
        fpxi_pack_nack(&nack_message, payload);
        return FPXI_NACK_SIZE;
    case FPXI_MESSAGE_TEST_RESULT:
        fpxi_pack_test_result(&outcome->test, payload);
        return FPXI_TEST_RESULT_SIZE;
    default:
        fpxi_pack_value(&value_message, payload);
        return FPXI_VALUE_SIZE;
    }
}

static void queue_answer(fpxi_transmitter_t *transmitter, uint8_t type, uint8_t sequence,
                         const uint8_t *answer, size_t size)
{
    memcpy(fpxi_transmitter_payload(transmitter), answer, size);
    /* An answer without room is lost like one damaged on the link: the host asks again. */
    (void)fpxi_transmitter_answer(transmitter, type, sequence, size);
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
    fpxi_commands_t *commands = &core->links[packet->link].commands;
    fpxi_transmitter_t *transmitter = &core->links[packet->link].transmitter;
    if (is_repetition(commands, packet)) {
        queue_answer(transmitter, commands->answer_type, packet->sequence, commands->answer,
                     commands->answer_size);
        return;
    }
    const entry_t *entry = find_entry(packet->type);
    fpxi_outcome_t outcome = carry_out(core, entry, packet);
    uint8_t answer[FPXI_MAX_KEPT_ANSWER] = {0};
    size_t size = outcome.report == 0u ? 0u : pack_answer(&outcome, packet->type, answer);
    if (size > 0u) {
        queue_answer(transmitter, outcome.report, packet->sequence, answer, size);
    }
    keep_answer(commands, entry, packet, outcome.report, answer, size);
}
