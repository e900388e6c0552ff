/* Drives a whole device with whatever the fuzzer thinks of: raw bytes, well-made packets with any
 * content, time, a link that takes any amount, hardware that fails. Every packet that comes out must
 * be whole. Built and run by run_firmware_fuzzer.py. */

#include <stdlib.h>
#include <string.h>

#include "core/cobs.h"
#include "core/core.h"
#include "core/crc32.h"
#include "panels/panels.h"

#define SLOTS 2u
#define PANEL 2u
#define MAX_STEPS 512u
#define TRANSMIT_SIZE (FPXI_MIN_FRAME_QUEUE_SIZE + 1500u)

typedef struct {
    const uint8_t *bytes;
    size_t size;
} input_t;

typedef struct {
    uint64_t now_us;
    uint64_t readout_us;
    bool failing;
    bool reset_asked;
    bool kicked; /* the watchdog, in the last poll */
    uint8_t reset_cause;
    fpxi_fault_note_t note;
    uint8_t storage[FPXI_STORAGE_SLOTS][FPXI_STORAGE_SLOT_SIZE];
} board_t;

typedef struct {
    fpxi_cobs_decoder_t decoder;
    uint8_t packet[FPXI_PACKET_SIZE(FPXI_MAX_PAYLOAD)];
    bool cut; /* the packet at hand may have been cut by a reset */
} output_t;

typedef struct {
    board_t board;
    fpxi_core_t *core;
    fpxi_core_config_t config;
    output_t outputs[FPXI_LINKS];
    uint8_t link; /* that the next bytes go to or come from */
} world_t;

/* --- input ------------------------------------------------------------------------------------ */

static uint32_t take(input_t *input, size_t size)
{
    uint32_t value = 0;
    for (size_t i = 0; i < size && input->size > 0u; i++) {
        value = value << 8 | *input->bytes++;
        input->size--;
    }
    return value;
}

static size_t take_bytes(input_t *input, const uint8_t **bytes, size_t wanted)
{
    size_t size = wanted < input->size ? wanted : input->size;
    *bytes = input->bytes;
    input->bytes += size;
    input->size -= size;
    return size;
}

/* --- hardware --------------------------------------------------------------------------------- */

static uint64_t now_us(void *context)
{
    return ((board_t *)context)->now_us;
}

static int result(void *context)
{
    return ((board_t *)context)->failing ? FPXI_FAILED : FPXI_OK;
}

static int set_bias(void *context, int32_t bias_mV)
{
    (void)bias_mV;
    return result(context);
}

static int begin_exposure(void *context, const fpxi_exposure_t *exposure, uint64_t *began_us)
{
    (void)exposure;
    *began_us = now_us(context);
    return result(context);
}

static int begin_readout(void *context, const fpxi_exposure_t *next, uint64_t *began_us)
{
    board_t *board = context;
    (void)next;
    *began_us = board->now_us;
    board->readout_us = board->now_us;
    return FPXI_OK;
}

static int read_row(void *context, uint16_t row, uint16_t *samples)
{
    const board_t *board = context;
    const fpxi_panel_description_t *panel = fpxi_panel_by_id(PANEL);
    if (board->now_us < board->readout_us + (row + 1u) * panel->line_time_us) {
        return FPXI_AGAIN;
    }
    for (unsigned i = 0; i < panel->columns; i++) {
        samples[i] = (uint16_t)(row * i);
    }
    return result(context);
}

static int32_t temperature_mC(void *context)
{
    (void)context;
    return 20000;
}

static uint32_t battery_mV(void *context)
{
    (void)context;
    return 3700;
}

static void storage_read(void *context, uint8_t slot, uint32_t offset, void *bytes, size_t size)
{
    const board_t *board = context;
    memcpy(bytes, board->storage[slot] + offset, size);
}

static int storage_erase(void *context, uint8_t slot)
{
    board_t *board = context;
    memset(board->storage[slot], 0xFF, FPXI_STORAGE_SLOT_SIZE);
    return result(context);
}

static int storage_program(void *context, uint8_t slot, uint32_t offset, uint32_t word)
{
    board_t *board = context;
    memcpy(board->storage[slot] + offset, &word, sizeof word);
    return result(context);
}

