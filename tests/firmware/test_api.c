/* Inner parts of the firmware, and a core on hardware that a test plays, for tests through ctypes. */

#include <string.h>

#include "../../readout/firmware/boards/native/fpxi_native.h"
#include "../../readout/firmware/core/cobs.h"
#include "../../readout/firmware/core/core.h"
#include "../../readout/firmware/core/crc32.h"
#include "../../readout/firmware/core/encoding.h"
#include "../../readout/firmware/core/memory_test.h"
#include "../../readout/firmware/panels/panels.h"

#define TEST_SLOTS 2u

/* A self-test that a test plays: writes the outcome of a test. */
typedef void (*self_test_t)(uint8_t test, fpxi_test_outcome_note_t *outcome);

FPXI_EXPORT uint32_t fpxi_test_crc32(uint32_t crc, const uint8_t *bytes, size_t count);
FPXI_EXPORT size_t fpxi_test_cobs_encode(const uint8_t *bytes, size_t count, uint8_t *stuffed);
FPXI_EXPORT int64_t fpxi_test_cobs_decode(const uint8_t *stuffed, size_t count, uint8_t *bytes,
                                          size_t capacity);
FPXI_EXPORT size_t fpxi_test_encode(uint8_t *encoding, const fpxi_aec_settings_t *settings,
                                    const uint16_t *samples, const uint16_t *reference, size_t rows,
                                    size_t columns, uint8_t *bytes);
FPXI_EXPORT size_t fpxi_test_aec(const fpxi_aec_settings_t *settings, const uint16_t *samples,
                                 const uint16_t *reference, size_t count, uint8_t *bytes,
                                 size_t capacity);
FPXI_EXPORT size_t fpxi_test_queue_size(void);
FPXI_EXPORT void fpxi_test_queue_init(void *queue, uint8_t *memory, size_t capacity);
FPXI_EXPORT int fpxi_test_queue_add(void *queue, const uint8_t *bytes, size_t room, size_t count);
FPXI_EXPORT size_t fpxi_test_queue_take(void *queue, uint8_t *bytes, size_t capacity);
FPXI_EXPORT size_t fpxi_test_core_size(void);
FPXI_EXPORT size_t fpxi_test_memory(uint16_t *memory, size_t count);
FPXI_EXPORT int fpxi_test_core_init(void *memory, const fpxi_hardware_t *hardware, self_test_t test,
                                    uint8_t slots, size_t transmit_size, uint8_t cause,
                                    const fpxi_fault_note_t *last_fault);
FPXI_EXPORT void fpxi_test_core_set_state(void *memory, uint8_t state);
FPXI_EXPORT void fpxi_test_core_receive(void *memory, uint8_t link, const uint8_t *bytes,
                                       size_t count);
FPXI_EXPORT uint64_t fpxi_test_core_poll(void *memory);
FPXI_EXPORT size_t fpxi_test_core_transmit(void *memory, uint8_t link, uint8_t *bytes, size_t capacity);
FPXI_EXPORT void fpxi_test_core_fault(void *memory, int reason);
FPXI_EXPORT void fpxi_test_core_set_next_frame(void *memory, uint32_t frame);

uint32_t fpxi_test_crc32(uint32_t crc, const uint8_t *bytes, size_t count)
{
    return fpxi_crc32(crc, bytes, count);
}

size_t fpxi_test_cobs_encode(const uint8_t *bytes, size_t count, uint8_t *stuffed)
{
    return fpxi_cobs_encode(bytes, count, stuffed);
}

/* Size of the packet; -1 where the stuffing is bad or the packet does not fit. */
int64_t fpxi_test_cobs_decode(const uint8_t *stuffed, size_t count, uint8_t *bytes, size_t capacity)
{
    fpxi_cobs_decoder_t decoder;
    fpxi_cobs_decoder_init(&decoder, bytes, capacity);
    for (size_t i = 0; i < count; i++) {
        fpxi_cobs_decoder_push(&decoder, stuffed[i]);
    }
    return fpxi_cobs_decoder_complete(&decoder) ? (int64_t)decoder.size : -1;
}

size_t fpxi_test_encode(uint8_t *encoding, const fpxi_aec_settings_t *settings,
                        const uint16_t *samples, const uint16_t *reference, size_t rows,
                        size_t columns, uint8_t *bytes)
{
    fpxi_packing_t wanted = {.encoding = *encoding, .aec = *settings, .reference = reference};
    fpxi_encoded_t encoded = fpxi_encode(&wanted, samples, rows, columns, bytes);
    *encoding = encoded.encoding;
    return encoded.size;
}

