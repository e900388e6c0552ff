#include "scan_timers.h"

#include <stddef.h>

#include "dma.h"
#include "pins.h"

/* Where TIM8 waits and stops: both CNV low, 8 ticks before a slot begins. */
#define REST_TICK 160u

/* --- DMA2 (RM0090, table 43) -------------------------------------------------------------------- *
 *
 * While it serves AHB and APB2 at once, DMA2 may repeat a write to AHB (errata sheet ES0182: "DMA2 data
 * corruption when managing AHB and APB2 peripherals in a concurrent way"). A word for BSRR that is
 * written twice changes nothing; a FIFO on AHB must not be served beside these streams. */

#define STREAM_RECEIVE 0u  /* SPI1_RX, channel 3 */
#define STREAM_WAVEFORM 1u /* TIM8_UP, channel 7 */
#define STREAM_READ_A 2u   /* TIM8_CH1, channel 7 */
#define STREAM_READ_B 3u   /* TIM1_CH1, channel 6 */
#define STREAMS 4u

#define RECEIVE_CR                                                                                 \
    (DMA_CR_CHSEL(3u) | DMA_CR_PL(2u) | DMA_CR_MSIZE_16 | DMA_CR_PSIZE_16 | DMA_CR_MINC |          \
     DMA_CR_CIRC)
#define WAVEFORM_CR                                                                                \
    (DMA_CR_CHSEL(7u) | DMA_CR_PL(3u) | DMA_CR_MSIZE_32 | DMA_CR_PSIZE_32 | DMA_CR_MINC |          \
     DMA_CR_CIRC | DMA_CR_DIR_TO_PERIPHERAL)
#define READ_CR(channel)                                                                           \
    (DMA_CR_CHSEL(channel) | DMA_CR_PL(2u) | DMA_CR_MSIZE_16 | DMA_CR_PSIZE_16 | DMA_CR_CIRC |     \
     DMA_CR_DIR_TO_PERIPHERAL)

/* --- pins --------------------------------------------------------------------------------------- */

#define FUNCTION_TIM1 1u
#define FUNCTION_TIM8 3u
#define FUNCTION_SPI1 5u
#define PIN_CNV_A 6u   /* port C */
#define PIN_CLK 8u     /* port C */
#define PIN_CNV_B 8u   /* port A */
#define PIN_SCK 5u     /* port A */
#define PIN_MISO 6u    /* port A */
#define PIN_GAIN_0 10u /* port C, and the two above it */
#define RANGE_MASK 7u

static uint8_t converters_present; /* set once */
static uint32_t wake_slots;        /* of the scan that is loaded */
static const uint16_t dummy_word;  /* sent to have a converter's word clocked out */

/* --- start-up ----------------------------------------------------------------------------------- */

static void init_pins(void)
{
    static const uint8_t signals[] = {SIGNAL_STV, SIGNAL_CPV, SIGNAL_OE,   SIGNAL_IRST,
                                      SIGNAL_SHR, SIGNAL_SHS, SIGNAL_INTG, SIGNAL_STI};
    GPIOB->BSRR = ALL_LOW;
    GPIOC->BSRR = RANGE_MASK << (PIN_GAIN_0 + 16u);
    for (uint32_t i = 0u; i < sizeof signals; i++) {
        fpxi_pin_output(GPIOB, signals[i]);
    }
    for (uint32_t i = 0u; i < 3u; i++) {
        fpxi_pin_output(GPIOC, PIN_GAIN_0 + i);
    }
    fpxi_pin_alternate(GPIOC, PIN_CNV_A, FUNCTION_TIM8, PULL_DOWN);
    fpxi_pin_alternate(GPIOC, PIN_CLK, FUNCTION_TIM8, PULL_DOWN);
    fpxi_pin_alternate(GPIOA, PIN_CNV_B, FUNCTION_TIM1, PULL_DOWN);
    fpxi_pin_alternate(GPIOA, PIN_SCK, FUNCTION_SPI1, PULL_DOWN);
    fpxi_pin_alternate(GPIOA, PIN_MISO, FUNCTION_SPI1, PULL_DOWN);
}

/* The update that loads the registers is no request (URS), and nobody counts it yet. The trigger is
 * chosen before the mode (RM0090, 17.4.3). */
