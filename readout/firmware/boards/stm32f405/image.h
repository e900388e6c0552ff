/* How the firmware lies in flash, and how its soundness is told. Stage 0, which is not replaced by an
 * update, relies on what stands here: it cannot change without stage 0. */

#ifndef FPXI_IMAGE_H
#define FPXI_IMAGE_H

#include <stdbool.h>

#include "processor.h"

#define FPXI_FIRMWARE_BASE 0x08010000u /* sector 4; the vector table */
#define FPXI_FLASH_END 0x08100000u
/* The stack is at the bottom of CCM: what overflows it faults, and overwrites nothing. */
#define FPXI_STACK_BOTTOM 0x10000000u
#define FPXI_STACK_TOP 0x10002000u
#define FPXI_VECTOR_COUNT (16u + IRQ_COUNT)
#define FPXI_IMAGE_MAGIC 0x49585046u /* "FPXI" */

/* First word of the memory that is kept across a reset. */
#define FPXI_BOOT_REQUEST (*FPXI_AT(reg_t, 0x2001FF00u))
#define FPXI_BOOT_REQUESTED 0xB007104Du

/* Follows the vector table. */
typedef struct {
    uint32_t magic;
    const uint32_t *crc; /* behind all that it covers, from FPXI_FIRMWARE_BASE on */
} fpxi_image_header_t;

#define FPXI_IMAGE_HEADER \
    FPXI_AT(const fpxi_image_header_t, FPXI_FIRMWARE_BASE + 4u * FPXI_VECTOR_COUNT)

/* Where the firmware ends, and its CRC stands; NULL where there is no firmware. */
static inline const uint32_t *fpxi_image_end(void)
{
    const fpxi_image_header_t *header = FPXI_IMAGE_HEADER;
    uint32_t end = FPXI_ADDRESS(header->crc);
    bool sound = header->magic == FPXI_IMAGE_MAGIC && end > FPXI_ADDRESS(header) &&
                 end <= FPXI_FLASH_END - 4u && end % 4u == 0u;
    return sound ? header->crc : NULL;
}

/* CRC of the words up to end, by the CRC unit (polynomial 0x04C11DB7, start 0xFFFFFFFF, not
 * reflected). */
static inline uint32_t fpxi_image_crc(const uint32_t *end)
{
    fpxi_clock_enable(&RCC->AHB1ENR, RCC_AHB1_CRC);
    CRC->CR = CRC_CR_RESET;
    for (const uint32_t *word = FPXI_AT(const uint32_t, FPXI_FIRMWARE_BASE); word < end; word++) {
        CRC->DR = *word;
    }
    uint32_t crc = CRC->DR;
    RCC->AHB1ENR &= ~RCC_AHB1_CRC;
    return crc;
}

#endif