static void note_fault(void *context, const fpxi_fault_note_t *note)
{
    ((board_t *)context)->note = *note;
}

static fpxi_test_outcome_note_t self_test(void *context, uint8_t test)
{
    (void)context;
    return (fpxi_test_outcome_note_t){.outcome = (uint8_t)(test % 3u)};
}

static void nothing(void *context)
{
    (void)context;
}

static void kick_watchdog(void *context)
{
    ((board_t *)context)->kicked = true;
}

static void reset(void *context, uint8_t cause)
{
    board_t *board = context;
    board->reset_asked = true;
    board->reset_cause = cause;
}

static void enter_bootloader(void *context)
{
    reset(context, FPXI_RESET_CAUSE_COMMAND);
}

/* --- output ----------------------------------------------------------------------------------- */

static void check_packet(const output_t *output)
{
    const fpxi_cobs_decoder_t *decoder = &output->decoder;
    if (decoder->block == 0u) {
        return;
    }
    bool whole = fpxi_cobs_decoder_complete(decoder) && decoder->size >= FPXI_PACKET_SIZE(0u);
    size_t checked = whole ? decoder->size - FPXI_PACKET_CRC : 0u;
    uint32_t crc = fpxi_crc32(0, decoder->bytes, checked);
    for (unsigned i = 0; whole && i < FPXI_PACKET_CRC; i++) {
        whole = decoder->bytes[checked + i] == (uint8_t)(crc >> (8u * i));
    }
    if (!whole && !output->cut) {
        abort();
    }
}

static void take_output(world_t *world, size_t wanted)
{
    output_t *output = &world->outputs[world->link];
    const uint8_t *bytes;
    size_t count = fpxi_core_transmit_peek(world->core, world->link, &bytes);
    count = count < wanted ? count : wanted;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != 0u) {
            fpxi_cobs_decoder_push(&output->decoder, bytes[i]);
            continue;
        }
        check_packet(output);
        fpxi_cobs_decoder_restart(&output->decoder);
        output->cut = false;
    }
    fpxi_core_transmit_consume(world->core, world->link, count);
}

/* --- the world -------------------------------------------------------------------------------- */

static void start(world_t *world, fpxi_reset_cause_t cause)
{
    world->config.reset_cause = cause;
    world->config.last_fault = world->board.note;
    world->board.reset_asked = false;
    for (unsigned i = 0; i < FPXI_LINKS; i++) {
        world->outputs[i].cut = true;
    }
    if (fpxi_core_init(world->core, &world->config) != FPXI_OK) {
        abort();
    }
}

static uint64_t poll(world_t *world)
{
    world->board.kicked = false;
    uint64_t deadline = fpxi_core_poll(world->core);
    if (deadline <= world->board.now_us) {
        abort();
    }
    if (world->board.reset_asked) {
        start(world, (fpxi_reset_cause_t)world->board.reset_cause);
    } else if (!world->board.kicked) {
        start(world, FPXI_RESET_CAUSE_WATCHDOG);
    }
    return deadline;
}

static void receive(world_t *world, const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count + 1u); /* exactly as long as it says */
    memcpy(copy, bytes, count);
    fpxi_core_receive(world->core, world->link, copy, count);
    free(copy);
}

static void receive_packet(world_t *world, uint8_t *packet, size_t size)
{
    uint8_t stuffed[FPXI_PACKET_STUFFED_SIZE(255u)];
    uint32_t crc = fpxi_crc32(0, packet, FPXI_PACKET_HEAD + size);
    for (unsigned i = 0; i < FPXI_PACKET_CRC; i++) {
        packet[FPXI_PACKET_HEAD + size + i] = (uint8_t)(crc >> (8u * i));
    }
    size_t stuffed_size = fpxi_cobs_encode(packet, FPXI_PACKET_SIZE(size), stuffed);
    stuffed[stuffed_size] = 0;
    receive(world, stuffed, stuffed_size + 1u);
}

/* Any type, any payload. */
static void receive_any_packet(world_t *world, input_t *input)
{
    uint8_t packet[FPXI_PACKET_SIZE(255u)];
    const uint8_t *payload;
    packet[0] = (uint8_t)take(input, 1);
    packet[1] = (uint8_t)take(input, 1);
    size_t size = take_bytes(input, &payload, take(input, 1));
    memcpy(packet + FPXI_PACKET_HEAD, payload, size);
    receive_packet(world, packet, size);
}

