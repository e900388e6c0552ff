/* Registers of the STM32F405 that this firmware uses, after the reference manual RM0090 and, for the
 * processor's own (NVIC, SCB), the ARMv7-M architecture manual. */

#ifndef FPXI_REGISTERS_H
#define FPXI_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

typedef volatile uint32_t reg_t;

#define FPXI_AT(type, address) ((type *)(uintptr_t)(address))

/* The address that a DMA stream is given. */
#define FPXI_ADDRESS(pointer) ((uint32_t)(uintptr_t)(pointer))

/* --- RCC: reset and clock control (RM0090, 7.3) ------------------------------------------------- */

typedef struct {
    reg_t CR, PLLCFGR, CFGR, CIR;
    reg_t AHB1RSTR, AHB2RSTR, AHB3RSTR, reserved_1c;
    reg_t APB1RSTR, APB2RSTR, reserved_28, reserved_2c;
    reg_t AHB1ENR, AHB2ENR, AHB3ENR, reserved_3c;
    reg_t APB1ENR, APB2ENR, reserved_48, reserved_4c;
    reg_t AHB1LPENR, AHB2LPENR, AHB3LPENR, reserved_5c;
    reg_t APB1LPENR, APB2LPENR, reserved_68, reserved_6c;
    reg_t BDCR, CSR;
} rcc_t;

#define RCC FPXI_AT(rcc_t, 0x40023800u)

#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_CSSON (1u << 19)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)

#define RCC_PLLCFGR_M(m) (m)
#define RCC_PLLCFGR_N(n) ((uint32_t)(n) << 6)
#define RCC_PLLCFGR_P_2 (0u << 16)
#define RCC_PLLCFGR_SRC_HSE (1u << 22)
#define RCC_PLLCFGR_Q(q) ((uint32_t)(q) << 24)

#define RCC_CFGR_SW_PLL 2u
#define RCC_CFGR_SW_MASK 3u
#define RCC_CFGR_SWS_PLL (2u << 2)
#define RCC_CFGR_SWS_MASK (3u << 2)
#define RCC_CFGR_PPRE1_4 (5u << 10)
#define RCC_CFGR_PPRE2_2 (4u << 13)

#define RCC_AHB1_GPIOA (1u << 0)
#define RCC_AHB1_GPIOB (1u << 1)
#define RCC_AHB1_GPIOC (1u << 2)
#define RCC_AHB1_GPIOD (1u << 3)
#define RCC_AHB1_CRC (1u << 12)
#define RCC_AHB1_DMA1 (1u << 21)
#define RCC_AHB1_DMA2 (1u << 22)
#define RCC_APB1_TIM2 (1u << 0)
#define RCC_APB1_TIM5 (1u << 3)
#define RCC_APB1_SPI2 (1u << 14)
#define RCC_APB1_USART2 (1u << 17)
#define RCC_APB1_PWR (1u << 28)
#define RCC_APB2_TIM1 (1u << 0)
#define RCC_APB2_TIM8 (1u << 1)
#define RCC_APB2_USART1 (1u << 4)
#define RCC_APB2_ADC1 (1u << 8)
#define RCC_APB2_SPI1 (1u << 12)
#define RCC_APB2_SYSCFG (1u << 14)

#define RCC_CSR_RMVF (1u << 24)
#define RCC_CSR_BORRSTF (1u << 25)
#define RCC_CSR_PORRSTF (1u << 27)
#define RCC_CSR_SFTRSTF (1u << 28)
#define RCC_CSR_IWDGRSTF (1u << 29)

/* --- PWR (5.4) and FLASH (3.9) ------------------------------------------------------------------ */

typedef struct {
    reg_t CR, CSR;
} pwr_t;

#define PWR FPXI_AT(pwr_t, 0x40007000u)
#define PWR_CR_VOS (1u << 14) /* scale 1: up to 168 MHz */

typedef struct {
    reg_t ACR, KEYR, OPTKEYR, SR, CR, OPTCR;
} flash_t;