static void init_slot_timer(tim_t *timer, uint32_t trigger, uint32_t channels)
{
    timer->CR1 = TIM_CR1_URS;
    timer->PSC = 0u;
    timer->ARR = SLOT_TICKS - 1u;
    timer->CCR[0] = CONVERSION_TICKS;
    timer->CCR[2] = CLOCK_RISES_TICK;
    timer->CCMR[0] = TIM_CCMR_OCM_FORCE_INACTIVE | TIM_CCMR_OCPE;
    timer->CCMR[1] = TIM_CCMR_OCM_PWM2 | TIM_CCMR_OCPE;
    timer->CCER = channels;
    timer->CR2 = TIM_CR2_MMS_UPDATE;
    timer->EGR = TIM_EGR_UG;
    timer->SR = 0u;
    timer->SMCR = TIM_SMCR_TS_ITR(trigger);
    timer->SMCR = TIM_SMCR_TS_ITR(trigger) | TIM_SMCR_SMS_GATED;
    timer->BDTR = TIM_BDTR_MOE;
}

/* Compares, without outputs, with the first slot and the last. */
static void init_slot_counter(void)
{
    TIM2->CR1 = TIM_CR1_URS;
    TIM2->ARR = UINT32_MAX;
    TIM2->CCMR[0] = 0u;
    TIM2->CCR[0] = 1u;
    TIM2->EGR = TIM_EGR_UG;
    TIM2->SR = 0u;
    TIM2->SMCR = TIM_SMCR_TS_ITR(1u); /* TIM8 */
    TIM2->SMCR = TIM_SMCR_TS_ITR(1u) | TIM_SMCR_SMS_EXTERNAL_CLOCK;
}

/* What OC1REF of TIM5, the gate, does when the clock reaches CCR1. */
static void set_gate(uint32_t mode)
{
    TIM5->CCMR[0] = (TIM5->CCMR[0] & ~(uint32_t)0xFFu) | mode;
}

void fpxi_timers_init(uint8_t converters)
{
    converters_present = converters;
    fpxi_clock_enable(&RCC->AHB1ENR,
                      RCC_AHB1_GPIOA | RCC_AHB1_GPIOB | RCC_AHB1_GPIOC | RCC_AHB1_DMA2);
    fpxi_clock_enable(&RCC->APB1ENR, RCC_APB1_TIM2);
    fpxi_clock_enable(&RCC->APB2ENR, RCC_APB2_TIM1 | RCC_APB2_TIM8 | RCC_APB2_SPI1);
    set_gate(TIM_CCMR_OCM_FORCE_INACTIVE);
    TIM5->CR2 = (TIM5->CR2 & ~TIM_CR2_MMS_MASK) | TIM_CR2_MMS_OC1REF;
    init_slot_timer(TIM8, 3u, TIM_CCER_CCE(1u) | TIM_CCER_CCE(3u)); /* ITR3: TIM5 */
    init_slot_timer(TIM1, 0u, TIM_CCER_CCE(1u));                    /* ITR0: TIM5 */
    init_slot_counter();
    SPI1->CR1 = SPI_CR1_MSTR | SPI_CR1_SSM | SPI_CR1_SSI | SPI_CR1_DFF_16 | SPI_CR1_BR(0u);
    SPI1->CR2 = SPI_CR2_RXDMAEN;
    SPI1->CR1 |= SPI_CR1_SPE;
    init_pins();
    fpxi_irq_enable(IRQ_TIM2, PRIORITY_SCAN);
}

/* --- one scan ----------------------------------------------------------------------------------- */

uint32_t fpxi_clock_us(void)
{
    return TIM5->CNT;
}

static void start_conversions(const fpxi_rows_t *rows)
{
    fpxi_dma_start(DMA2, STREAM_RECEIVE, RECEIVE_CR, &SPI1->DR, rows->words, rows->ring_words);
    fpxi_dma_start(DMA2, STREAM_READ_A, READ_CR(7u), &SPI1->DR, &dummy_word, 1u);
    TIM8->CCMR[0] = TIM_CCMR_OCM_PWM1 | TIM_CCMR_OCPE;
    TIM8->DIER = TIM_DIER_UDE | TIM_DIER_CCDE(1u);
    if (converters_present == 2u) {
        fpxi_dma_start(DMA2, STREAM_READ_B, READ_CR(6u), &SPI1->DR, &dummy_word, 1u);
        TIM1->CCMR[0] = TIM_CCMR_OCM_PWM1 | TIM_CCMR_OCPE;
        TIM1->DIER = TIM_DIER_CCDE(1u);
    }
}

