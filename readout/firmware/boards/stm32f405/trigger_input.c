#include "trigger_input.h"

#include "interrupts.h"
#include "pins.h"
#include "processor.h"
#include "time.h"

#define EDGES 32u
#define LINE (1u << PIN_TRIG_IN)
#define EXTICR_PORT_B 1u

typedef struct {
    uint64_t at_us;
    bool high;
} edge_t;

static edge_t edges[EDGES];
static volatile uint32_t count;
static volatile bool closed;
static bool last_high;

static void add(bool high, uint64_t at_us)
{
    edges[count] = (edge_t){.at_us = at_us, .high = high};
    count++;
    last_high = high;
}

static bool is_high(void)
{
    return (GPIOB->IDR & LINE) != 0u;
}

/* An edge that leaves the level as it was, was two. A full list closes the input, so that a line that
 * rings cannot take all of the processor's time. */
void fpxi_isr_exti9_5(void)
{
    EXTI->PR = LINE;
    uint64_t now_us = fpxi_time_now_us();
    bool high = is_high();
    if (high == last_high) {
        add(!high, now_us);
    }
    add(high, now_us);
    if (count > EDGES - 2u) {
        EXTI->IMR &= ~LINE;
        closed = true;
    }
    fpxi_barrier();
}

void fpxi_trigger_input_init(void)
{
    fpxi_pin_input(GPIOB, PIN_TRIG_IN, PULL_DOWN);
    fpxi_clock_enable(&RCC->APB2ENR, RCC_APB2_SYSCFG);
    uint32_t position = (PIN_TRIG_IN % 4u) * 4u;
    reg_t *selection = &SYSCFG->EXTICR[PIN_TRIG_IN / 4u];
    last_high = is_high();
    *selection = (*selection & ~(0xFu << position)) | EXTICR_PORT_B << position;
    EXTI->RTSR |= LINE;
    EXTI->FTSR |= LINE;
    EXTI->PR = LINE;
    EXTI->IMR |= LINE;
    fpxi_irq_enable(IRQ_EXTI9_5, PRIORITY_OTHERS);
}

/* An input that was closed may have changed meanwhile. */
static void reopen(void)
{
    closed = false;
    EXTI->PR = LINE;
    EXTI->IMR |= LINE;
    if (is_high() != last_high) {
        add(!last_high, fpxi_time_now_us());
    }
}

bool fpxi_trigger_input_serve(fpxi_core_t *core)
{
    edge_t taken[EDGES];
    uint32_t primask = fpxi_interrupts_off();
    uint32_t taken_count = count;
    for (uint32_t i = 0; i < taken_count; i++) {
        taken[i] = edges[i];
    }
    count = 0;
    if (closed) {
        reopen();
    }
    fpxi_interrupts_restore(primask);
    for (uint32_t i = 0; i < taken_count; i++) {
        fpxi_core_trigger_input(core, taken[i].high, taken[i].at_us);
    }
    return taken_count != 0u;
}

bool fpxi_trigger_input_pending(void)
{
    return count != 0u;
}
