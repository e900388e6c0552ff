/* Waveforms of the CMOS die: global shutter. One line samples all pixels at once and empties them
 * again; then the rows are clocked to the one analogue output, while the next exposure goes on.
 *
 * A pixel takes its difference by itself: SHR clamps its reset level on a coupling capacitor at the
 * beginning of an exposure; SHS, at its end, moves signal less reset level to a hold capacitor, which
 * is read. SHR of the next exposure comes after SHS and does not reach what is held. Both levels are of
 * one reset: its noise is taken off. Whether it is, the scan that begins an exposure decides. */

#include "waveforms.h"

#include <stddef.h>

#define ROWS 32u
#define COLUMNS 32u
#define PANEL_ID 2u
#define SLOTS COLUMNS

/* The difference is held (the exposure ends with SHS), all pixels are reset (the next exposure begins
 * when the reset ends), and the next exposure's reset level is clamped. */
static const uint32_t sample_cds[] = {
    [0] = HIGH(SHS), [4] = LOW(SHS),   /* the exposure ends */
    [6] = HIGH(IRST), [8] = LOW(IRST), /* the next begins */
    [10] = HIGH(SHR), [12] = LOW(SHR),
};

/* The next exposure's reset level is clamped while the reset lasts: nothing but a zero is taken off its
 * signal. */
static const uint32_t sample_no_cds[] = {
    [0] = HIGH(SHS),
    [4] = LOW(SHS),
    [6] = HIGH(IRST) | HIGH(SHR),
    [7] = LOW(SHR),
    [8] = LOW(IRST),
    [12] = 0u,
};

/* The same with nothing held: an exposure after a pause. */
static const uint32_t reset_cds[] = {
    [6] = HIGH(IRST),
    [8] = LOW(IRST),
    [10] = HIGH(SHR),
    [12] = LOW(SHR),
};

static const uint32_t reset_no_cds[] = {
    [6] = HIGH(IRST) | HIGH(SHR),
    [7] = LOW(SHR),
    [8] = LOW(IRST),
    [12] = 0u,
};

/* The multiplexer begins anew, on the same row. Channel i is there in slot i + 1: the last one in
 * slot 0 of the next pass. */
#define PASS(at)                                                                                   \
    [(at) + 0u] = HIGH(STI), [(at) + 1u] = LOW(STI)

/* The next row; the first one takes the token with it. */
#define ROW                                                                                        \
    [0] = HIGH(CPV) | HIGH(STI), [1] = LOW(CPV) | LOW(STI), [4] = LOW(STV)

static const uint32_t row[FPXI_MAX_PASSES * SLOTS] = {
    ROW,
    PASS(1u * SLOTS), PASS(2u * SLOTS), PASS(3u * SLOTS), PASS(4u * SLOTS), PASS(5u * SLOTS),
    PASS(6u * SLOTS), PASS(7u * SLOTS), PASS(8u * SLOTS), PASS(9u * SLOTS), PASS(10u * SLOTS),
    PASS(11u * SLOTS), PASS(12u * SLOTS), PASS(13u * SLOTS), PASS(14u * SLOTS), PASS(15u * SLOTS),
};

/* Clocks the rows with no token in. */
static const uint32_t clear[] = {LOW(STV) | HIGH(CPV), LOW(CPV)};

#define COUNT(array) (uint16_t)(sizeof(array) / sizeof(array)[0])

static const fpxi_waveform_t sample_lines[] = {
    {.name = "cmos32_sample_no_cds", .words = sample_no_cds, .slots = COUNT(sample_no_cds)},
    {.name = "cmos32_sample_cds", .words = sample_cds, .slots = COUNT(sample_cds)},
};
static const fpxi_waveform_t reset_lines[] = {
    {.name = "cmos32_reset_no_cds", .words = reset_no_cds, .slots = COUNT(reset_no_cds)},
    {.name = "cmos32_reset_cds", .words = reset_cds, .slots = COUNT(reset_cds)},
};
static const fpxi_waveform_t row_line = {.name = "cmos32_row",
                                         .words = row,
                                         .slots = SLOTS,
                                         .passes = true,
                                         .token = true,
                                         .converts = true};
static const fpxi_waveform_t clear_clock = {.name = "cmos32_clear", .words = clear, .slots = 2u};

/* The slot after the last line converts the last channel; its clock moves the token out. */
const fpxi_panel_plan_t fpxi_cmos32 = {
    .name = "cmos32",
    .panel = PANEL_ID,
    .converters = 1u,
    .line_slots = SLOTS,
    .rows = ROWS,
    .columns = COLUMNS,
    .row_line = 0u,
    .began_slot = 8u,
    .ended_slot = 4u,
    .clear = {&clear_clock, ROWS, 0u},
    .reset = {{&reset_lines[0], 1u, 0u}, {&reset_lines[1], 1u, 0u}},
    .sample = {{&sample_lines[0], 1u, 0u}, {&sample_lines[1], 1u, 0u}},
    .rows_scan = {{&row_line, ROWS, 1u}, {&row_line, ROWS, 1u}},
};