#define FLASH FPXI_AT(flash_t, 0x40023C00u)
#define FLASH_KEY_1 0x45670123u
#define FLASH_KEY_2 0xCDEF89ABu
#define FLASH_ACR_LATENCY(ws) (ws)
#define FLASH_ACR_LATENCY_MASK 7u
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)
#define FLASH_ACR_DCEN (1u << 10)
#define FLASH_ACR_DCRST (1u << 12)
#define FLASH_SR_EOP (1u << 0)
#define FLASH_SR_OPERR (1u << 1)
#define FLASH_SR_WRPERR (1u << 4)
#define FLASH_SR_PGAERR (1u << 5)
#define FLASH_SR_PGPERR (1u << 6)
#define FLASH_SR_PGSERR (1u << 7)
#define FLASH_SR_BSY (1u << 16)
#define FLASH_CR_PG (1u << 0)
#define FLASH_CR_SER (1u << 1)
#define FLASH_CR_SNB(sector) ((uint32_t)(sector) << 3)
#define FLASH_CR_PSIZE_32 (2u << 8) /* 2.7 to 3.6 V */
#define FLASH_CR_STRT (1u << 16)
#define FLASH_CR_LOCK (1u << 31)

/* --- GPIO (8.4) --------------------------------------------------------------------------------- */

typedef struct {
    reg_t MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2];
} gpio_t;

#define GPIOA FPXI_AT(gpio_t, 0x40020000u)
#define GPIOB FPXI_AT(gpio_t, 0x40020400u)
#define GPIOC FPXI_AT(gpio_t, 0x40020800u)
#define GPIOD FPXI_AT(gpio_t, 0x40020C00u)

/* Words for BSRR: what sets, and what clears, a pin. */
#define GPIO_SET(pin) (1u << (pin))
#define GPIO_CLEAR(pin) (1u << ((pin) + 16u))

/* --- DMA (10.5) --------------------------------------------------------------------------------- */

typedef struct {
    reg_t CR, NDTR, PAR, M0AR, M1AR, FCR;
} dma_stream_t;

typedef struct {
    reg_t ISR[2];  /* LISR: streams 0 to 3, HISR: 4 to 7 */
    reg_t IFCR[2]; /* LIFCR, HIFCR */
    dma_stream_t S[8];
} dma_t;

#define DMA1 FPXI_AT(dma_t, 0x40026000u)
#define DMA2 FPXI_AT(dma_t, 0x40026400u)

#define DMA_CR_EN (1u << 0)
#define DMA_CR_TEIE (1u << 2)
#define DMA_CR_HTIE (1u << 3)
#define DMA_CR_TCIE (1u << 4)
#define DMA_CR_DIR_TO_PERIPHERAL (1u << 6)
#define DMA_CR_CIRC (1u << 8)
#define DMA_CR_MINC (1u << 10)
#define DMA_CR_PSIZE_16 (1u << 11)
#define DMA_CR_PSIZE_32 (2u << 11)
#define DMA_CR_MSIZE_16 (1u << 13)
#define DMA_CR_MSIZE_32 (2u << 13)
#define DMA_CR_PL(level) ((uint32_t)(level) << 16) /* 0 low to 3 very high */
#define DMA_CR_CHSEL(channel) ((uint32_t)(channel) << 25)

/* Flags of a stream stand at 0, 6, 16 and 22 of its half of ISR and IFCR. */
#define DMA_HALF(stream) ((stream) / 4u)
#define DMA_SHIFT(stream) (((stream) % 2u) * 6u + (((stream) % 4u) / 2u) * 16u)
#define DMA_DMEIF 0x04u
#define DMA_TEIF 0x08u
#define DMA_TCIF 0x20u
#define DMA_ALL_FLAGS 0x3Du

/* --- TIM: advanced (17.4) and general-purpose (18.4) timers ------------------------------------- */

typedef struct {
    reg_t CR1, CR2, SMCR, DIER, SR, EGR, CCMR[2], CCER, CNT, PSC, ARR, RCR, CCR[4], BDTR, DCR, DMAR;
    reg_t OR; /* of TIM2 and TIM5 */
} tim_t;

#define TIM1 FPXI_AT(tim_t, 0x40010000u)
#define TIM2 FPXI_AT(tim_t, 0x40000000u)
#define TIM5 FPXI_AT(tim_t, 0x40000C00u)
#define TIM8 FPXI_AT(tim_t, 0x40010400u)

