/* The array of the native board: when it is exposed and when its rows have been read. The samples
 * come from the hook `expose`. */

#ifndef FPXI_NATIVE_ARRAY_H
#define FPXI_NATIVE_ARRAY_H

#include "../../core/hardware.h"

/* The hooks of hardware.h; the context is the device. */
int fpxi_native_begin_exposure(void *context, const fpxi_exposure_t *exposure, uint64_t *began_us);
int fpxi_native_begin_readout(void *context, const fpxi_exposure_t *next, uint64_t *began_us);
int fpxi_native_read_row(void *context, uint16_t row, uint16_t *samples);
void fpxi_native_abandon(void *context);

#endif
