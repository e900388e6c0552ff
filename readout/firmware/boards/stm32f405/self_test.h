/* The self-tests that only the board can make. */

#ifndef FPXI_BOARD_SELF_TEST_H
#define FPXI_BOARD_SELF_TEST_H

#include "../../core/hardware.h"
#include "../../core/protocol_generated.h"

/* test: fpxi_board_test_t. */
fpxi_test_outcome_note_t fpxi_board_self_test(uint8_t test);

#endif
