#include "strapping.h"

#include "pins.h"
#include "time.h"

#define RISE_US 10u /* of a pin, by its weak pull-up alone */

static bool is_low(const gpio_t *port, unsigned pin)
{
    return (port->IDR & (1u << pin)) == 0u;
}

/* The panel ties its own pin to ground. The converter strap goes to ground where there is one only. */
fpxi_strapping_t fpxi_strapping_read(void)
{
    fpxi_pin_input(GPIOA, PIN_PANEL_ID_0, PULL_UP);
    fpxi_pin_input(GPIOA, PIN_PANEL_ID_1, PULL_UP);
    fpxi_pin_input(GPIOB, PIN_ADC_STRAP, PULL_UP);
    fpxi_time_wait_us(RISE_US);
    bool tft = is_low(GPIOA, PIN_PANEL_ID_0);
    bool cmos = is_low(GPIOA, PIN_PANEL_ID_1);
    bool one_converter = is_low(GPIOB, PIN_ADC_STRAP) || cmos;
    return (fpxi_strapping_t){
        .panel = cmos && !tft ? &fpxi_panel_cmos32 : &fpxi_panel_tft64,
        .converters = one_converter ? 1u : 2u,
        .identified = tft != cmos,
    };
}
