/* Plays scans one after the other, each from and to its microsecond of the board's clock. */

#ifndef FPXI_SCAN_ENGINE_H
#define FPXI_SCAN_ENGINE_H

#include "scan_timers.h"

/* Appends a scan to the queue, in the order of their starts. False where it cannot be played: the
 * queue is then empty, and all rows that were expected have failed. */
bool fpxi_engine_play(const fpxi_scan_t *scan);

/* Empties the queue. A scan that runs ends with its pass, so that no pulse is cut short: takes up to
 * a pass and 3 us. */
void fpxi_engine_stop(void);

/* Whether a token may be in the gate driver: because a scan was ended early, or none ever ran. */
bool fpxi_engine_token_left(void);

/* Whether rows landed, where the main loop is to be woken for them, since it said last that it looks. */
bool fpxi_engine_rows_landed(void);
void fpxi_engine_forget_landed(void);

/* Slots begun of the scan whose rows these are; 0 before it starts. */
uint32_t fpxi_engine_slots(const fpxi_rows_t *rows);

#endif
