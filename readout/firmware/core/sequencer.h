/* When frames are exposed and read out: idle, armed, exposing, reading, or stopped by a fault. Where
 * it can, reading a row begins its next exposure: one exposure then lasts while the one before it is
 * read. */

#ifndef FPXI_SEQUENCER_H
#define FPXI_SEQUENCER_H

#include "beat.h"
#include "bias.h"
#include "frame_store.h"
#include "hardware.h"
#include "parameters.h"
#include "readout.h"

/* An exposure that begins with a read-out is asked for at least so long before its end. */
#define FPXI_OVERLAP_LEAD_US 100u

/* What a sequencer works with. */
typedef struct {
    const fpxi_hardware_t *hardware;
    const fpxi_parameters_t *parameters;
    fpxi_frame_store_t *store;
    fpxi_bias_t *bias;
    fpxi_readout_t *readout;
    uint64_t boot_us; /* start-up on the hardware's clock */
} fpxi_sequencer_parts_t;

typedef struct {
    fpxi_sequencer_parts_t parts;
    fpxi_shot_t exposing;
    fpxi_beat_t beat;
    fpxi_slot_t *open;     /* frame that wants more exposures; NULL: none */
    uint32_t open_begun;   /* exposures begun of it */
    uint32_t burst_left;   /* frames of the burst yet to begin */
    uint32_t frames_begun; /* since START */

    uint32_t frames_wanted; /* 0: until stopped */
    uint32_t frames_acquired;
    uint32_t frames_skipped;
    uint32_t next_frame;
    uint8_t state; /* fpxi_state_t */
    bool waited;   /* the next exposure had to wait for a slot */
    bool done;     /* the last frame asked for has been acquired: to be told */
} fpxi_sequencer_t;

void fpxi_sequencer_init(fpxi_sequencer_t *sequencer, const fpxi_sequencer_parts_t *parts);

/* Whether anything between START and the last frame is going on. */
bool fpxi_sequencer_acquiring(const fpxi_sequencer_t *sequencer);

/* Whether the bias may change: no charge of a frame is being collected or read. */
bool fpxi_sequencer_between_frames(const fpxi_sequencer_t *sequencer);

/* Whether the panel can take exposures so long with so many conversions of each pixel: on a panel
 * with rolling shutter, all rows must have begun before the first one ends. */
bool fpxi_sequencer_can_expose(const fpxi_sequencer_t *sequencer, uint32_t exposure_us,
                               uint32_t oversampling);

/* Begins to acquire. 0, or the id of a parameter with which that is not possible. */
uint16_t fpxi_sequencer_start(fpxi_sequencer_t *sequencer, uint64_t now_us, uint32_t frames);
void fpxi_sequencer_stop(fpxi_sequencer_t *sequencer);

/* Begins a burst; false while the last one is being served. */
bool fpxi_sequencer_trigger(fpxi_sequencer_t *sequencer, uint64_t now_us);

/* Does the next thing that is due, if any. Returns one of these, or the negative of a fault. */
#define FPXI_STEP_STAYED 0
#define FPXI_STEP_MOVED 1
int fpxi_sequencer_step(fpxi_sequencer_t *sequencer, uint64_t now_us);

/* When the next thing is due; UINT64_MAX while it waits for a command or for room. */
uint64_t fpxi_sequencer_deadline(const fpxi_sequencer_t *sequencer, uint64_t now_us);

#endif
