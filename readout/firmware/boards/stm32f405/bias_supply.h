/* The bias of the common electrode: a 16-bit DAC on SPI2, and a switch behind it. */

#ifndef FPXI_BIAS_SUPPLY_H
#define FPXI_BIAS_SUPPLY_H

#include "../../core/hardware.h"
#include "../../core/protocol_generated.h"

/* limit_mV: the highest magnitude, which is also what the DAC's full scale gives. Output off. */
void fpxi_bias_supply_init(int32_t limit_mV);

/* The output is on while the bias is not 0. FPXI_FAILED beyond the limit. */
int fpxi_bias_supply_set(int32_t bias_mV);

void fpxi_bias_supply_off(void);

/* Drives the DAC to half of either full scale, reads its monitor, and leaves the bias as it was. The
 * output is off meanwhile. */
fpxi_test_outcome_note_t fpxi_bias_supply_test(void);

#endif
