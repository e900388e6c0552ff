/* What the device does when it finds something wrong, and how that is kept for the next start. */

#ifndef FPXI_FAULTS_H
#define FPXI_FAULTS_H

#include "core.h"

/* True where the condition holds. Else the device goes to its safe state, keeps file and line, and
 * restarts; where the board returns from that, the value is false. */
#define FPXI_ASSERT(core, condition) \
    ((condition) ? true : (fpxi_core_assertion_failed((core), __FILE__, __LINE__), false))

void fpxi_core_assertion_failed(fpxi_core_t *core, const char *file, uint32_t line);

/* The fault that was latched before the start; a watchdog that bit leaves no other note. */
fpxi_fault_note_t fpxi_fault_before_start(const fpxi_core_config_t *config);

#endif
