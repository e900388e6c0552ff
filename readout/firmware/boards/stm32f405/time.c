#include "time.h"

#include "interrupts.h"
#include "pins.h"
#include "processor.h"

#define TICKS_PER_US 84u
#define WAKE 2u   /* channel */
#define EXPOSE 3u /* channel */

static uint64_t last_us;
static uint32_t request_us; /* of the expose request that is yet to be raised; 0: none */

void fpxi_time_init(void)
{
    fpxi_clock_enable(&RCC->APB1ENR, RCC_APB1_TIM5);
    TIM5->PSC = TICKS_PER_US - 1u;
    TIM5->ARR = UINT32_MAX;
    TIM5->EGR = TIM_EGR_UG; /* takes the prescaler over */
    TIM5->SR = 0;
    TIM5->CR1 = TIM_CR1_CEN;
    TIM5->DIER = TIM_DIER_CCIE(WAKE);
    fpxi_irq_enable(IRQ_TIM5, PRIORITY_OTHERS);
}

uint64_t fpxi_time_now_us(void)
{
    uint32_t primask = fpxi_interrupts_off();
    /* Modulo 2^32: right across an overflow. */
    last_us += (uint32_t)(TIM5->CNT - (uint32_t)last_us);
    uint64_t now_us = last_us;
    fpxi_interrupts_restore(primask);
    return now_us;
}

void fpxi_time_sleep_until(uint64_t at_us)
{
    TIM5->CCR[WAKE - 1u] = (uint32_t)at_us;
    if (fpxi_time_now_us() < at_us) {
        __asm volatile("dsb\n\twfi" ::: "memory");
    }
}

void fpxi_time_wait_us(uint32_t duration_us)
{
    uint64_t end_us = fpxi_time_now_us() + duration_us;
    while (fpxi_time_now_us() < end_us) {
    }
}

/* --- expose request --------------------------------------------------------------------------- */

void fpxi_expose_request(uint64_t at_us, uint32_t duration_us)
{
    uint32_t primask = fpxi_interrupts_off();
    request_us = duration_us;
    TIM5->CCR[EXPOSE - 1u] = (uint32_t)at_us;
    TIM5->SR = ~TIM_SR_CCIF(EXPOSE);
    TIM5->DIER |= TIM_DIER_CCIE(EXPOSE);
    fpxi_interrupts_restore(primask);
}

void fpxi_expose_request_off(void)
{
    uint32_t primask = fpxi_interrupts_off();
    request_us = 0;
    TIM5->DIER &= ~TIM_DIER_CCIE(EXPOSE);
    GPIOC->BSRR = GPIO_CLEAR(PIN_EXPOSE_REQ);
    fpxi_interrupts_restore(primask);
}

static void step_expose_request(void)
{
    if (request_us == 0u) {
        fpxi_expose_request_off();
        return;
    }
    GPIOC->BSRR = GPIO_SET(PIN_EXPOSE_REQ);
    uint32_t end_us = TIM5->CCR[EXPOSE - 1u] + request_us;
    TIM5->CCR[EXPOSE - 1u] = end_us;
    request_us = 0;
    if ((int32_t)(TIM5->CNT - end_us) >= 0) { /* so late that the match may be missed */
        fpxi_expose_request_off();
    }
}

void fpxi_isr_tim5(void)
{
    uint32_t due = TIM5->SR & TIM5->DIER & (TIM_SR_CCIF(WAKE) | TIM_SR_CCIF(EXPOSE));
    TIM5->SR = ~due;
    if ((due & TIM_SR_CCIF(EXPOSE)) != 0u) {
        step_expose_request();
    }
    fpxi_barrier(); /* the flag is down before the interrupt may be taken again */
}
