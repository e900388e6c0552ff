#include "bias_supply.h"

#include "adc.h"
#include "pins.h"
#include "processor.h"
#include "time.h"

#define ALTERNATE_SPI2 5u
#define ZERO_CODE 0x8000
#define FULL_SCALE 0x7FFF

/* Of the bias monitor: its converter steps by 1/2048 of full scale. */
#define TOLERANCE_PERCENT 1
#define SETTLING_US 1000u
#define MONITOR_FULL_SCALE_UV 3300000

/* Turns of a loop, several times what a word of 1.5 us takes. */
#define BUS_TURNS 10000u

static int32_t limit_mV;

/* --- DAC -------------------------------------------------------------------------------------- */

static bool bus_reaches(uint32_t flag, uint32_t level)
{
    for (uint32_t turn = 0; turn < BUS_TURNS; turn++) {
        if ((SPI2->SR & flag) == level) {
            return true;
        }
    }
    return false;
}

/* A fault may have come in the middle of a word: that one is ended first. */
static void finish_word(void)
{
    (void)bus_reaches(SPI_SR_BSY, 0);
    GPIOC->BSRR = GPIO_SET(PIN_DAC_CS);
    (void)SPI2->DR;
}

/* The received word is read, or it would be an overrun; it tells, too, that the last bit is out. */
static bool write_dac(uint16_t code)
{
    finish_word();
    GPIOC->BSRR = GPIO_CLEAR(PIN_DAC_CS);
    SPI2->DR = code;
    bool sent = bus_reaches(SPI_SR_RXNE, SPI_SR_RXNE);
    finish_word();
    return sent;
}

/* The quotient, rounded to the nearest, halves away from zero. */
static int32_t divide_rounded(int64_t value, int32_t divisor)
{
    int64_t half = value < 0 ? -(divisor / 2) : divisor / 2;
    return (int32_t)((value + half) / divisor);
}

static bool drive(int32_t bias_mV)
{
    int32_t steps = divide_rounded((int64_t)bias_mV * FULL_SCALE, limit_mV);
    return write_dac((uint16_t)(ZERO_CODE + steps));
}

static void switch_output(bool on)
{
    GPIOD->BSRR = on ? GPIO_SET(PIN_HV_EN) : GPIO_CLEAR(PIN_HV_EN);
}

/* --- bias ------------------------------------------------------------------------------------- */

void fpxi_bias_supply_init(int32_t limit)
{
    limit_mV = limit;
    fpxi_pin_alternate(GPIOB, 10, ALTERNATE_SPI2, PULL_NONE);
    fpxi_pin_alternate(GPIOC, 3, ALTERNATE_SPI2, PULL_NONE);
    fpxi_clock_enable(&RCC->APB1ENR, RCC_APB1_SPI2);
    SPI2->CR1 = SPI_CR1_MSTR | SPI_CR1_SSM | SPI_CR1_SSI | SPI_CR1_DFF_16 | SPI_CR1_BR(1);
    SPI2->CR1 |= SPI_CR1_SPE;
    fpxi_bias_supply_off();
}

void fpxi_bias_supply_off(void)
{
    switch_output(false); /* whatever becomes of the DAC */
    (void)drive(0);
}

int fpxi_bias_supply_set(int32_t bias_mV)
{
    if (bias_mV > limit_mV || bias_mV < -limit_mV) {
        return FPXI_FAILED;
    }
    if (bias_mV == 0) {
        fpxi_bias_supply_off();
        return FPXI_OK;
    }
    if (!drive(bias_mV)) {
        return FPXI_FAILED;
    }
    switch_output(true);
    return FPXI_OK;
}

/* --- test ------------------------------------------------------------------------------------- */

static int32_t monitored_mV(void)
{
    int64_t code = divide_rounded((int64_t)fpxi_adc_bias_monitor_uV() * 65535, MONITOR_FULL_SCALE_UV);
    return divide_rounded((code - ZERO_CODE) * limit_mV, FULL_SCALE);
}

static fpxi_test_outcome_note_t test_at(int32_t bias_mV)
{
    (void)drive(bias_mV); /* its monitor tells */
    fpxi_time_wait_us(SETTLING_US);
    int32_t measured_mV = monitored_mV();
    int32_t error_mV = measured_mV - bias_mV;
    int32_t tolerance_mV = limit_mV / 100 * TOLERANCE_PERCENT;
    bool passed = error_mV <= tolerance_mV && error_mV >= -tolerance_mV;
    return (fpxi_test_outcome_note_t){
        .outcome = passed ? FPXI_TEST_OUTCOME_PASSED : FPXI_TEST_OUTCOME_FAILED,
        .expected = (uint32_t)bias_mV,
        .measured = (uint32_t)measured_mV,
    };
}

fpxi_test_outcome_note_t fpxi_bias_supply_test(void)
{
    switch_output(false);
    fpxi_test_outcome_note_t outcome = test_at(-limit_mV / 2);
    if (outcome.outcome == FPXI_TEST_OUTCOME_PASSED) {
        outcome = test_at(limit_mV / 2);
    }
    fpxi_bias_supply_off();
    return outcome;
}
