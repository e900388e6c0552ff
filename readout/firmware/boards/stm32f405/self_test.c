#include "self_test.h"

#include "bias_supply.h"
#include "clocks.h"
#include "image.h"
#include "time.h"

/* --- clock ------------------------------------------------------------------------------------ */

/* The low-speed oscillator has 32 kHz, and may have 17 to 47 (data sheet). 16 captures of every 8th
 * edge: 4000 us by a right clock. */
#define LSI 4u /* channel of TIM5 */
#define CAPTURES 16u
#define NOMINAL_US 4000u
#define LEAST_KHZ (FPXI_SYSCLK_KHZ / 47u * 32u)
#define MOST_KHZ (FPXI_SYSCLK_KHZ / 17u * 32u)
#define CAPTURE_TIMEOUT_US 2000u

/* The count at the next captured edge; false where none comes. Reading CCR4 lowers the flag. */
static bool next_capture(uint32_t *at_us)
{
    uint64_t end_us = fpxi_time_now_us() + CAPTURE_TIMEOUT_US;
    while ((TIM5->SR & TIM_SR_CCIF(LSI)) == 0u) {
        if (fpxi_time_now_us() >= end_us) {
            return false;
        }
    }
    *at_us = TIM5->CCR[LSI - 1u];
    return true;
}

static void connect_oscillator(bool on)
{
    uint32_t primask = fpxi_interrupts_off();
    TIM5->CCER &= ~TIM_CCER_CCE(LSI);
    TIM5->OR = on ? TIM5_OR_TI4_LSI : 0u;
    if (on) {
        TIM5->CCMR[1] |= (TIM_CCMR_CCS_INPUT | TIM_CCMR_ICPSC_8) << TIM_CCMR_SHIFT(LSI);
        TIM5->CCER |= TIM_CCER_CCE(LSI);
    }
    fpxi_interrupts_restore(primask);
}

/* Time of the captures; 0 where the oscillator stands still. */
static uint32_t captured_us(void)
{
    uint32_t first;
    uint32_t last;
    if (!next_capture(&first) || !next_capture(&first)) { /* the first may be left from before */
        return 0;
    }
    for (uint32_t i = 0; i < CAPTURES; i++) {
        if (!next_capture(&last)) {
            return 0;
        }
    }
    return last - first;
}

/* The watchdog keeps the oscillator running. */
static fpxi_test_outcome_note_t test_clock(void)
{
    connect_oscillator(true);
    uint32_t duration_us = captured_us();
    connect_oscillator(false);
    uint32_t measured_kHz = FPXI_SYSCLK_KHZ / NOMINAL_US * duration_us;
    bool passed = measured_kHz >= LEAST_KHZ && measured_kHz <= MOST_KHZ;
    return (fpxi_test_outcome_note_t){
        .outcome = passed ? FPXI_TEST_OUTCOME_PASSED : FPXI_TEST_OUTCOME_FAILED,
        .expected = FPXI_SYSCLK_KHZ,
        .measured = measured_kHz,
    };
}

/* --- firmware --------------------------------------------------------------------------------- */

static fpxi_test_outcome_note_t test_firmware(void)
{
    const uint32_t *end = fpxi_image_end();
    fpxi_test_outcome_note_t note = {.outcome = FPXI_TEST_OUTCOME_FAILED};
    if (end != NULL) {
        note.expected = *end;
        note.measured = fpxi_image_crc(end);
        bool passed = note.measured == note.expected;
        note.outcome = passed ? FPXI_TEST_OUTCOME_PASSED : FPXI_TEST_OUTCOME_FAILED;
    }
    return note;
}

fpxi_test_outcome_note_t fpxi_board_self_test(uint8_t test)
{
    switch (test) {
    case FPXI_BOARD_TEST_CLOCK:
        return test_clock();
    case FPXI_BOARD_TEST_BIAS_LOOP:
        return fpxi_bias_supply_test();
    case FPXI_BOARD_TEST_FIRMWARE:
        return test_firmware();
    default:
        return (fpxi_test_outcome_note_t){.outcome = FPXI_TEST_OUTCOME_NOT_SUPPORTED};
    }
}
