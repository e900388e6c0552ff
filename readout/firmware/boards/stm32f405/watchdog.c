#include "watchdog.h"

#include "registers.h"

/* 32 kHz / 32 = 1 kHz (RM0090, 21.3): 1.0 s; 0.68 to 1.9 s over the oscillator's tolerance of 17 to
 * 47 kHz. The longest that the firmware may hang by design, an erasure of flash, is 0.5 s. */
#define RELOAD 999u

/* Turns of a loop; the registers take five periods of the oscillator, 300 us at most. */
#define UPDATE_TURNS 100000u

void fpxi_watchdog_start(void)
{
    IWDG->KR = IWDG_KR_START; /* starts the oscillator, too */
    IWDG->KR = IWDG_KR_UNLOCK;
    IWDG->PR = IWDG_PR_32;
    IWDG->RLR = RELOAD;
    for (uint32_t turn = 0; turn < UPDATE_TURNS && IWDG->SR != 0u; turn++) {
    }
    IWDG->KR = IWDG_KR_KICK;
}

void fpxi_watchdog_kick(void)
{
    IWDG->KR = IWDG_KR_KICK;
}
