#include "transmitter.h"

#include <string.h>

#include "crc32.h"
#include "little_endian.h"

_Static_assert(FPXI_PACKET_STUFFED_SIZE(FPXI_IDENTITY_SIZE + FPXI_MAX_PIECE) <=
                   FPXI_CONTROL_QUEUE_SIZE,
               "the largest answer must fit its queue");

void fpxi_transmitter_init(fpxi_transmitter_t *transmitter, uint8_t *memory, size_t capacity,
                           uint8_t *packet)
{
    fpxi_byte_queue_init(&transmitter->control, transmitter->control_memory,
                         sizeof transmitter->control_memory);
    fpxi_byte_queue_init(&transmitter->frames, memory, capacity);
    transmitter->packet = packet;
    transmitter->sending = &transmitter->control;
    transmitter->last_byte = 0;
    transmitter->sequence = 0;
    uint8_t *terminator = fpxi_byte_queue_reserve(&transmitter->control, 1);
    *terminator = 0;
    fpxi_byte_queue_commit(&transmitter->control, 1);
}

uint8_t *fpxi_transmitter_payload(fpxi_transmitter_t *transmitter)
{
    return transmitter->packet + FPXI_PACKET_HEAD;
}

static bool queue_packet(fpxi_transmitter_t *transmitter, fpxi_byte_queue_t *queue, uint8_t type,
                         uint8_t sequence, size_t size)
{
    uint8_t *stuffed = fpxi_byte_queue_reserve(queue, FPXI_PACKET_STUFFED_SIZE(size));
    if (stuffed == NULL) {
        return false;
    }
    uint8_t *packet = transmitter->packet;
    packet[0] = type;
    packet[1] = sequence;
    fpxi_put_u32(packet + FPXI_PACKET_HEAD + size,
                 fpxi_crc32(0, packet, FPXI_PACKET_HEAD + size));
    size_t stuffed_size = fpxi_cobs_encode(packet, FPXI_PACKET_SIZE(size), stuffed);
    stuffed[stuffed_size] = 0;
    fpxi_byte_queue_commit(queue, stuffed_size + 1u);
    return true;
}

static bool queue_unasked(fpxi_transmitter_t *transmitter, fpxi_byte_queue_t *queue, uint8_t type,
                          size_t size)
{
    bool queued = queue_packet(transmitter, queue, type, transmitter->sequence, size);
    if (queued) {
        transmitter->sequence++;
    }
    return queued;
}

bool fpxi_transmitter_answer(fpxi_transmitter_t *transmitter, uint8_t type, uint8_t sequence,
                             size_t size)
{
    return queue_packet(transmitter, &transmitter->control, type, sequence, size);
}

bool fpxi_transmitter_event(fpxi_transmitter_t *transmitter, uint8_t type, size_t size)
{
    return queue_unasked(transmitter, &transmitter->control, type, size);
}

bool fpxi_transmitter_frame_data(fpxi_transmitter_t *transmitter, uint8_t type, size_t size)
{
    return queue_unasked(transmitter, &transmitter->frames, type, size);
}

bool fpxi_transmitter_has_room(fpxi_transmitter_t *transmitter)
{
    return fpxi_byte_queue_reserve(&transmitter->frames, FPXI_MIN_FRAME_QUEUE_SIZE) != NULL;
}

bool fpxi_transmitter_answered(const fpxi_transmitter_t *transmitter)
{
    return fpxi_byte_queue_empty(&transmitter->control);
}

static size_t through_terminator(const uint8_t *bytes, size_t count)
{
    const uint8_t *terminator = memchr(bytes, 0, count);
    return terminator == NULL ? count : (size_t)(terminator - bytes) + 1u;
}

size_t fpxi_transmitter_peek(fpxi_transmitter_t *transmitter, const uint8_t **bytes)
{
    bool answers = !fpxi_byte_queue_empty(&transmitter->control);
    if (transmitter->last_byte == 0u) {
        transmitter->sending = answers ? &transmitter->control : &transmitter->frames;
    }
    size_t count = fpxi_byte_queue_peek(transmitter->sending, bytes);
    bool overtaken = answers && transmitter->sending == &transmitter->frames;
    return overtaken ? through_terminator(*bytes, count) : count;
}

void fpxi_transmitter_consume(fpxi_transmitter_t *transmitter, size_t count)
{
    const uint8_t *bytes;
    if (count == 0u || count > fpxi_byte_queue_peek(transmitter->sending, &bytes)) {
        return;
    }
    transmitter->last_byte = bytes[count - 1u];
    fpxi_byte_queue_consume(transmitter->sending, count);
}

