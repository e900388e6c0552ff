/* When frames are exposed and read out: idle, armed, exposing, reading, or stopped by a fault. */

#ifndef FPXI_SEQUENCER_H
#define FPXI_SEQUENCER_H

#include "frame_store.h"
#include "hardware.h"
#include "parameters.h"

/* Longest wait for a row before the panel counts as failed. */
#define FPXI_ROW_TIMEOUT_US 100000u

typedef struct {
    const fpxi_hardware_t *hardware;
    const fpxi_panel_description_t *panel;
    const fpxi_parameters_t *parameters;
    fpxi_frame_store_t *store;
    fpxi_slot_t *slot; /* being filled */

    uint64_t beat_us;         /* when the last exposure was to begin; before the first: START */
    uint64_t exposure_end_us; /* while exposing */
    uint64_t row_us;          /* while reading: when the last row came */
    uint64_t ready_us;        /* while reading: when the frame should be there */

    uint32_t frames_wanted; /* 0: until stopped */
    uint32_t frames_acquired;
    uint32_t frames_skipped;
    uint32_t next_frame;
    int32_t bias_mV; /* in force */
    uint16_t row;    /* while reading: the next one */
    uint8_t state;   /* fpxi_state_t */
    bool triggered;  /* a software trigger waits to be served */
    bool waited;     /* the next exposure had to wait for a slot */
    bool done;       /* the last frame asked for has been acquired: to be told */
} fpxi_sequencer_t;

void fpxi_sequencer_init(fpxi_sequencer_t *sequencer, const fpxi_hardware_t *hardware,
                         const fpxi_parameters_t *parameters, fpxi_frame_store_t *store);

/* Whether anything between START and the last frame is going on. */
bool fpxi_sequencer_acquiring(const fpxi_sequencer_t *sequencer);

/* Whether the charge of a frame is being collected or read. */
bool fpxi_sequencer_busy(const fpxi_sequencer_t *sequencer);

void fpxi_sequencer_start(fpxi_sequencer_t *sequencer, uint64_t now_us, uint32_t frames);
void fpxi_sequencer_stop(fpxi_sequencer_t *sequencer);

/* Sets the bias in force. FPXI_OK, or negative where the supply refuses. */
int fpxi_sequencer_set_bias(fpxi_sequencer_t *sequencer, int32_t bias_mV);

/* Does the next thing that is due, if any. Returns one of these, or the negative of a fault. */
#define FPXI_STEP_STAYED 0
#define FPXI_STEP_MOVED 1
int fpxi_sequencer_step(fpxi_sequencer_t *sequencer, uint64_t now_us);

/* When the next thing is due; UINT64_MAX while it waits for a command or for room. */
uint64_t fpxi_sequencer_deadline(const fpxi_sequencer_t *sequencer, uint64_t now_us);

#endif
