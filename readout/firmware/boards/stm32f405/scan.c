#include "scan.h"

#include <stddef.h>

#include "../../core/oversampling.h"
#include "processor.h"
#include "scan_engine.h"
#include "time.h"

/* From the decision to the start: enough to arm the first scan. */
#define LEAD_US 20u

#define AREAS 2u
#define ROW_SAMPLES 64u

_Static_assert(AREAS == 2u, "an exposure's rows are handed over while the next ones land");

/* One exposure, from its reset to its last row. */
typedef struct {
    fpxi_rows_t rows;
    uint64_t read_us;    /* start of the read-out */
    uint32_t slots;      /* of the rows' scan, begun when last looked at */
    uint8_t conversions; /* of each pixel */
    bool cds;
} acquisition_t;

static FPXI_DMA_MEMORY uint16_t words[AREAS][FPXI_RING_WORDS];
static FPXI_CCM_MEMORY uint16_t conversions_of_row[FPXI_MAX_PASSES][ROW_SAMPLES];

static struct {
    const fpxi_panel_plan_t *plan;
    acquisition_t acquisitions[AREAS];
    uint8_t latest;          /* of them: what was begun last */
    acquisition_t *read_out; /* whose rows are handed over; NULL: none */
} scan;

uint32_t fpxi_scan_line_time_us(const fpxi_panel_description_t *panel, uint8_t converters)
{
    return fpxi_panel_plan(panel->id, converters)->line_slots;
}

/* --- what is played ----------------------------------------------------------------------------- */

static uint32_t line_us(const fpxi_exposure_t *exposure)
{
    return (uint32_t)scan.plan->line_slots * exposure->oversampling;
}

/* As long a read-out as the core reckons with. */
static uint32_t readout_us(const fpxi_exposure_t *exposure)
{
    return (scan.plan->rows + 1u) * line_us(exposure) + FPXI_REARM_US;
}

/* The whole scan where it fits, else as many whole lines as do. */
static uint32_t ring_words(const fpxi_exposure_t *exposure, uint32_t slots)
{
    uint32_t line = line_us(exposure) * scan.plan->converters;
    uint32_t all = slots * scan.plan->converters;
    return all <= FPXI_RING_WORDS ? all : FPXI_RING_WORDS / line * line;
}

/* The main loop sleeps until a whole read-out is over, unless it is woken. Where the ring does not hold
 * as much, it is woken whenever half of it is full. */
static uint32_t wake_slots(const fpxi_exposure_t *exposure, const fpxi_rows_t *rows)
{
    uint32_t ring_lines = rows->ring_words / (line_us(exposure) * scan.plan->converters);
    bool whole = rows->ring_words == rows->slots * scan.plan->converters;
    return whole ? 0u : ring_lines / 2u * line_us(exposure);
}

static bool play(const fpxi_scan_plan_t *plan, const fpxi_exposure_t *exposure, uint64_t start_us,
                 fpxi_rows_t *rows)
{
    const fpxi_waveform_t *waveform = plan->waveform;
    fpxi_scan_t next = {
        .words = fpxi_waveform_words(waveform, exposure->oversampling),
        .word_count = (uint16_t)fpxi_waveform_word_count(waveform, exposure->oversampling),
        .token = waveform->token,
        .range = exposure->gain_setting,
        .slots = fpxi_scan_slots(plan, exposure->oversampling),
        .pass = waveform->slots,
        .start_us = (uint32_t)start_us,
        .rows = rows,
        .wake_slots = rows == NULL ? 0u : wake_slots(exposure, rows),
    };
    return fpxi_engine_play(&next);
}

/* Has the array read out at the end of an exposure that begins, or has begun, at began_us. */
static bool play_readout(const fpxi_exposure_t *exposure, uint64_t began_us, uint64_t duration_us)
{
    const fpxi_panel_plan_t *plan = scan.plan;
    uint8_t area = (uint8_t)((scan.latest + 1u) % AREAS);
    acquisition_t *acquisition = &scan.acquisitions[area];
    uint64_t start_us = began_us + duration_us - plan->ended_slot;
    const fpxi_scan_plan_t *sample = &plan->sample[exposure->cds ? 1 : 0];
    const fpxi_scan_plan_t *rows = &plan->rows_scan[exposure->cds ? 1 : 0];
    uint32_t slots = fpxi_scan_slots(rows, exposure->oversampling);
    acquisition->read_us = start_us;
    acquisition->slots = 0u;
    acquisition->conversions = exposure->oversampling;
    acquisition->cds = exposure->cds;
    acquisition->rows.state = FPXI_ROWS_NONE;
    acquisition->rows.slots = slots;
    acquisition->rows.ring_words = ring_words(exposure, slots);
    acquisition->rows.words = words[area];
    scan.latest = area;
    bool sampled = sample->waveform == NULL || play(sample, exposure, start_us, NULL);
    uint64_t rows_us = start_us + (sample->waveform == NULL ? 0u : line_us(exposure));
    return sampled && play(rows, exposure, rows_us, &acquisition->rows);
}

