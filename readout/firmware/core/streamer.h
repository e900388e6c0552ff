/* Held frames into the packets of one link, as its transmit queue has room; chunks asked for again
 * come first. */

#ifndef FPXI_STREAMER_H
#define FPXI_STREAMER_H

#include "frame_store.h"
#include "transmitter.h"

#define FPXI_MAX_RESENDS 64u
#define FPXI_HEADER_CHUNK 0xFFFFu /* asks for the frame header */

typedef struct {
    uint32_t frame;
    uint16_t chunk;
    uint8_t sequence; /* of the command */
} fpxi_resend_request_t;

typedef struct {
    fpxi_frame_store_t *store;
    fpxi_transmitter_t *transmitter;
    fpxi_resend_request_t requests[FPXI_MAX_RESENDS];
    uint8_t first;
    uint8_t count;
} fpxi_streamer_t;

void fpxi_streamer_init(fpxi_streamer_t *streamer, fpxi_frame_store_t *store,
                        fpxi_transmitter_t *transmitter);

/* Remembers a chunk of a held frame to be sent again; false where too many are waiting. */
bool fpxi_streamer_request(fpxi_streamer_t *streamer, const fpxi_resend_request_t *request);

/* Queues one packet where there is room and something to send: what was asked for again or, where
 * the frames go to this link, what has not been sent yet. Whether it did. */
bool fpxi_streamer_send(fpxi_streamer_t *streamer, bool streaming);

#endif
