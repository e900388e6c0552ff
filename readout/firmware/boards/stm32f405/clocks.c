#include "clocks.h"

#include "processor.h"

/* Longest wait for the crystal, in turns of a loop at 16 MHz: some 100 ms, where it needs 2. */
#define CRYSTAL_TURNS 200000u

#define PLL_INPUT_MHZ 1u
#define HSE_MHZ 8u
#define HSI_MHZ 16u

/* A crystal that stops later raises NMI (RM0090, 7.2.7): a processor fault, which makes the board
 * safe. */
bool fpxi_clocks_start_crystal(void)
{
    RCC->CR |= RCC_CR_HSEON;
    for (uint32_t turn = 0; turn < CRYSTAL_TURNS; turn++) {
        if ((RCC->CR & RCC_CR_HSERDY) != 0u) {
            RCC->CR |= RCC_CR_CSSON;
            return true;
        }
    }
    RCC->CR &= ~RCC_CR_HSEON;
    return false;
}

/* Without a PLL no link would run: here, and below, the watchdog ends the wait, and starts anew. */
static void start_pll(bool crystal)
{
    uint32_t source = crystal ? RCC_PLLCFGR_SRC_HSE | RCC_PLLCFGR_M(HSE_MHZ / PLL_INPUT_MHZ)
                              : RCC_PLLCFGR_M(HSI_MHZ / PLL_INPUT_MHZ);
    RCC->PLLCFGR = source | RCC_PLLCFGR_N(336) | RCC_PLLCFGR_P_2 | RCC_PLLCFGR_Q(7);
    RCC->CR |= RCC_CR_PLLON;
    while ((RCC->CR & RCC_CR_PLLRDY) == 0u) {
    }
}

/* Flash at 168 MHz and 3.3 V: 5 wait states (RM0090, table 10), in force before the clock rises. */
static void slow_flash(void)
{
    uint32_t wanted = FLASH_ACR_LATENCY(5u) | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
    FLASH->ACR = wanted;
    while ((FLASH->ACR & FLASH_ACR_LATENCY_MASK) != FLASH_ACR_LATENCY(5u)) {
    }
}

static void switch_to_pll(void)
{
    RCC->CFGR |= RCC_CFGR_PPRE1_4 | RCC_CFGR_PPRE2_2;
    RCC->CFGR = (RCC->CFGR & ~RCC_CFGR_SW_MASK) | RCC_CFGR_SW_PLL;
    while ((RCC->CFGR & RCC_CFGR_SWS_MASK) != RCC_CFGR_SWS_PLL) {
    }
}

void fpxi_clocks_init(bool crystal)
{
    fpxi_clock_enable(&RCC->APB1ENR, RCC_APB1_PWR);
    PWR->CR |= PWR_CR_VOS;
    start_pll(crystal);
    slow_flash();
    switch_to_pll();
}
