/* What the board remembers across a reset, in memory that start-up does not clear. */

#ifndef FPXI_KEPT_H
#define FPXI_KEPT_H

#include "../../core/hardware.h"
#include "../../core/protocol_generated.h"

void fpxi_kept_note_fault(const fpxi_fault_note_t *note);

/* The fault noted before the reset, if any; fault FPXI_FAULT_NONE without one. Forgets it. */
fpxi_fault_note_t fpxi_kept_take_fault(void);

/* The cause of the reset that is about to be made by software. */
void fpxi_kept_note_cause(fpxi_reset_cause_t cause);

/* What started the firmware, from the reset flags (RM0090, 7.3.21) and, for a reset by software, the
 * cause noted before it. Clears both. */
fpxi_reset_cause_t fpxi_kept_take_cause(void);

/* Has stage 0 start the boot loader after the next reset. */
void fpxi_kept_request_boot_loader(void);

#endif
