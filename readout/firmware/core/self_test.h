/* Tests of the board that a host asks for. */

#ifndef FPXI_SELF_TEST_H
#define FPXI_SELF_TEST_H

#include "core.h"

/* Carries out a test (an fpxi_board_test_t, or a number that only newer firmware knows). Tests that
 * restart the device only begin: link is the one that their answer leaves by. */
fpxi_test_outcome_note_t fpxi_self_test(fpxi_core_t *core, uint8_t test, uint8_t link);

#endif
