#include "scan_engine.h"

#include <stddef.h>

#include "interrupts.h"
#include "processor.h"

#define QUEUE 4u          /* of one exposure: clear, reset, sample, rows */
#define ARMING_US 1u      /* what the last steps of arming may take */
#define WAIT_LIMIT 50000u /* turns of a loop: several times the longest pass */

typedef enum { AT_REST, ARMED, RUNNING } phase_t;

/* Belongs to the interrupt of TIM2; everybody else touches it while interrupts are off. */
static struct {
    fpxi_scan_t queue[QUEUE]; /* the first is armed or runs */
    uint8_t first;
    uint8_t count;
    phase_t phase;
    uint32_t end_us; /* while running */
    bool tokens_known;
    volatile bool rows_landed; /* and the main loop has not looked since */
} engine;

static const fpxi_scan_t *current(void)
{
    return &engine.queue[engine.first];
}

static void drop_current(fpxi_rows_state_t state)
{
    fpxi_rows_t *rows = current()->rows;
    if (rows != NULL) {
        rows->state = state;
    }
    engine.first = (uint8_t)((engine.first + 1u) % QUEUE);
    engine.count--;
}

static void drop_all(void)
{
    fpxi_timers_rest();
    engine.phase = AT_REST;
    while (engine.count > 0u) {
        drop_current(FPXI_ROWS_FAILED);
    }
}

/* Arms the first scan of the queue, if there is one. One that comes too late ends them all. */
static void arm(void)
{
    if (engine.count == 0u) {
        return;
    }
    fpxi_timers_load(current());
    if (!fpxi_before(fpxi_clock_us() + ARMING_US, current()->start_us)) {
        drop_all();
        return;
    }
    fpxi_timers_start_at(current()->start_us);
    engine.phase = ARMED;
}

static void end_at(uint32_t end_us)
{
    engine.end_us = end_us;
    fpxi_timers_end_at(end_us);
}

/* The scan has begun. Where this comes so late that the end has passed, the scan goes on for ever; its
 * count of slots will tell. */
static void begun(void)
{
    engine.phase = RUNNING;
    engine.tokens_known = false;
    end_at(current()->start_us + current()->slots);
}

/* Until the gate is shut, and the last word, a third of a slot later, has landed. */
static void wait_for_end(void)
{
    uint32_t slots = engine.end_us - current()->start_us;
    for (uint32_t i = 0u; i < WAIT_LIMIT && fpxi_before(fpxi_clock_us(), engine.end_us); i++) {
    }
    for (uint32_t i = 0u; i < WAIT_LIMIT && !fpxi_timers_landed(current(), slots) &&
                          !fpxi_before(engine.end_us + 1u, fpxi_clock_us());
         i++) {
    }
}

/* The last slot of the scan has begun. */
static void ended(void)
{
    wait_for_end();
    uint32_t slots = current()->slots;
    if (fpxi_timers_failed() || fpxi_timers_slots() != slots ||
        !fpxi_timers_landed(current(), slots)) {
        drop_all();
        return;
    }
    fpxi_timers_rest();
    engine.phase = AT_REST;
    engine.tokens_known = true;
    drop_current(FPXI_ROWS_COMPLETE);
    arm();
}

void fpxi_isr_tim2(void)
{
    uint32_t events = fpxi_timers_take_events();
    engine.rows_landed |= (events & FPXI_ROWS_LANDED) != 0u;
    if ((events & FPXI_FIRST_SLOT) != 0u && engine.phase == ARMED) {
        begun();
    }
    if ((events & FPXI_LAST_SLOT) != 0u && engine.phase == RUNNING) {
        ended();
    }
}

bool fpxi_engine_play(const fpxi_scan_t *scan)
{
    uint32_t mask = fpxi_interrupts_off();
    bool queued = engine.count < QUEUE;
    if (queued) {
        engine.queue[(engine.first + engine.count) % QUEUE] = *scan;
        engine.count++;
        if (scan->rows != NULL) {
            scan->rows->state = FPXI_ROWS_EXPECTED;
        }
        if (engine.phase == AT_REST) {
            arm();
            queued = engine.phase == ARMED;
        }
    }
    fpxi_interrupts_restore(mask);
    return queued;
}

/* Where the pass that runs is over; at least 2 us from now, so that there is time to say so. */
static uint32_t end_of_pass_us(const fpxi_scan_t *scan)
{
    uint32_t played = fpxi_clock_us() - scan->start_us + 2u;
    uint32_t slots = (played + scan->pass - 1u) / scan->pass * scan->pass;
    return scan->start_us + (slots < scan->slots ? slots : scan->slots);
}

static void end_early(void)
{
    if (fpxi_before(fpxi_clock_us() + 2u, engine.end_us)) {
        end_at(end_of_pass_us(current()));
    }
    wait_for_end();
}

void fpxi_engine_stop(void)
{
    uint32_t mask = fpxi_interrupts_off();
    if (engine.phase == ARMED) {
        fpxi_timers_cancel_start();
        if (!fpxi_before(fpxi_clock_us(), current()->start_us)) {
            begun();
        }
    }
    if (engine.phase == RUNNING) {
        end_early();
    }
    drop_all();
    fpxi_interrupts_restore(mask);
}

bool fpxi_engine_rows_landed(void)
{
    return engine.rows_landed;
}

void fpxi_engine_forget_landed(void)
{
    engine.rows_landed = false;
}

bool fpxi_engine_token_left(void)
{
    return !engine.tokens_known;
}

uint32_t fpxi_engine_slots(const fpxi_rows_t *rows)
{
    uint32_t mask = fpxi_interrupts_off();
    uint32_t slots = 0u;
    if (rows->state == FPXI_ROWS_COMPLETE) {
        slots = rows->slots;
    } else if (engine.phase != AT_REST && current()->rows == rows) {
        slots = fpxi_timers_slots();
    }
    fpxi_interrupts_restore(mask);
    return slots;
}
