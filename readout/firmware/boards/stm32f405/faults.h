/* What the processor does when it cannot go on. */

#ifndef FPXI_FAULTS_H
#define FPXI_FAULTS_H

/* Every exception that nothing expects: keeps the program counter for after the reset, makes the
 * board safe, and resets it. */
void fpxi_processor_fault(void);

#endif
