#include "led.h"

#include <stdbool.h>

#include "../../core/protocol_generated.h"
#include "pins.h"

#define SLOW_US 1000000u
#define QUICK_US 250000u

static bool lit;

void fpxi_led_show(uint8_t state, uint64_t now_us)
{
    bool on = true;
    if (state == FPXI_STATE_FAULT) {
        on = now_us / QUICK_US % 2u == 0u;
    } else if (state != FPXI_STATE_IDLE) {
        on = now_us / SLOW_US % 2u == 0u;
    }
    if (on != lit) {
        GPIOC->BSRR = on ? GPIO_SET(PIN_LED) : GPIO_CLEAR(PIN_LED);
        lit = on;
    }
}