/* --- hooks -------------------------------------------------------------------------------------- */

static void give_up(void)
{
    fpxi_expose_request_off();
    fpxi_engine_stop();
    scan.read_out = NULL;
}

/* Moves out any token while nothing else is to do, so that the next exposure need not wait for it. */
static void clear_ahead(void)
{
    static const fpxi_exposure_t none = {.oversampling = 1u};
    if (fpxi_engine_token_left()) {
        (void)play(&scan.plan->clear, &none, fpxi_time_now_us() + LEAD_US, NULL);
    }
}

void fpxi_scan_init(const fpxi_panel_description_t *panel, uint8_t converters)
{
    scan.plan = fpxi_panel_plan(panel->id, converters);
    fpxi_timers_init(converters);
    clear_ahead();
}

/* Has the array emptied as soon as possible, any token moved out before. Between the decision and the
 * arming no interrupt may come: a trigger line that rings takes longer than the lead. */
static bool play_reset(const fpxi_exposure_t *exposure, uint64_t *start_us)
{
    const fpxi_panel_plan_t *plan = scan.plan;
    bool cleared = true;
    uint32_t mask = fpxi_interrupts_off();
    *start_us = fpxi_time_now_us() + LEAD_US;
    if (fpxi_engine_token_left()) {
        cleared = play(&plan->clear, exposure, *start_us, NULL);
        *start_us += fpxi_scan_slots(&plan->clear, exposure->oversampling) + FPXI_REARM_US;
    }
    bool played = cleared && play(&plan->reset[exposure->cds ? 1 : 0], exposure, *start_us, NULL);
    fpxi_interrupts_restore(mask);
    return played;
}

int fpxi_scan_begin_exposure(const fpxi_exposure_t *exposure, uint64_t *began_us)
{
    const fpxi_panel_plan_t *plan = scan.plan;
    uint64_t start_us;
    give_up();
    if (!play_reset(exposure, &start_us)) {
        return FPXI_FAILED;
    }
    uint64_t empty_us = exposure->request_beam ? readout_us(exposure) : 0u;
    *began_us = start_us + plan->began_slot;
    if (!play_readout(exposure, *began_us, empty_us + exposure->exposure_us)) {
        return FPXI_FAILED;
    }
    if (exposure->request_beam) {
        fpxi_expose_request(*began_us + empty_us, exposure->exposure_us);
    }
    return FPXI_OK;
}

static bool alive(const fpxi_rows_t *rows)
{
    fpxi_rows_state_t state = rows->state;
    return state == FPXI_ROWS_EXPECTED || state == FPXI_ROWS_COMPLETE;
}

/* The read-out goes on by itself. The next exposure can be timed from it only where its lines last as
 * long, or rows would integrate for different times; and its reset level is taken by the same scan. */
int fpxi_scan_begin_readout(const fpxi_exposure_t *next, uint64_t *began_us)
{
    acquisition_t *acquisition = &scan.acquisitions[scan.latest];
    if (!alive(&acquisition->rows)) {
        return FPXI_FAILED;
    }
    scan.read_out = acquisition;
    if (next == NULL) {
        return FPXI_OK;
    }
    if (next->oversampling != acquisition->conversions || next->cds != acquisition->cds ||
        next->request_beam) {
        return FPXI_FAILED;
    }
    *began_us = acquisition->read_us + scan.plan->began_slot;
    return play_readout(next, *began_us, next->exposure_us) ? FPXI_OK : FPXI_FAILED;
}

void fpxi_scan_poll_begins(void)
{
    fpxi_engine_forget_landed();
}

bool fpxi_scan_pending(void)
{
    return fpxi_engine_rows_landed();
}

