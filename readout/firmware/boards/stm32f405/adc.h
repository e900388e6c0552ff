/* Slow voltages, by ADC1. */

#ifndef FPXI_ADC_H
#define FPXI_ADC_H

#include <stdint.h>

void fpxi_adc_init(void);

/* Each takes 7.5 us. */
int32_t fpxi_adc_temperature_mC(void);
uint32_t fpxi_adc_battery_mV(void);
uint32_t fpxi_adc_bias_monitor_uV(void);

#endif
