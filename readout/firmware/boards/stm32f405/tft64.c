/* Waveforms of the TFT panel: rolling shutter, a line of the array integrated while the line before
 * it is converted. The held differences of the 64 channels leave by two outputs of the front end for
 * two converters (33 slots a line), or by one for one (65 slots). */

#include "waveforms.h"

#include <stddef.h>

#define ROWS 64u
#define CHANNELS 64u
#define PANEL_ID 1u

/* Channel i of an output is there in slot i + 1. */
#define TWO_SLOTS (CHANNELS / 2u + 1u)
#define ONE_SLOTS (CHANNELS + 1u)

/* A pass without integration: the multiplexer begins anew; the integrators keep still. */
#define PASS(at)                                                                                   \
    [(at) + 0u] = LOW(SHS) | HIGH(STI), [(at) + 1u] = LOW(STI)

/* The gate opens when reset and reset level are done with, and closes in time for the signal's
 * sample, which is taken over (SHS falls) when the next line begins. */
#define GATE(at, closes)                                                                           \
    [(at) + 8u] = HIGH(OE) | HIGH(INTG) | LOW(STV), [(at) + (closes)] = LOW(OE) | LOW(INTG),       \
    [(at) + (closes) + 2u] = HIGH(SHS)

/* Reset level sampled after the reset: its noise and offset are taken off the signal. */
#define LINE_CDS(at, start, closes)                                                                \
    [(at) + 0u] = LOW(SHS) | (start), [(at) + 1u] = LOW(STI) | HIGH(IRST),                         \
    [(at) + 5u] = LOW(IRST) | HIGH(CPV), [(at) + 6u] = HIGH(SHR),                                  \
    [(at) + 7u] = LOW(SHR) | LOW(CPV), GATE(at, closes)

/* Reset level sampled while the reset lasts: nothing but a zero is taken off the signal. */
#define LINE_NO_CDS(at, start, closes)                                                             \
    [(at) + 0u] = LOW(SHS) | (start), [(at) + 1u] = LOW(STI) | HIGH(IRST),                         \
    [(at) + 3u] = HIGH(SHR), [(at) + 4u] = LOW(SHR), [(at) + 5u] = LOW(IRST) | HIGH(CPV),          \
    [(at) + 7u] = LOW(CPV), GATE(at, closes)

/* All passes but the last. */
#define PASSES(slots)                                                                              \
    PASS(0u * (slots)), PASS(1u * (slots)), PASS(2u * (slots)), PASS(3u * (slots)),                \
        PASS(4u * (slots)), PASS(5u * (slots)), PASS(6u * (slots)), PASS(7u * (slots)),            \
        PASS(8u * (slots)), PASS(9u * (slots)), PASS(10u * (slots)), PASS(11u * (slots)),          \
        PASS(12u * (slots)), PASS(13u * (slots)), PASS(14u * (slots))

#define LAST(slots) ((FPXI_MAX_PASSES - 1u) * (slots))
#define TWO_CLOSES 28u
#define ONE_CLOSES 60u

static const uint32_t two_cds[FPXI_MAX_PASSES * TWO_SLOTS] = {
    PASSES(TWO_SLOTS), LINE_CDS(LAST(TWO_SLOTS), HIGH(STI), TWO_CLOSES)};
static const uint32_t two_no_cds[FPXI_MAX_PASSES * TWO_SLOTS] = {
    PASSES(TWO_SLOTS), LINE_NO_CDS(LAST(TWO_SLOTS), HIGH(STI), TWO_CLOSES)};
static const uint32_t one_cds[FPXI_MAX_PASSES * ONE_SLOTS] = {
    PASSES(ONE_SLOTS), LINE_CDS(LAST(ONE_SLOTS), HIGH(STI), ONE_CLOSES)};
static const uint32_t one_no_cds[FPXI_MAX_PASSES * ONE_SLOTS] = {
    PASSES(ONE_SLOTS), LINE_NO_CDS(LAST(ONE_SLOTS), HIGH(STI), ONE_CLOSES)};

/* The same line with the multiplexer still: what the gate lets through is thrown away. */
static const uint32_t two_reset[FPXI_MAX_PASSES * TWO_SLOTS] = {
    LINE_CDS(LAST(TWO_SLOTS), 0u, TWO_CLOSES)};
static const uint32_t one_reset[FPXI_MAX_PASSES * ONE_SLOTS] = {
    LINE_CDS(LAST(ONE_SLOTS), 0u, ONE_CLOSES)};

/* Clocks the gate driver with its outputs off and no token in. */
static const uint32_t clear[] = {LOW(OE) | LOW(STV) | HIGH(CPV), LOW(CPV)};

#define READ_LINE(array, of_slots)                                                                 \
    {                                                                                              \
        .name = "tft64_" #array, .words = (array), .slots = (of_slots), .passes = true,            \
        .from_end = true, .token = true, .converts = true                                          \
    }
#define RESET_LINE(array, of_slots)                                                                \
    {                                                                                              \
        .name = "tft64_" #array, .words = (array), .slots = (of_slots), .passes = true,            \
        .from_end = true, .token = true                                                            \
    }

static const fpxi_waveform_t two_lines[] = {READ_LINE(two_no_cds, TWO_SLOTS),
                                            READ_LINE(two_cds, TWO_SLOTS)};
static const fpxi_waveform_t one_lines[] = {READ_LINE(one_no_cds, ONE_SLOTS),
                                            READ_LINE(one_cds, ONE_SLOTS)};
static const fpxi_waveform_t two_reset_line = RESET_LINE(two_reset, TWO_SLOTS);
static const fpxi_waveform_t one_reset_line = RESET_LINE(one_reset, ONE_SLOTS);
static const fpxi_waveform_t clear_clock = {.name = "tft64_clear", .words = clear, .slots = 2u};

/* Row r integrates in line r and is converted in line r + 1: one line more than rows. The interval
 * between two scans is the integration time of every row, from one closing of its gate to the next. */
const fpxi_panel_plan_t fpxi_tft64_two = {
    .name = "tft64, two converters",
    .panel = PANEL_ID,
    .converters = 2u,
    .line_slots = TWO_SLOTS,
    .rows = ROWS,
    .columns = CHANNELS / 2u,
    .row_line = 1u,
    .clear = {&clear_clock, ROWS, 0u},
    .reset = {{&two_reset_line, ROWS + 1u, 0u}, {&two_reset_line, ROWS + 1u, 0u}},
    .rows_scan = {{&two_lines[0], ROWS + 1u, 0u}, {&two_lines[1], ROWS + 1u, 0u}},
};

const fpxi_panel_plan_t fpxi_tft64_one = {
    .name = "tft64, one converter",
    .panel = PANEL_ID,
    .converters = 1u,
    .line_slots = ONE_SLOTS,
    .rows = ROWS,
    .columns = CHANNELS,
    .row_line = 1u,
    .clear = {&clear_clock, ROWS, 0u},
    .reset = {{&one_reset_line, ROWS + 1u, 0u}, {&one_reset_line, ROWS + 1u, 0u}},
    .rows_scan = {{&one_lines[0], ROWS + 1u, 0u}, {&one_lines[1], ROWS + 1u, 0u}},
};
