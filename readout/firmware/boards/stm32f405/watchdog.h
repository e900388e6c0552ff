/* The independent watchdog: resets the board unless kicked every second. */

#ifndef FPXI_WATCHDOG_H
#define FPXI_WATCHDOG_H

/* Cannot be stopped again but by a reset. */
void fpxi_watchdog_start(void);
void fpxi_watchdog_kick(void);

#endif
