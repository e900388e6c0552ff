/* Non-volatile memory of the native board. Its power can be made to fail between any two words. */

#ifndef FPXI_NONVOLATILE_H
#define FPXI_NONVOLATILE_H

#include <stdbool.h>

#include "../../core/hardware.h"

typedef struct {
    uint8_t bytes[FPXI_STORAGE_SLOTS][FPXI_STORAGE_SLOT_SIZE];
    uint32_t words_left; /* still written before the power fails; UINT32_MAX: it does not fail */
} fpxi_nonvolatile_t;

/* Erased, with power. */
void fpxi_nonvolatile_init(fpxi_nonvolatile_t *memory);

bool fpxi_nonvolatile_has_power(const fpxi_nonvolatile_t *memory);

/* As the hooks storage_* of hardware.h. Erasing goes from word to word; without power, nothing is
 * written. */
void fpxi_nonvolatile_read(const fpxi_nonvolatile_t *memory, uint8_t slot, uint32_t offset,
                           void *bytes, size_t size);
int fpxi_nonvolatile_erase(fpxi_nonvolatile_t *memory, uint8_t slot);
int fpxi_nonvolatile_program(fpxi_nonvolatile_t *memory, uint8_t slot, uint32_t offset,
                             uint32_t word);

#endif
