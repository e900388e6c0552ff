/* The processor's own instructions, and what follows from them. */

#ifndef FPXI_PROCESSOR_H
#define FPXI_PROCESSOR_H

#include "registers.h"

/* Memory that DMA reads or writes: SRAM, never CCM. The build checks that it lies there. */
#define FPXI_DMA_MEMORY __attribute__((section(".dma")))
/* Memory that only the processor uses. */
#define FPXI_CCM_MEMORY __attribute__((section(".ccm")))
/* Memory that keeps its content across a reset. */
#define FPXI_KEPT_MEMORY __attribute__((section(".noinit")))

/* Interrupts: the end of a scan must not wait for anything. */
#define PRIORITY_SCAN 0u
#define PRIORITY_OTHERS 1u

static inline void fpxi_barrier(void)
{
    __asm volatile("dsb\n\tisb" ::: "memory");
}

/* Keeps interrupts off; returns what fpxi_interrupts_restore wants. */
static inline uint32_t fpxi_interrupts_off(void)
{
    uint32_t primask;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
    return primask;
}

static inline void fpxi_interrupts_restore(uint32_t primask)
{
    __asm volatile("msr primask, %0" ::"r"(primask) : "memory");
}

static inline void fpxi_irq_enable(irq_t irq, uint8_t priority)
{
    NVIC_PRIORITY((uint32_t)irq) = NVIC_PRIORITY_VALUE(priority);
    NVIC_ISER((uint32_t)irq / 32u) = 1u << ((uint32_t)irq % 32u);
}

/* A clock needs two cycles of its bus before the first access: reading the register back takes them. */
static inline void fpxi_clock_enable(reg_t *enable, uint32_t bits)
{
    *enable |= bits;
    (void)*enable;
}

static inline _Noreturn void fpxi_system_reset(void)
{
    fpxi_barrier();
    SCB_AIRCR = SCB_AIRCR_RESET;
    fpxi_barrier();
    for (;;) {
    }
}

#endif
