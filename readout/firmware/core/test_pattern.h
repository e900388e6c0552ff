/* Samples that are known beforehand, in place of the panel's. */

#ifndef FPXI_TEST_PATTERN_H
#define FPXI_TEST_PATTERN_H

#include "protocol_generated.h"

/* Writes a row of the panel as a pattern other than none. exposure: its number, that of the frame
 * times the exposures averaged in one, plus its place among them. */
void fpxi_test_pattern_row(fpxi_test_pattern_t pattern, uint32_t exposure, uint16_t row,
                           uint16_t columns, uint16_t *samples);

#endif
