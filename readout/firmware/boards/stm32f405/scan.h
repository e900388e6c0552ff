/* The read-out of the panel: waveforms, conversions, rows. The functions are the core's hooks of the
 * same names (core/hardware.h), without their context. */

#ifndef FPXI_SCAN_H
#define FPXI_SCAN_H

#include "../../core/hardware.h"
#include "../../core/protocol_generated.h"

/* Prepares timers, DMA, SPI1 and the panel's pins. converters: 1 or 2. */
void fpxi_scan_init(const fpxi_panel_description_t *panel, uint8_t converters);

/* Time of one line without oversampling. */
uint32_t fpxi_scan_line_time_us(const fpxi_panel_description_t *panel, uint8_t converters);

int fpxi_scan_begin_exposure(const fpxi_exposure_t *exposure, uint64_t *began_us);
int fpxi_scan_begin_readout(const fpxi_exposure_t *next, uint64_t *began_us);
int fpxi_scan_read_row(uint16_t row, uint16_t *samples);

/* Rows that land from here on want a poll of the core before the main loop may sleep: where the ring
 * holds only a part of them, they do not wait. */
void fpxi_scan_poll_begins(void);
bool fpxi_scan_pending(void);

/* Gives up whatever is exposed or read out: gates off, no row to come, expose request off. A scan
 * that runs ends with its pass: takes up to a pass of the multiplexer (65 us). */
void fpxi_scan_abandon(void);

/* The same, also where fpxi_scan_init was never called. */
void fpxi_scan_safe(void);

#endif
