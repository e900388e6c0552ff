/* What runs first after a reset, and alone in sector 0: starts the firmware if it is whole, else (or
 * if asked to) the boot loader in ROM, which takes new firmware on USART1. It calls nothing outside
 * this file, so that no update of the firmware can harm it. */

#include "image.h"

#define ROM_BASE 0x1FFF0000u /* system memory (AN2606) */

typedef struct {
    uint32_t stack;
    uint32_t reset;
} vectors_t;

static _Noreturn void jump(const vectors_t *vectors)
{
    __asm volatile("msr msp, %0\n\tdsb\n\tisb\n\tbx %1" ::"r"(vectors->stack), "r"(vectors->reset));
    __builtin_unreachable();
}

/* The boot loader leaves the reset flags as they are: lowered here, they tell of the next reset. */
static _Noreturn void start_boot_loader(void)
{
    RCC->CSR |= RCC_CSR_RMVF;
    fpxi_clock_enable(&RCC->APB2ENR, RCC_APB2_SYSCFG);
    SYSCFG->MEMRMP = SYSCFG_MEMRMP_SYSTEM_FLASH;
    fpxi_barrier();
    jump(FPXI_AT(const vectors_t, ROM_BASE));
}

static _Noreturn void start_firmware(void)
{
    SCB_VTOR = FPXI_FIRMWARE_BASE;
    fpxi_barrier();
    jump(FPXI_AT(const vectors_t, FPXI_FIRMWARE_BASE));
}

/* The boot loader in ROM starts the firmware by a jump, with its own clocks and USART left on. */
static bool came_by_reset(void)
{
    return RCC->APB1ENR == 0u && RCC->APB2ENR == 0u;
}

static _Noreturn void stage0(void)
{
    if (!came_by_reset()) {
        fpxi_system_reset();
    }
    bool asked = FPXI_BOOT_REQUEST == FPXI_BOOT_REQUESTED;
    FPXI_BOOT_REQUEST = 0;
    const uint32_t *end = fpxi_image_end();
    if (asked || end == NULL || fpxi_image_crc(end) != *end) {
        start_boot_loader();
    }
    start_firmware();
}

/* Any exception here means that sector 0 itself is damaged. */
static _Noreturn void halt(void)
{
    for (;;) {
    }
}

typedef void (*handler_t)(void);

typedef struct {
    uint32_t stack;
    handler_t reset, nmi, hard_fault, memory_fault, bus_fault, usage_fault;
} stage0_vectors_t;

__attribute__((section(".stage0_vectors"), used)) static const stage0_vectors_t stage0_vectors = {
    .stack = FPXI_STACK_TOP,
    .reset = stage0,
    .nmi = halt,
    .hard_fault = halt,
    .memory_fault = halt,
    .bus_fault = halt,
    .usage_fault = halt,
};