size_t fpxi_test_aec(const fpxi_aec_settings_t *settings, const uint16_t *samples,
                     const uint16_t *reference, size_t count, uint8_t *bytes, size_t capacity)
{
    return fpxi_aec_encode(settings, samples, reference, count, bytes, capacity);
}

size_t fpxi_test_queue_size(void)
{
    return sizeof(fpxi_byte_queue_t);
}

void fpxi_test_queue_init(void *queue, uint8_t *memory, size_t capacity)
{
    fpxi_byte_queue_init(queue, memory, capacity);
}

/* Reserves room, writes and commits count bytes; 0 where there is no room. */
int fpxi_test_queue_add(void *queue, const uint8_t *bytes, size_t room, size_t count)
{
    uint8_t *place = fpxi_byte_queue_reserve(queue, room);
    if (place == NULL) {
        return 0;
    }
    memcpy(place, bytes, count);
    fpxi_byte_queue_commit(queue, count);
    return 1;
}

size_t fpxi_test_queue_take(void *queue, uint8_t *bytes, size_t capacity)
{
    const uint8_t *source;
    size_t count = fpxi_byte_queue_peek(queue, &source);
    count = count < capacity ? count : capacity;
    memcpy(bytes, source, count);
    fpxi_byte_queue_consume(queue, count);
    return count;
}

/* Number of the first bad word; count where all are good. */
size_t fpxi_test_memory(uint16_t *memory, size_t count)
{
    const volatile uint16_t *bad = fpxi_memory_test(memory, count);
    return bad == NULL ? count : (size_t)(bad - memory);
}

typedef struct {
    fpxi_core_t core;
    self_test_t self_test;
    uint16_t frames[TEST_SLOTS * FPXI_STM32F405_PANEL];
    uint16_t reference[FPXI_STM32F405_PANEL];
    uint32_t accumulator[FPXI_STM32F405_PANEL];
    uint16_t row_memory[FPXI_STM32F405_ROW];
    uint8_t transmit_memory[FPXI_LINKS][2u * FPXI_MIN_FRAME_QUEUE_SIZE];
} device_t;

size_t fpxi_test_core_size(void)
{
    return sizeof(device_t);
}

static fpxi_test_outcome_note_t self_test(void *context, uint8_t test)
{
    const device_t *device = context;
    fpxi_test_outcome_note_t outcome = {0};
    device->self_test(test, &outcome);
    return outcome;
}

int fpxi_test_core_init(void *memory, const fpxi_hardware_t *hardware, self_test_t test,
                        uint8_t slots, size_t transmit_size, uint8_t cause,
                        const fpxi_fault_note_t *last_fault)
{
    device_t *device = memory;
    size_t size = transmit_size == 0u ? sizeof device->transmit_memory[0] : transmit_size;
    fpxi_core_config_t config = {
        .hardware = *hardware,
        .panel = fpxi_panel_by_id(2),
        .frame_memory = device->frames,
        .reference = device->reference,
        .readout = {device->row_memory, device->accumulator, 0},
        .frame_slots = slots,
        .transmit = {{device->transmit_memory[0], size}, {device->transmit_memory[1], size}},
        .links = FPXI_LINKS,
        .reset_cause = (fpxi_reset_cause_t)cause,
        .last_fault = *last_fault,
    };
    device->self_test = test;
    config.hardware.context = device; /* the other hooks of a test need none */
    config.hardware.self_test = self_test;
    return fpxi_core_init(&device->core, &config);
}

void fpxi_test_core_receive(void *memory, uint8_t link, const uint8_t *bytes, size_t count)
{
    device_t *device = memory;
    fpxi_core_receive(&device->core, link, bytes, count);
}

uint64_t fpxi_test_core_poll(void *memory)
{
    device_t *device = memory;
    return fpxi_core_poll(&device->core);
}

size_t fpxi_test_core_transmit(void *memory, uint8_t link, uint8_t *bytes, size_t capacity)
{
    device_t *device = memory;
    const uint8_t *source;
    size_t count = fpxi_core_transmit_peek(&device->core, link, &source);
    count = count < capacity ? count : capacity;
    memcpy(bytes, source, count);
    fpxi_core_transmit_consume(&device->core, link, count);
    return count;
}

void fpxi_test_core_fault(void *memory, int reason)
{
    device_t *device = memory;
    fpxi_core_fault(&device->core, (fpxi_fault_t)reason);
}

void fpxi_test_core_set_next_frame(void *memory, uint32_t frame)
{
    device_t *device = memory;
    device->core.sequencer.next_frame = frame;
}

void fpxi_test_core_set_state(void *memory, uint8_t state)
{
    device_t *device = memory;
    device->core.sequencer.state = state;
}
