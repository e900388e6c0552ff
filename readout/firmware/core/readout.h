/* Rows of the panel into a frame, as they come. */

#ifndef FPXI_READOUT_H
#define FPXI_READOUT_H

#include "frame_store.h"
#include "hardware.h"
#include "reduction.h"

/* Longest wait for a row before the panel counts as failed. */
#define FPXI_ROW_TIMEOUT_US 100000u

/* One exposure of the array. */
typedef struct {
    fpxi_slot_t *slot; /* of its frame; NULL: there is no such exposure */
    fpxi_pass_t pass;
    uint32_t number; /* that of its frame times the exposures averaged, plus its place among them */
    uint64_t end_us;
} fpxi_shot_t;

typedef struct {
    const fpxi_hardware_t *hardware;
    const fpxi_panel_description_t *panel;
    fpxi_reduction_t reduction;
    fpxi_shot_t shot;      /* being read */
    uint32_t line_time_us; /* of this board */
    uint64_t row_us;       /* when the last row came */
    uint64_t ready_us;     /* when the last row should be there */
    uint16_t row;          /* the next one */
    uint16_t *samples;     /* a row of the panel */
} fpxi_readout_t;

/* What a board gives for it. */
typedef struct {
    uint16_t *row_memory;  /* columns samples */
    uint32_t *accumulator; /* rows times columns sums */
    uint32_t line_time_us; /* 0: the panel's own */
} fpxi_readout_config_t;

void fpxi_readout_init(fpxi_readout_t *readout, const fpxi_hardware_t *hardware,
                       const fpxi_panel_description_t *panel,
                       const fpxi_readout_config_t *config);

/* Time that a read-out takes, until the next may begin. */
uint32_t fpxi_readout_us(const fpxi_readout_t *readout, uint32_t oversampling);

void fpxi_readout_begin(fpxi_readout_t *readout, const fpxi_shot_t *shot, uint64_t now_us);

/* Takes the rows that are there. FPXI_OK: that was the last; FPXI_AGAIN: more are to come;
 * FPXI_FAILED: the panel did not deliver. */
int fpxi_readout_rows(fpxi_readout_t *readout, uint64_t now_us);

/* When to look for rows next. */
uint64_t fpxi_readout_deadline(const fpxi_readout_t *readout, uint64_t now_us);

#endif
