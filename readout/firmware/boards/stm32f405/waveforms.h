/* What is played on the panel's pins: one word for GPIOB's BSRR in each slot of 1 us, and how the
 * slots make up a read-out. Constant data without registers: it also compiles on other machines,
 * where the tests check it and the timing diagrams are drawn from it. */

#ifndef FPXI_WAVEFORMS_H
#define FPXI_WAVEFORMS_H

#include <stdbool.h>
#include <stdint.h>

/* From the end of a scan to the start of the next: the time that the interrupt needs. */
#define FPXI_REARM_US 5u

/* Phases of a slot in ticks of 168 MHz, 1 us in all. Converter A is started (CNV rises) when the slot
 * begins, and is read when CNV falls; converter B is half a slot later. A word takes 16 bits of 4
 * ticks. */
#define SLOT_TICKS 168u
#define CONVERSION_TICKS 60u
#define WORD_TICKS 64u
#define HALF_SLOT_TICKS 84u
#define CLOCK_RISES_TICK 126u /* of the multiplexer; it falls when the next slot begins */

/* Signals, by their pin of port B. */
#define SIGNAL_STV 0u   /* gate token in (cmos32: row token) */
#define SIGNAL_CPV 1u   /* gate clock (cmos32: row clock) */
#define SIGNAL_OE 2u    /* gates enabled */
#define SIGNAL_IRST 8u  /* integrator reset (cmos32: pixel reset) */
#define SIGNAL_SHR 9u   /* sample the reset level */
#define SIGNAL_SHS 12u  /* sample the signal */
#define SIGNAL_INTG 13u /* integrate */
#define SIGNAL_STI 14u  /* token of the multiplexer (cmos32: column start) */

#define HIGH(signal) (1u << SIGNAL_##signal)
#define LOW(signal) (1u << (SIGNAL_##signal + 16u))
#define ALL_LOW                                                                                    \
    (LOW(STV) | LOW(CPV) | LOW(OE) | LOW(IRST) | LOW(SHR) | LOW(SHS) | LOW(INTG) | LOW(STI))

#define FPXI_MAX_PASSES 16u /* conversions averaged for each pixel */

/* One line, or what else is played as a whole. Where a line is converted several times, it is that
 * many passes of the multiplexer, and words holds FPXI_MAX_PASSES of them: n passes are the first n
 * or the last n. */
typedef struct {
    const char *name;
    const uint32_t *words;
    uint16_t slots; /* of one pass */
    bool passes;    /* one for each conversion; false: played as it is */
    bool from_end;  /* the last passes are played, not the first */
    bool token;     /* STV is high when it begins: the waveform lowers it */
    bool converts;
} fpxi_waveform_t;

/* A waveform played over and over, timed from start to end by hardware. */
typedef struct {
    const fpxi_waveform_t *waveform;
    uint16_t lines;
    uint16_t more_slots; /* after the last line, from the beginning of the next */
} fpxi_scan_plan_t;

/* How a panel is scanned. */
typedef struct {
    const char *name;
    uint8_t panel; /* id */
    uint8_t converters;
    uint16_t line_slots;
    uint16_t rows;
    uint16_t columns; /* of each converter; the second one's follow the first one's */
    uint16_t row_line;    /* line of the row scan in which row 0 is converted */
    uint16_t began_slot;  /* of the reset or the read-out: the next exposure begins */
    uint16_t ended_slot;  /* of the read-out: the exposure ends */
    fpxi_scan_plan_t clear; /* moves any token out of the gate driver */
    fpxi_scan_plan_t reset[2]; /* [cds]: empties the array */
    fpxi_scan_plan_t sample[2]; /* [cds]: one line before the rows; no waveform: nothing to sample */
    fpxi_scan_plan_t rows_scan[2]; /* [cds] */
} fpxi_panel_plan_t;

extern const fpxi_panel_plan_t fpxi_tft64_two;
extern const fpxi_panel_plan_t fpxi_tft64_one;
extern const fpxi_panel_plan_t fpxi_cmos32;

/* The plan of a panel with so many converters; NULL where there is none. */
const fpxi_panel_plan_t *fpxi_panel_plan(uint8_t panel, uint8_t converters);

/* Number of passes, words and slots where each pixel is converted so many times. */
uint32_t fpxi_waveform_word_count(const fpxi_waveform_t *waveform, uint32_t conversions);
const uint32_t *fpxi_waveform_words(const fpxi_waveform_t *waveform, uint32_t conversions);
uint32_t fpxi_scan_slots(const fpxi_scan_plan_t *scan, uint32_t conversions);

/* Place of a conversion in the words of a row scan: column of the panel, pass 0 to n - 1. */
uint32_t fpxi_word_index(const fpxi_panel_plan_t *plan, uint32_t conversions, uint32_t row,
                         uint32_t pass, uint32_t column);

#endif
