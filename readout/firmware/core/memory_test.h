/* A march test of memory: finds stuck bits, coupled bits, and addresses that are not told apart. */

#ifndef FPXI_MEMORY_TEST_H
#define FPXI_MEMORY_TEST_H

#include <stddef.h>
#include <stdint.h>

/* March C- (A. J. van de Goor, Testing Semiconductor Memories, 1991) with five backgrounds, which
 * tell apart every two bits of a word: 50 accesses to each of count words. Their content is lost.
 * Returns the first word that did not hold what was written; NULL where all did. */
const volatile uint16_t *fpxi_memory_test(volatile uint16_t *memory, size_t count);

#endif
