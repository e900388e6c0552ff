#include "pins.h"

#include "processor.h"

enum { MODE_INPUT = 0, MODE_OUTPUT = 1, MODE_ALTERNATE = 2, MODE_ANALOG = 3 };

#define SPEED_VERY_HIGH 3u

static void write_field(reg_t *target, uint32_t mask, unsigned position, uint32_t value)
{
    *target = (*target & ~(mask << position)) | (value << position);
}

static void set_mode(gpio_t *port, unsigned pin, uint32_t mode)
{
    write_field(&port->MODER, 3u, pin * 2u, mode);
}

static void set_pull(gpio_t *port, unsigned pin, pull_t pull)
{
    write_field(&port->PUPDR, 3u, pin * 2u, (uint32_t)pull);
}

void fpxi_pin_output(gpio_t *port, unsigned pin)
{
    write_field(&port->OSPEEDR, 3u, pin * 2u, SPEED_VERY_HIGH);
    set_pull(port, pin, PULL_NONE);
    set_mode(port, pin, MODE_OUTPUT);
}

void fpxi_pin_input(gpio_t *port, unsigned pin, pull_t pull)
{
    set_pull(port, pin, pull);
    set_mode(port, pin, MODE_INPUT);
}

void fpxi_pin_analog(gpio_t *port, unsigned pin)
{
    set_pull(port, pin, PULL_NONE);
    set_mode(port, pin, MODE_ANALOG);
}

void fpxi_pin_alternate(gpio_t *port, unsigned pin, uint32_t function, pull_t pull)
{
    write_field(&port->AFR[pin / 8u], 0xFu, (pin % 8u) * 4u, function);
    write_field(&port->OSPEEDR, 3u, pin * 2u, SPEED_VERY_HIGH);
    set_pull(port, pin, pull);
    set_mode(port, pin, MODE_ALTERNATE);
}

void fpxi_pins_init(bool reset_module)
{
    fpxi_clock_enable(&RCC->AHB1ENR,
                      RCC_AHB1_GPIOA | RCC_AHB1_GPIOB | RCC_AHB1_GPIOC | RCC_AHB1_GPIOD);
    GPIOB->BSRR = reset_module ? GPIO_CLEAR(PIN_BT_RESET_N) : GPIO_SET(PIN_BT_RESET_N);
    GPIOC->BSRR = GPIO_CLEAR(PIN_LED) | GPIO_CLEAR(PIN_EXPOSE_REQ) | GPIO_SET(PIN_DAC_CS);
    GPIOD->BSRR = GPIO_CLEAR(PIN_HV_EN);
    fpxi_pin_output(GPIOB, PIN_BT_RESET_N);
    fpxi_pin_output(GPIOC, PIN_LED);
    fpxi_pin_output(GPIOC, PIN_EXPOSE_REQ);
    fpxi_pin_output(GPIOC, PIN_DAC_CS);
    fpxi_pin_output(GPIOD, PIN_HV_EN);
}