void fpxi_scan_abandon(void)
{
    give_up();
    clear_ahead();
}

void fpxi_scan_safe(void)
{
    if (scan.plan != NULL) { /* before that, nothing drives the panel */
        give_up();
    }
}

/* --- rows --------------------------------------------------------------------------------------- */

static void copy_words(uint16_t *to, const volatile uint16_t *from, uint32_t count, uint32_t apart)
{
    for (; count >= 4u; count -= 4u) {
        to[0] = from[0];
        to[1] = from[apart];
        to[2] = from[2u * apart];
        to[3] = from[3u * apart];
        to += 4;
        from += 4u * apart;
    }
    for (; count > 0u; count--) {
        *to++ = *from;
        from += apart;
    }
}

/* Words of one converter from a place of the ring on, in two runs where the ring ends between. */
static void copy_from_ring(uint16_t *to, const fpxi_rows_t *rows, uint32_t index)
{
    const uint32_t apart = scan.plan->converters;
    const uint32_t columns = scan.plan->columns;
    const uint32_t left = (rows->ring_words - index + apart - 1u) / apart;
    const uint32_t run = columns < left ? columns : left;
    copy_words(to, rows->words + index, run, apart);
    if (run < columns) {
        index += run * apart - rows->ring_words;
        copy_words(to + run, rows->words + index, columns - run, apart);
    }
}

/* Sorts the words of a row by pass, ROW_SAMPLES apart, and column. */
static void gather(const acquisition_t *acquisition, uint32_t row, uint16_t *conversions)
{
    const fpxi_panel_plan_t *plan = scan.plan;
    const fpxi_rows_t *rows = &acquisition->rows;
    for (uint32_t pass = 0u; pass < acquisition->conversions; pass++) {
        for (uint32_t converter = 0u; converter < plan->converters; converter++) {
            uint32_t column = converter * plan->columns;
            uint32_t index = fpxi_word_index(plan, acquisition->conversions, row, pass, column);
            copy_from_ring(conversions + pass * ROW_SAMPLES + column, rows,
                           index % rows->ring_words);
        }
    }
}

/* Whether the words of a slot are in memory. The slots are looked at when those seen before do not
 * tell: once for many rows. */
static bool landed(acquisition_t *acquisition, uint32_t slot)
{
    if (acquisition->slots < slot + FPXI_LANDING_SLOTS) {
        acquisition->slots = fpxi_engine_slots(&acquisition->rows);
    }
    return acquisition->slots >= slot + FPXI_LANDING_SLOTS ||
           acquisition->rows.state == FPXI_ROWS_COMPLETE;
}

/* Whether the ring has come round to a slot; where it holds the whole scan, it never does. */
static bool overwritten(const acquisition_t *acquisition, uint32_t slot)
{
    const fpxi_rows_t *rows = &acquisition->rows;
    const uint32_t ring_slots = rows->ring_words / scan.plan->converters;
    return ring_slots < rows->slots && fpxi_engine_slots(rows) > slot + ring_slots;
}

/* A row is there when its last word has landed, and is lost when, before it was copied, the ring has
 * come round to its first. DMA writes a ring's words in their order: the slots tell. */
int fpxi_scan_read_row(uint16_t row, uint16_t *samples)
{
    acquisition_t *acquisition = scan.read_out;
    const fpxi_panel_plan_t *plan = scan.plan;
    if (acquisition == NULL || !alive(&acquisition->rows)) {
        return FPXI_FAILED;
    }
    uint32_t count = acquisition->conversions;
    uint32_t columns = (uint32_t)plan->columns * plan->converters;
    uint32_t first_slot = fpxi_word_index(plan, count, row, 0u, 0u) / plan->converters;
    uint32_t last_slot =
        fpxi_word_index(plan, count, row, count - 1u, columns - 1u) / plan->converters;
    if (!landed(acquisition, last_slot)) {
        return FPXI_AGAIN;
    }
    uint16_t *conversions = count == 1u ? samples : &conversions_of_row[0][0];
    gather(acquisition, row, conversions);
    if (overwritten(acquisition, first_slot)) {
        return FPXI_FAILED;
    }
    if (count > 1u) {
        fpxi_oversampling_mean(conversions, ROW_SAMPLES, count, samples, columns);
    }
    return FPXI_OK;
}
