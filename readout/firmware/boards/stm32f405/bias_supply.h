/* The bias of the common electrode: a 16-bit DAC on SPI2, and a switch behind it. */

#ifndef FPXI_BIAS_SUPPLY_H
#define FPXI_BIAS_SUPPLY_H

#include "../../core/hardware.h"
#include "../../core/protocol_generated.h"

/* limit_mV: the highest magnitude, which is also what the DAC's full scale gives. Output off. */
void fpxi_bias_supply_init(int32_t limit_mV);

/* The output is on while the bias is not 0. FPXI_FAILED beyond the limit, or where the DAC's bus
 * hangs. */
int fpxi_bias_supply_set(int32_t bias_mV);

void fpxi_bias_supply_off(void);

/* With the output off: drives the DAC to half of either full scale and reads its monitor. The bias is
 * 0 afterwards. */
fpxi_test_outcome_note_t fpxi_bias_supply_test(void);

#endif
