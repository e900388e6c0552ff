/* Packets out: answers and events before frame data, each queued whole or not at all. */

#ifndef FPXI_TRANSMITTER_H
#define FPXI_TRANSMITTER_H

#include "byte_queue.h"
#include "packet.h"

/* Most dictionary bytes in one IDENTITY. */
#define FPXI_MAX_PIECE 1024u
#define FPXI_CONTROL_QUEUE_SIZE 2560u
/* The least memory for frame data: the largest packet. Twice that keeps a link busy. */
#define FPXI_MIN_FRAME_QUEUE_SIZE FPXI_PACKET_STUFFED_SIZE(FPXI_MAX_PAYLOAD)

typedef struct {
    fpxi_byte_queue_t control; /* answers and events */
    fpxi_byte_queue_t frames;
    fpxi_byte_queue_t *sending; /* whose bytes were taken last */
    uint8_t last_byte;          /* taken: a zero ended a packet */
    uint8_t sequence;           /* of the next unasked packet */
    uint8_t *packet;            /* being put together */
    uint8_t control_memory[FPXI_CONTROL_QUEUE_SIZE];
} fpxi_transmitter_t;

/* The largest packet, before it is stuffed. */
#define FPXI_PACKET_MEMORY_SIZE FPXI_PACKET_SIZE(FPXI_MAX_PAYLOAD)

/* Begins with a terminator, so that what an earlier run left unfinished spoils none of ours. packet:
 * FPXI_PACKET_MEMORY_SIZE bytes; transmitters may share them, since each packet is put together and
 * queued in one go. */
void fpxi_transmitter_init(fpxi_transmitter_t *transmitter, uint8_t *memory, size_t capacity,
                           uint8_t *packet);

/* Where the payload of the next packet is to be written (FPXI_MAX_PAYLOAD bytes). Holds until any
 * transmitter that shares the memory queues a packet. */
uint8_t *fpxi_transmitter_payload(fpxi_transmitter_t *transmitter);

/* Queue the packet whose payload was written; false where there is no room. */
bool fpxi_transmitter_answer(fpxi_transmitter_t *transmitter, uint8_t type, uint8_t sequence,
                             size_t size);
bool fpxi_transmitter_event(fpxi_transmitter_t *transmitter, uint8_t type, size_t size);
bool fpxi_transmitter_frame_data(fpxi_transmitter_t *transmitter, uint8_t type, size_t size);

/* Whether frame data with any payload can be queued. */
bool fpxi_transmitter_has_room(fpxi_transmitter_t *transmitter);

/* Whether every answer and event has been taken. */
bool fpxi_transmitter_answered(const fpxi_transmitter_t *transmitter);

/* The bytes to send next. They stay in place until consumed. */
size_t fpxi_transmitter_peek(fpxi_transmitter_t *transmitter, const uint8_t **bytes);
void fpxi_transmitter_consume(fpxi_transmitter_t *transmitter, size_t count);

#endif
