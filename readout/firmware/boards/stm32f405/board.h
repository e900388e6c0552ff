/* The board as the core sees it. */

#ifndef FPXI_BOARD_H
#define FPXI_BOARD_H

#include "../../core/core.h"

/* Starts everything but the links and the trigger input, and a core on it. The core is in fault
 * `internal` where the crystal does not run or no single panel is plugged in: it identifies itself
 * then, and can be diagnosed and updated. */
fpxi_core_t *fpxi_board_start(void);

/* Whether the safe state may be asked for: the parts have their clocks. */
bool fpxi_board_ready(void);

/* Bias off, gates off, expose request off. */
void fpxi_board_safe_state(void);

#endif
