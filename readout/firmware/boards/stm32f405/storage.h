/* The two slots of saved parameters: flash sectors 2 and 3. The functions are the core's hooks of the
 * same names (core/hardware.h), without their context. */

#ifndef FPXI_STORAGE_H
#define FPXI_STORAGE_H

#include <stddef.h>
#include <stdint.h>

void fpxi_storage_read(uint8_t slot, uint32_t offset, void *bytes, size_t size);

/* The processor stands still for up to 0.5 s, and so does DMA from flash: never during a scan. */
int fpxi_storage_erase(uint8_t slot);
int fpxi_storage_program(uint8_t slot, uint32_t offset, uint32_t word);

#endif
