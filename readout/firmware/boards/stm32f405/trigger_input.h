/* The external trigger input: its edges, with the time of each. */

#ifndef FPXI_TRIGGER_INPUT_H
#define FPXI_TRIGGER_INPUT_H

#include "../../core/core.h"

void fpxi_trigger_input_init(void);

/* Tells the core the edges since the last call. Whether there were any. */
bool fpxi_trigger_input_serve(fpxi_core_t *core);

bool fpxi_trigger_input_pending(void);

#endif
