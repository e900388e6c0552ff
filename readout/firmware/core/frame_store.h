/* Frames kept until the host has them: slots of memory that the board gives; and the reference, a
 * copy of the last key frame, to which later ones are coded. */

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
    uint16_t key_interval; /* frames between key frames, asked for when the exposure began */
    uint8_t encoding;      /* asked for when the exposure began */
    uint8_t pattern;       /* fpxi_test_pattern_t, likewise */
    uint8_t state;
} fpxi_slot_t;

typedef struct {
    fpxi_slot_t slots[FPXI_MAX_SLOTS];
    fpxi_slot_t reference; /* held or free */
    uint8_t count;
} fpxi_frame_store_t;

/* memory: count times samples_per_frame samples; reference: samples_per_frame more. */
void fpxi_frame_store_init(fpxi_frame_store_t *store, uint16_t *memory, uint8_t count,
                           uint16_t *reference, size_t samples_per_frame);

/* A free slot, now filling; NULL where there is none. */
fpxi_slot_t *fpxi_frame_store_take_free(fpxi_frame_store_t *store);

/* The slot of the oldest frame that is not half sent, now filling; NULL where there is none.
 * unsent tells whether its frame is lost to the host. */
fpxi_slot_t *fpxi_frame_store_take_oldest(fpxi_frame_store_t *store, bool *unsent);

/* The slot that holds a frame, be it the reference's; NULL where none does. */
fpxi_slot_t *fpxi_frame_store_find(fpxi_frame_store_t *store, uint32_t frame);

/* The slot of the oldest frame not wholly sent; NULL where there is none. */
fpxi_slot_t *fpxi_frame_store_next_unsent(fpxi_frame_store_t *store);

/* Frees the frames up to and including a number. */
void fpxi_frame_store_release(fpxi_frame_store_t *store, uint32_t frame);

/* Makes a held frame, whose header is not yet sent, a key frame or one relative to the reference
 * that is held: a key frame where there is none, or where it is key_interval frames old. */
void fpxi_frame_store_refer(fpxi_frame_store_t *store, fpxi_slot_t *slot);

/* The reference's samples, where it is the one that a frame is relative to; else NULL. */
const uint16_t *fpxi_frame_store_reference(const fpxi_frame_store_t *store,
                                           const fpxi_slot_t *slot);

/* Frees all slots, the reference's too. */
void fpxi_frame_store_clear(fpxi_frame_store_t *store);

/* Whether the header and every chunk have been sent once. */
bool fpxi_slot_sent(const fpxi_slot_t *slot);

/* Whether frame number a comes before b; numbers wrap. */
bool fpxi_frame_before(uint32_t a, uint32_t b);

#endif