#define TIM_CR1_CEN (1u << 0)
#define TIM_CR1_URS (1u << 2)
#define TIM_CR2_MMS_UPDATE (2u << 4)
#define TIM_CR2_MMS_OC1REF (4u << 4)
#define TIM_CR2_MMS_MASK (7u << 4)
#define TIM_SMCR_SMS_GATED 5u
#define TIM_SMCR_SMS_EXTERNAL_CLOCK 7u
#define TIM_SMCR_TS_ITR(n) ((uint32_t)(n) << 4)
#define TIM_DIER_CCIE(channel) (1u << (channel)) /* channel 1 to 4 */
#define TIM_DIER_UDE (1u << 8)
#define TIM_DIER_CCDE(channel) (1u << ((channel) + 8u))
#define TIM_SR_CCIF(channel) (1u << (channel))
#define TIM_EGR_UG (1u << 0)
/* One byte of CCMR for each channel: 1 and 3 in the low, 2 and 4 in the high byte. */
#define TIM_CCMR_SHIFT(channel) ((((channel) - 1u) % 2u) * 8u)
#define TIM_CCMR_CCS_INPUT 0x01u /* capture: TIx */
#define TIM_CCMR_ICPSC_8 0x0Cu   /* capture: one in 8 edges */
#define TIM_CCMR_OCPE 0x08u
#define TIM_CCMR_OCM_ACTIVE_ON_MATCH 0x10u
#define TIM_CCMR_OCM_INACTIVE_ON_MATCH 0x20u
#define TIM_CCMR_OCM_FORCE_INACTIVE 0x40u
#define TIM_CCMR_OCM_PWM1 0x60u
#define TIM_CCMR_OCM_PWM2 0x70u
#define TIM_CCER_CCE(channel) (1u << (((channel) - 1u) * 4u))
#define TIM_BDTR_MOE (1u << 15)
#define TIM5_OR_TI4_LSI (1u << 6)

/* --- USART (30.6) ------------------------------------------------------------------------------- */

typedef struct {
    reg_t SR, DR, BRR, CR1, CR2, CR3, GTPR;
} usart_t;

#define USART1 FPXI_AT(usart_t, 0x40011000u)
#define USART2 FPXI_AT(usart_t, 0x40004400u)
#define USART_SR_FE (1u << 1)
#define USART_SR_NF (1u << 2)
#define USART_SR_ORE (1u << 3)
#define USART_SR_IDLE (1u << 4)
#define USART_SR_RXNE (1u << 5)
#define USART_SR_TC (1u << 6)
#define USART_SR_ALL 0x3FFu
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_IDLEIE (1u << 4)
#define USART_CR1_UE (1u << 13)
#define USART_CR1_OVER8 (1u << 15)
#define USART_CR3_EIE (1u << 0)
#define USART_CR3_DMAR (1u << 6)
#define USART_CR3_DMAT (1u << 7)
#define USART_CR3_RTSE (1u << 8)
#define USART_CR3_CTSE (1u << 9)

/* --- SPI (28.5) --------------------------------------------------------------------------------- */

typedef struct {
    reg_t CR1, CR2, SR, DR, CRCPR, RXCRCR, TXCRCR, I2SCFGR, I2SPR;
} spi_t;

#define SPI1 FPXI_AT(spi_t, 0x40013000u)
#define SPI2 FPXI_AT(spi_t, 0x40003800u)
#define SPI_CR1_MSTR (1u << 2)
#define SPI_CR1_BR(n) ((uint32_t)(n) << 3) /* bus clock divided by 2^(n+1) */
#define SPI_CR1_SPE (1u << 6)
#define SPI_CR1_SSI (1u << 8)
#define SPI_CR1_SSM (1u << 9)
#define SPI_CR1_DFF_16 (1u << 11)
#define SPI_CR2_RXDMAEN (1u << 0)
#define SPI_SR_RXNE (1u << 0)
#define SPI_SR_OVR (1u << 6)
#define SPI_SR_BSY (1u << 7)

/* --- ADC (13.13) -------------------------------------------------------------------------------- */

