/* The board's timers, DMA and clock as the scan's logic sees them, in virtual time: what
 * boards/stm32f405/scan_timers.h and time.h promise. Compiled with scan.c and scan_engine.c. */

#include <stddef.h>

#include "processor.h"
#include "scan.h"
#include "scan_timers.h"
#include "time.h"

#define US 168u
#define LEAD 8u      /* from the gate's opening to the first slot */
#define LANDS 140u   /* from a conversion's start to its word in memory */
#define ACCESS 8u    /* every register that is touched takes so long */
#define LOG_SIZE 64u

void fpxi_isr_tim2(void);

/* What is wrong with what the firmware did. */
enum { FINE, START_IN_THE_PAST, LOADED_WHILE_RUNNING, CUT, NOT_A_PASS, NOT_RESTED };

typedef struct {
    uint32_t start_us;
    uint32_t slots; /* planned */
    uint32_t played;
    uint32_t wake_slots;
    uint8_t token, range, converts, started;
} entry_t;

static struct {
    uint64_t now; /* ticks */
    fpxi_scan_t scan;
    enum { SHUT, OPENS, OPEN, CLOSES } gate;
    uint64_t opened;
    uint32_t compare_us;
    uint32_t closed_slots;
    uint32_t landed; /* words */
    uint32_t events;
    uint32_t serial;
    uint32_t lost_word; /* of a scan; 0: none */
    uint32_t log_count;
    int wrong;
    bool loaded, running, failed, masked, in_interrupt;
    uint8_t converters;
    entry_t log[LOG_SIZE];
    uint64_t beam_us;
    uint32_t delay_us; /* other interrupts take so long whenever they may */
    uint32_t beam_length_us;
} bench;

static entry_t *last_entry(void)
{
    return &bench.log[(bench.log_count - 1u) % LOG_SIZE];
}

static void complain(int wrong)
{
    bench.wrong = bench.wrong == FINE ? wrong : bench.wrong;
}

uint16_t bench_word(uint32_t serial, uint32_t index)
{
    return (uint16_t)((serial * 40503u + index * 30011u) >> 2);
}

static void land(uint64_t until)
{
    const fpxi_rows_t *rows = bench.scan.rows;
    uint32_t slots = bench.running ? UINT32_MAX : bench.closed_slots;
    while (bench.loaded && rows != NULL && bench.opened != 0u) {
        uint32_t slot = bench.landed / bench.converters;
        uint64_t half = bench.landed % bench.converters * (US / 2u);
        if (slot >= slots || bench.opened + LEAD + (uint64_t)slot * US + half + LANDS > until) {
            return;
        }
        if (bench.lost_word == 0u || bench.landed != bench.lost_word) {
            uint16_t *words = (uint16_t *)(uintptr_t)rows->words;
            words[bench.landed % rows->ring_words] = bench_word(bench.serial, bench.landed);
        } else {
            bench.failed = true;
        }
        bench.landed++;
    }
}

static uint32_t slots_at(uint64_t now)
{
    uint64_t first = bench.opened + LEAD;
    return bench.opened == 0u || now < first ? 0u : (uint32_t)((now - first) / US) + 1u;
}

/* One tick of the microsecond clock at a time. */
static void step_us(void)
{
    uint32_t us = (uint32_t)(bench.now / US);
    if (bench.gate == OPENS && us == bench.compare_us) {
        bench.gate = OPEN;
        bench.running = true;
        bench.opened = bench.now;
        last_entry()->started = 1u;
    } else if (bench.gate == CLOSES && bench.running && us == bench.compare_us) {
        bench.running = false;
        bench.closed_slots = slots_at(bench.now - 1u);
        last_entry()->played = bench.closed_slots;
    }
}

/* Of wake_slots: how many have landed. */
static uint32_t stretches_at(uint32_t slots)
{
    uint32_t length = bench.scan.wake_slots;
    return length == 0u || slots < FPXI_LANDING_SLOTS ? 0u : (slots - FPXI_LANDING_SLOTS) / length;
}

static void raise_events(uint64_t from, uint64_t to)
{
    if (!bench.running) {
        return;
    }
    uint32_t before = slots_at(from), after = slots_at(to);
    bench.events |= before < 1u && after >= 1u ? FPXI_FIRST_SLOT : 0u;
    bench.events |= before < bench.scan.slots && after >= bench.scan.slots ? FPXI_LAST_SLOT : 0u;
    bench.events |= stretches_at(after) > stretches_at(before) ? FPXI_ROWS_LANDED : 0u;
}

static void advance(uint64_t ticks)
{
    uint64_t end = bench.now + ticks;
    while (bench.now < end) {
        uint64_t next = (bench.now / US + 1u) * US;
        uint64_t to = next < end ? next : end;
        raise_events(bench.now, to);
        bench.now = to;
        if (to == next) {
            step_us();
        }
        land(to);
    }
}

static void interrupt(void)
{
    while (!bench.masked && !bench.in_interrupt && bench.events != 0u) {
        bench.in_interrupt = true;
        advance(12u + ACCESS);
        fpxi_isr_tim2();
        bench.in_interrupt = false;
    }
}

