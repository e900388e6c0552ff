#include "adc.h"

#include "pins.h"
#include "processor.h"
#include "time.h"

enum { BIAS_MONITOR = 10, BATTERY = 14, TEMPERATURE = 15 };

#define STABILISATION_US 3u /* tSTAB of the data sheet */

void fpxi_adc_init(void)
{
    fpxi_pin_analog(GPIOC, 0);
    fpxi_pin_analog(GPIOC, 4);
    fpxi_pin_analog(GPIOC, 5);
    fpxi_clock_enable(&RCC->APB2ENR, RCC_APB2_ADC1);
    ADC_COMMON_CCR = ADC_CCR_PRESCALER_4; /* 21 MHz */
    ADC1->CR1 = 0;                        /* 12 bits, no scan */
    ADC1->SMPR1 = ADC_SMPR1_144_CYCLES(BIAS_MONITOR) | ADC_SMPR1_144_CYCLES(BATTERY) |
                  ADC_SMPR1_144_CYCLES(TEMPERATURE);
    ADC1->SQR1 = 0; /* one conversion */
    ADC1->CR2 = ADC_CR2_ADON;
    fpxi_time_wait_us(STABILISATION_US);
}

/* Full scale, 4095, is 3.3 V. A converter that never ends is the watchdog's. */
static uint32_t measure_uV(uint32_t channel)
{
    ADC1->SQR3 = channel;
    ADC1->CR2 |= ADC_CR2_SWSTART;
    while ((ADC1->SR & ADC_SR_EOC) == 0u) {
    }
    uint32_t code = ADC1->DR; /* lowers the flag */
    return (code * 660000u + 409u) / 819u; /* 3 300 000 / 4095, shortened by 5 */
}

/* The sensor gives 0.5 V at 0 degrees, and 10 mV for each. */
int32_t fpxi_adc_temperature_mC(void)
{
    return ((int32_t)measure_uV(TEMPERATURE) - 500000) / 10;
}

/* Half the battery's voltage is at the pin. */
uint32_t fpxi_adc_battery_mV(void)
{
    return measure_uV(BATTERY) / 500u;
}

uint32_t fpxi_adc_bias_monitor_uV(void)
{
    return measure_uV(BIAS_MONITOR);
}
