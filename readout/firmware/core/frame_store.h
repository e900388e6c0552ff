/* Frames kept until the host has them: slots of memory that the board gives. */

#ifndef FPXI_FRAME_STORE_H
#define FPXI_FRAME_STORE_H

#include "protocol_generated.h"

#define FPXI_MAX_SLOTS 16u

typedef enum {
    FPXI_SLOT_FREE,
    FPXI_SLOT_FILLING, /* exposed or read out just now */
    FPXI_SLOT_HELD     /* whole */
} fpxi_slot_state_t;

typedef struct {
    uint16_t *samples; /* rows times columns */
    fpxi_frame_header_t header;
    uint16_t packets_sent; /* header, then chunks */
    uint8_t encoding;      /* asked for when the exposure began */
    uint8_t state;
} fpxi_slot_t;

typedef struct {
    fpxi_slot_t slots[FPXI_MAX_SLOTS];
    uint8_t count;
} fpxi_frame_store_t;

/* memory: count times samples_per_frame samples. */
void fpxi_frame_store_init(fpxi_frame_store_t *store, uint16_t *memory, uint8_t count,
                           size_t samples_per_frame);

/* A free slot, now filling; NULL where there is none. */
fpxi_slot_t *fpxi_frame_store_take_free(fpxi_frame_store_t *store);

/* The slot of the oldest frame that is not half sent, now filling; NULL where there is none.
 * unsent tells whether its frame is lost to the host. */
fpxi_slot_t *fpxi_frame_store_take_oldest(fpxi_frame_store_t *store, bool *unsent);

/* The slot that holds a frame; NULL where none does. */
fpxi_slot_t *fpxi_frame_store_find(fpxi_frame_store_t *store, uint32_t frame);

/* The slot of the oldest frame not wholly sent; NULL where there is none. */
fpxi_slot_t *fpxi_frame_store_next_unsent(fpxi_frame_store_t *store);

/* Frees the frames up to and including a number. */
void fpxi_frame_store_release(fpxi_frame_store_t *store, uint32_t frame);

/* Frees all slots. */
void fpxi_frame_store_clear(fpxi_frame_store_t *store);

/* Whether the header and every chunk have been sent once. */
bool fpxi_slot_sent(const fpxi_slot_t *slot);

/* Whether frame number a comes before b; numbers wrap. */
bool fpxi_frame_before(uint32_t a, uint32_t b);

#endif