/* --- what the firmware calls -------------------------------------------------------------------- */

uint32_t fpxi_interrupts_off(void)
{
    uint32_t before = bench.masked;
    bench.masked = true;
    return before;
}

void fpxi_interrupts_restore(uint32_t before)
{
    bench.masked = before != 0u;
    interrupt();
}

uint32_t fpxi_clock_us(void)
{
    advance(ACCESS);
    return (uint32_t)(bench.now / US);
}

uint64_t fpxi_time_now_us(void)
{
    advance(3u * ACCESS);
    uint64_t now_us = bench.now / US;
    if (!bench.masked) {
        advance(bench.delay_us * (uint64_t)US);
        interrupt();
    }
    return now_us;
}

void fpxi_timers_init(uint8_t converters)
{
    bench.converters = converters;
}

void fpxi_timers_load(const fpxi_scan_t *scan)
{
    advance(40u * ACCESS);
    if (bench.running) {
        complain(LOADED_WHILE_RUNNING);
    }
    if (bench.loaded) {
        complain(NOT_RESTED);
    }
    bench.scan = *scan;
    bench.loaded = true;
    bench.opened = 0u;
    bench.landed = 0u;
    bench.events = 0u;
    bench.serial++;
    bench.failed = false;
    entry_t entry = {.start_us = scan->start_us, .slots = scan->slots,
                     .wake_slots = scan->wake_slots, .token = scan->token,
                     .range = scan->range, .converts = scan->rows != NULL};
    bench.log[bench.log_count++ % LOG_SIZE] = entry;
}

uint32_t fpxi_timers_take_events(void)
{
    advance(2u * ACCESS);
    uint32_t events = bench.events;
    bench.events = 0u;
    return events;
}

void fpxi_timers_start_at(uint32_t start_us)
{
    advance(3u * ACCESS);
    bench.gate = OPENS;
    bench.compare_us = start_us;
    if (!fpxi_before((uint32_t)(bench.now / US), start_us)) {
        complain(START_IN_THE_PAST);
    }
}

void fpxi_timers_end_at(uint32_t end_us)
{
    advance(3u * ACCESS);
    uint32_t slots = end_us - bench.scan.start_us;
    bench.gate = CLOSES;
    bench.compare_us = end_us;
    if (slots != bench.scan.slots && slots % bench.scan.pass != 0u) {
        complain(NOT_A_PASS);
    }
}

void fpxi_timers_cancel_start(void)
{
    advance(2u * ACCESS);
    bench.compare_us = (uint32_t)(bench.now / US) - 1u;
}

uint32_t fpxi_timers_slots(void)
{
    advance(ACCESS);
    return bench.running ? slots_at(bench.now) : bench.opened == 0u ? 0u : bench.closed_slots;
}

bool fpxi_timers_landed(const fpxi_scan_t *scan, uint32_t slots)
{
    advance(ACCESS);
    return scan->rows == NULL ||
           bench.landed % scan->rows->ring_words ==
               slots * bench.converters % scan->rows->ring_words;
}

bool fpxi_timers_failed(void)
{
    advance(2u * ACCESS);
    return bench.failed;
}

void fpxi_timers_rest(void)
{
    advance(25u * ACCESS);
    if (bench.running) {
        complain(CUT);
        last_entry()->played = slots_at(bench.now);
    }
    bench.gate = SHUT;
    bench.running = false;
    bench.loaded = false;
    bench.opened = 0u;
    bench.events = 0u;
}

void fpxi_expose_request(uint64_t at_us, uint32_t duration_us)
{
    bench.beam_us = at_us;
    bench.beam_length_us = duration_us;
}

void fpxi_expose_request_off(void)
{
    bench.beam_us = 0u;
}

/* --- what the test calls ------------------------------------------------------------------------ */

void bench_init(uint8_t panel, uint8_t converters, uint64_t now_us)
{
    const fpxi_panel_description_t description = {.id = panel};
    bench.now = now_us * US;
    fpxi_scan_init(&description, converters);
}

/* Time goes on; the main loop does nothing. With interrupts masked none is served until its end. */
void bench_pass(uint32_t us, bool masked)
{
    uint64_t end = bench.now + (uint64_t)us * US;
    bench.masked = masked;
    while (bench.now < end) {
        advance(US / 4u);
        interrupt();
    }
    bench.masked = false;
    interrupt();
}

void bench_delay(uint32_t us)
{
    bench.delay_us = us;
}

void bench_lose_word(uint32_t index)
{
    bench.lost_word = index;
}

int bench_wrong(void)
{
    return bench.wrong;
}

uint64_t bench_now_us(void)
{
    return bench.now / US;
}

uint32_t bench_log_count(void)
{
    return bench.log_count;
}

const void *bench_log(uint32_t index)
{
    return &bench.log[index % LOG_SIZE];
}

uint64_t bench_beam(uint32_t *length_us)
{
    *length_us = bench.beam_length_us;
    return bench.beam_us;
}
