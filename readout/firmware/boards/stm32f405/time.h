/* The board's clock: TIM5 counts microseconds, and software the overflows. */

#ifndef FPXI_TIME_H
#define FPXI_TIME_H

#include <stdint.h>

void fpxi_time_init(void);

/* Microseconds since start-up. To be called at least once in 71 minutes (a running board does so
 * every time it kicks the watchdog). Any context. */
uint64_t fpxi_time_now_us(void);

/* Sleeps until the time, or any interrupt. Interrupts must be off; they stay off. */
void fpxi_time_sleep_until(uint64_t at_us);

/* Waits without sleep; for the few microseconds that a part needs to settle. */
void fpxi_time_wait_us(uint32_t duration_us);

/* Raises the expose-request output at a time on the board's clock and lowers it duration_us later,
 * by TIM5's channel 3. The time must be in the future and less than 2^31 us away. */
void fpxi_expose_request(uint64_t at_us, uint32_t duration_us);
void fpxi_expose_request_off(void);

#endif