/* Flags are cleared before requests are enabled: one left over would be served at once. */
void fpxi_timers_load(const fpxi_scan_t *scan)
{
    TIM8->CNT = REST_TICK;
    TIM1->CNT = REST_TICK - HALF_SLOT_TICKS;
    TIM8->SR = 0u;
    TIM1->SR = 0u;
    TIM2->CNT = 0u;
    TIM2->CCR[1] = scan->slots;
    TIM2->CCR[2] = scan->wake_slots + FPXI_LANDING_SLOTS;
    TIM2->SR = 0u;
    wake_slots = scan->wake_slots;
    uint32_t range = scan->range & RANGE_MASK;
    GPIOC->BSRR = range << PIN_GAIN_0 | (~range & RANGE_MASK) << (PIN_GAIN_0 + 16u);
    GPIOB->BSRR = scan->token ? HIGH(STV) : LOW(STV);
    fpxi_dma_start(DMA2, STREAM_WAVEFORM, WAVEFORM_CR, &GPIOB->BSRR, scan->words,
                   scan->word_count);
    TIM8->DIER = TIM_DIER_UDE;
    if (scan->rows != NULL) {
        start_conversions(scan->rows);
    }
    TIM2->DIER = TIM_DIER_CCIE(1u) | TIM_DIER_CCIE(2u) |
                 (scan->wake_slots != 0u ? TIM_DIER_CCIE(3u) : 0u);
    TIM2->CR1 |= TIM_CR1_CEN;
    TIM8->CR1 |= TIM_CR1_CEN;
    TIM1->CR1 |= TIM_CR1_CEN;
}

uint32_t fpxi_timers_take_events(void)
{
    uint32_t flags = TIM2->SR;
    TIM2->SR = ~flags;
    bool landed = (flags & TIM2->DIER & TIM_SR_CCIF(3u)) != 0u;
    if (landed) {
        TIM2->CCR[2] += wake_slots;
    }
    return ((flags & TIM_SR_CCIF(1u)) != 0u ? FPXI_FIRST_SLOT : 0u) |
           ((flags & TIM_SR_CCIF(2u)) != 0u ? FPXI_LAST_SLOT : 0u) |
           (landed ? FPXI_ROWS_LANDED : 0u);
}

void fpxi_timers_start_at(uint32_t start_us)
{
    TIM5->CCR[0] = start_us;
    set_gate(TIM_CCMR_OCM_ACTIVE_ON_MATCH);
}

void fpxi_timers_end_at(uint32_t end_us)
{
    TIM5->CCR[0] = end_us;
    set_gate(TIM_CCMR_OCM_INACTIVE_ON_MATCH);
}

/* A time just past comes again after 71 minutes only. */
void fpxi_timers_cancel_start(void)
{
    TIM5->CCR[0] = fpxi_clock_us() - 1u;
}

uint32_t fpxi_timers_slots(void)
{
    return TIM2->CNT;
}

bool fpxi_timers_landed(const fpxi_scan_t *scan, uint32_t slots)
{
    if (scan->rows == NULL) {
        return true;
    }
    uint32_t ring = scan->rows->ring_words;
    return DMA2->S[STREAM_RECEIVE].NDTR == ring - slots * converters_present % ring;
}

bool fpxi_timers_failed(void)
{
    uint32_t flags = 0u;
    for (uint32_t stream = 0u; stream < STREAMS; stream++) {
        flags |= fpxi_dma_flags(DMA2, stream);
    }
    return (flags & (DMA_TEIF | DMA_DMEIF)) != 0u || (SPI1->SR & SPI_SR_OVR) != 0u;
}

/* The converters' outputs are low when the gate is shut, and are held there; the multiplexer's clock
 * stays high. A word left in SPI1 would be taken for the next scan's first. */
void fpxi_timers_rest(void)
{
    set_gate(TIM_CCMR_OCM_FORCE_INACTIVE);
    TIM8->CR1 &= ~TIM_CR1_CEN;
    TIM1->CR1 &= ~TIM_CR1_CEN;
    TIM2->CR1 &= ~TIM_CR1_CEN;
    TIM8->DIER = 0u;
    TIM1->DIER = 0u;
    TIM2->DIER = 0u;
    TIM2->SR = 0u;
    TIM8->CCMR[0] = TIM_CCMR_OCM_FORCE_INACTIVE | TIM_CCMR_OCPE;
    TIM1->CCMR[0] = TIM_CCMR_OCM_FORCE_INACTIVE | TIM_CCMR_OCPE;
    for (uint32_t stream = 0u; stream < STREAMS; stream++) {
        fpxi_dma_stop(DMA2, stream);
    }
    (void)SPI1->DR;
    (void)SPI1->SR;
    GPIOB->BSRR = ALL_LOW;
}