typedef struct {
    reg_t SR, CR1, CR2, SMPR1, SMPR2, JOFR[4], HTR, LTR, SQR1, SQR2, SQR3, JSQR, JDR[4], DR;
} adc_t;

#define ADC1 FPXI_AT(adc_t, 0x40012000u)
#define ADC_COMMON_CCR (*FPXI_AT(reg_t, 0x40012304u))
#define ADC_SR_EOC (1u << 1)
#define ADC_CR2_ADON (1u << 0)
#define ADC_CR2_SWSTART (1u << 30)
#define ADC_SMPR1_144_CYCLES(channel) (6u << (((channel) - 10u) * 3u)) /* channels 10 to 18 */
#define ADC_CCR_PRESCALER_4 (1u << 16)

/* --- EXTI (12.3), SYSCFG (9.2) ------------------------------------------------------------------ */

typedef struct {
    reg_t IMR, EMR, RTSR, FTSR, SWIER, PR;
} exti_t;

#define EXTI FPXI_AT(exti_t, 0x40013C00u)

typedef struct {
    reg_t MEMRMP, PMC, EXTICR[4], reserved_18, reserved_1c, CMPCR;
} syscfg_t;

#define SYSCFG FPXI_AT(syscfg_t, 0x40013800u)
#define SYSCFG_MEMRMP_SYSTEM_FLASH 1u

/* --- IWDG (21.4), CRC (4.4), device signature (39.1) -------------------------------------------- */

typedef struct {
    reg_t KR, PR, RLR, SR;
} iwdg_t;

#define IWDG FPXI_AT(iwdg_t, 0x40003000u)
#define IWDG_KR_UNLOCK 0x5555u
#define IWDG_KR_KICK 0xAAAAu
#define IWDG_KR_START 0xCCCCu
#define IWDG_PR_32 3u

typedef struct {
    reg_t DR, IDR, CR;
} crc_t;

#define CRC FPXI_AT(crc_t, 0x40023000u)
#define CRC_CR_RESET 1u

#define UNIQUE_ID FPXI_AT(const uint8_t, 0x1FFF7A10u)
#define UNIQUE_ID_SIZE 12u

/* --- NVIC, SCB (ARMv7-M, B3) -------------------------------------------------------------------- */

#define NVIC_ISER(n) (*FPXI_AT(reg_t, 0xE000E100u + 4u * (n)))
#define NVIC_PRIORITY(irq) (*FPXI_AT(volatile uint8_t, 0xE000E400u + (irq)))
#define NVIC_PRIORITY_VALUE(level) ((uint8_t)((level) << 4)) /* the upper 4 bits are there */

typedef enum {
    IRQ_DMA1_STREAM5 = 16,
    IRQ_DMA1_STREAM6 = 17,
    IRQ_EXTI9_5 = 23,
    IRQ_TIM2 = 28,
    IRQ_USART1 = 37,
    IRQ_USART2 = 38,
    IRQ_TIM5 = 50,
    IRQ_DMA2_STREAM0 = 56,
    IRQ_DMA2_STREAM5 = 68,
    IRQ_DMA2_STREAM7 = 70,
    IRQ_COUNT = 82
} irq_t;

#define SCB_VTOR (*FPXI_AT(reg_t, 0xE000ED08u))
#define SCB_AIRCR (*FPXI_AT(reg_t, 0xE000ED0Cu))
#define SCB_AIRCR_RESET 0x05FA0004u

/* --- offsets that a forgotten reserved word would shift ----------------------------------------- */

_Static_assert(offsetof(rcc_t, CSR) == 0x74, "RM0090, 7.3.21");
_Static_assert(offsetof(gpio_t, AFR) == 0x20, "RM0090, 8.4.9");
_Static_assert(offsetof(dma_t, S) == 0x10 && sizeof(dma_stream_t) == 0x18, "RM0090, 10.5.5");
_Static_assert(offsetof(tim_t, BDTR) == 0x44 && offsetof(tim_t, OR) == 0x50, "RM0090, 18.4.21");
_Static_assert(offsetof(adc_t, DR) == 0x4C, "RM0090, 13.13.14");
_Static_assert(offsetof(syscfg_t, CMPCR) == 0x20, "RM0090, 9.2.7");

#endif
