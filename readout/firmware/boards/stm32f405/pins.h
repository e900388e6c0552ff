/* How the pins of a port are set up. */

#ifndef FPXI_PINS_H
#define FPXI_PINS_H

#include <stdbool.h>

#include "registers.h"

#define PIN_LED 7u          /* port C */
#define PIN_EXPOSE_REQ 9u   /* port C */
#define PIN_DAC_CS 2u       /* port C, active low */
#define PIN_HV_EN 2u        /* port D */
#define PIN_BT_RESET_N 7u   /* port B */
#define PIN_TRIG_IN 5u      /* port B */
#define PIN_ADC_STRAP 6u    /* port B */
#define PIN_PANEL_ID_0 11u  /* port A */
#define PIN_PANEL_ID_1 12u  /* port A */

typedef enum { PULL_NONE = 0, PULL_UP = 1, PULL_DOWN = 2 } pull_t;

/* The port's clock must run. Outputs are push-pull and fast; set their level beforehand. */
void fpxi_pin_output(gpio_t *port, unsigned pin);
void fpxi_pin_input(gpio_t *port, unsigned pin, pull_t pull);
void fpxi_pin_analog(gpio_t *port, unsigned pin);
void fpxi_pin_alternate(gpio_t *port, unsigned pin, uint32_t function, pull_t pull);

/* Starts the clocks of all ports, and puts every output of the board that is no panel's at rest.
 * reset_module: whether the Bluetooth module begins anew as well. One that does not keeps its
 * connection, through which its host is then told of the restart. */
void fpxi_pins_init(bool reset_module);

#endif
