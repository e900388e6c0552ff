/* The firmware's vector table, and what happens before main. */

#include "faults.h"
#include "image.h"
#include "interrupts.h"

extern const uint32_t fpxi_data_load[];
extern uint32_t fpxi_data_start[], fpxi_data_end[];
extern uint32_t fpxi_bss_start[], fpxi_bss_end[];
extern uint32_t fpxi_ccm_start[], fpxi_ccm_end[];
extern const uint32_t fpxi_image_crc_word[];

_Noreturn void fpxi_main(void);
_Noreturn void fpxi_start(void);
void fpxi_reset(void);

typedef void (*handler_t)(void);

typedef struct {
    uint32_t stack;
    handler_t exceptions[15];
    handler_t interrupts[IRQ_COUNT];
} vectors_t;

_Static_assert(sizeof(vectors_t) == 4u * FPXI_VECTOR_COUNT, "RM0090, table 61");

#define FAULT fpxi_processor_fault

__attribute__((section(".vectors"), used)) static const vectors_t vectors = {
    .stack = FPXI_STACK_TOP,
    .exceptions =
        {
            fpxi_reset,
            FAULT, /* NMI */
            FAULT, /* hard fault */
            FAULT, /* memory management */
            FAULT, /* bus */
            FAULT, /* usage */
            NULL, NULL, NULL, NULL, /* reserved */
            FAULT, /* SVCall */
            FAULT, /* debug monitor */
            NULL,  /* reserved */
            FAULT, /* PendSV */
            FAULT, /* SysTick */
        },
    /* An interrupt that nothing enables is a fault if it comes. */
    .interrupts =
        {
            FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, /* 0 to 9 */
            FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, /* 10 to 15 */
            fpxi_isr_dma1_stream5, /* 16 */
            fpxi_isr_dma1_stream6, /* 17 */
            FAULT, FAULT, FAULT, FAULT, FAULT, /* 18 to 22 */
            fpxi_isr_exti9_5, /* 23 */
            FAULT, FAULT, FAULT, FAULT, /* 24 to 27 */
            fpxi_isr_tim2, /* 28 */
            FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, /* 29 to 36 */
            fpxi_isr_usart1, /* 37 */
            fpxi_isr_usart2, /* 38 */
            FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, /* 39 to 48 */
            FAULT, /* 49 */
            fpxi_isr_tim5, /* 50 */
            FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, /* 51 to 60 */
            FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, /* 61 to 67 */
            fpxi_isr_dma2_stream5, /* 68 */
            FAULT, /* 69 */
            fpxi_isr_dma2_stream7, /* 70 */
            FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, /* 71 to 80 */
            FAULT, /* 81 */
        },
};

__attribute__((section(".image_header"), used)) static const fpxi_image_header_t image_header = {
    .magic = FPXI_IMAGE_MAGIC,
    .crc = fpxi_image_crc_word,
};

/* The build puts the checksum here. */
__attribute__((section(".image_crc"), used)) static const uint32_t image_crc = 0;

static void fill(uint32_t *to, const uint32_t *end, const uint32_t *from)
{
    while (to < end) {
        *to++ = from == NULL ? 0u : *from++;
    }
}

_Noreturn void fpxi_start(void)
{
    fill(fpxi_data_start, fpxi_data_end, fpxi_data_load);
    fill(fpxi_bss_start, fpxi_bss_end, NULL);
    fill(fpxi_ccm_start, fpxi_ccm_end, NULL);
    fpxi_main();
}

/* The floating-point unit is off after a reset, and any C may use its registers: it comes first. */
__attribute__((naked)) void fpxi_reset(void)
{
    __asm volatile("ldr r0, =0xE000ED88\n\t" /* CPACR */
                   "ldr r1, [r0]\n\t"
                   "orr r1, r1, #0x00F00000\n\t"
                   "str r1, [r0]\n\t"
                   "dsb\n\t"
                   "isb\n\t"
                   "b fpxi_start");
}
