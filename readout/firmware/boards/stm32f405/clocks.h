/* The clock tree: SYSCLK and AHB 168 MHz, APB1 42 MHz (its timers 84), APB2 84 MHz (its timers 168). */

#ifndef FPXI_CLOCKS_H
#define FPXI_CLOCKS_H

#include <stdbool.h>

#define FPXI_SYSCLK_KHZ 168000u
#define FPXI_PCLK1_HZ 42000000u
#define FPXI_PCLK2_HZ 84000000u

/* Whether the crystal runs; it gets 100 ms. */
bool fpxi_clocks_start_crystal(void);

/* Without the crystal the internal 16 MHz oscillator drives the tree, 1 % off: good enough to tell of
 * the failure. The watchdog must run: it ends a wait for a PLL that never locks. */
void fpxi_clocks_init(bool crystal);

#endif
