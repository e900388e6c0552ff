/* The status LED: on while idle, slow flashes while acquiring, quick ones after a fault. */

#ifndef FPXI_LED_H
#define FPXI_LED_H

#include <stdint.h>

/* state: fpxi_state_t. */
void fpxi_led_show(uint8_t state, uint64_t now_us);

#endif