/* A command of the protocol whose numbers are small: the way to frames, and to what they can do. */
static void receive_command(world_t *world, input_t *input)
{
    uint8_t packet[FPXI_PACKET_SIZE(255u)] = {0};
    uint8_t *payload = packet + FPXI_PACKET_HEAD;
    const fpxi_command_t *command = &fpxi_commands[take(input, 1) % fpxi_command_count];
    packet[0] = command->type;
    packet[1] = (uint8_t)take(input, 1);
    payload[0] = (uint8_t)take(input, 1);
    payload[command->type == FPXI_MESSAGE_SET ? 2 : 4] = (uint8_t)take(input, 1);
    receive_packet(world, packet, command->size);
}

static void step(world_t *world, input_t *input)
{
    const uint8_t *bytes;
    uint64_t deadline;
    size_t count;
    switch (take(input, 1) % 9u) {
    case 0:
        count = take_bytes(input, &bytes, take(input, 1));
        receive(world, bytes, count);
        break;
    case 1:
        receive_any_packet(world, input);
        break;
    case 2:
    case 3:
        receive_command(world, input);
        break;
    case 4:
        world->board.now_us += (uint64_t)take(input, 2) << take(input, 1) % 24u;
        poll(world);
        break;
    case 5:
        deadline = poll(world);
        world->board.now_us = deadline == UINT64_MAX ? world->board.now_us : deadline;
        poll(world);
        break;
    case 6:
        take_output(world, take(input, 2));
        poll(world);
        break;
    case 7:
        fpxi_core_trigger_input(world->core, take(input, 1) % 2u == 0u, world->board.now_us);
        break;
    default:
        count = take(input, 1);
        world->board.failing = count % 16u == 1u;
        if (count % 16u == 2u) {
            start(world, (fpxi_reset_cause_t)(count / 16u % 4u));
        }
        if (count % 16u == 3u) {
            fpxi_core_fault(world->core, FPXI_FAULT_INTERNAL);
        }
        if (count % 16u == 4u) {
            world->link = 1u - world->link;
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fpxi_panel_description_t *panel = fpxi_panel_by_id(PANEL);
    size_t samples = (size_t)panel->rows * panel->columns;
    static world_t world; /* zeroed below: a stack of its size would hide nothing */
    memset(&world, 0, sizeof world);
    world.core = calloc(1, sizeof *world.core);
    world.config = (fpxi_core_config_t){
        .hardware = {&world.board, now_us, set_bias, begin_exposure, begin_readout, read_row,
                     nothing, temperature_mC, battery_mV, storage_read, storage_erase, storage_program,
                     note_fault, self_test, nothing, kick_watchdog, reset, enter_bootloader},
        .panel = panel,
        .frame_memory = malloc(SLOTS * samples * sizeof(uint16_t)),
        .reference = malloc(samples * sizeof(uint16_t)),
        .readout = {.row_memory = malloc(panel->columns * sizeof(uint16_t)),
                    .accumulator = malloc(samples * sizeof(uint32_t))},
        .frame_slots = SLOTS,
        .transmit = {{malloc(TRANSMIT_SIZE), TRANSMIT_SIZE}, {malloc(TRANSMIT_SIZE), TRANSMIT_SIZE}},
        .links = FPXI_LINKS,
    };
    for (unsigned i = 0; i < FPXI_LINKS; i++) {
        output_t *output = &world.outputs[i];
        fpxi_cobs_decoder_init(&output->decoder, output->packet, sizeof output->packet);
    }
    start(&world, FPXI_RESET_CAUSE_POWER_ON);
    input_t input = {data, size};
    for (unsigned i = 0; i < MAX_STEPS && input.size > 0u; i++) {
        step(&world, &input);
    }
    free(world.config.frame_memory);
    free(world.config.reference);
    free(world.config.readout.accumulator);
    free(world.config.readout.row_memory);
    for (unsigned i = 0; i < FPXI_LINKS; i++) {
        free(world.config.transmit[i].memory);
    }
    free(world.core);
    return 0;
}
