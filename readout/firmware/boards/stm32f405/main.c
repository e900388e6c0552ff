/* The super-loop: serve the links, poll the core, sleep until there is something to do. */

#include "board.h"
#include "led.h"
#include "links.h"
#include "processor.h"
#include "scan.h"
#include "time.h"
#include "trigger_input.h"

/* The watchdog wants to hear of the core four times in its second. */
#define LONGEST_SLEEP_US 250000u

/* With interrupts off, one that comes after the test still ends the sleep: nothing is overslept. */
static void sleep_until(uint64_t due_us, uint64_t now_us)
{
    uint64_t latest_us = now_us + LONGEST_SLEEP_US;
    uint32_t primask = fpxi_interrupts_off();
    if (!fpxi_links_pending() && !fpxi_trigger_input_pending() && !fpxi_scan_pending()) {
        fpxi_time_sleep_until(due_us < latest_us ? due_us : latest_us);
    }
    fpxi_interrupts_restore(primask);
}

_Noreturn void fpxi_main(void);

_Noreturn void fpxi_main(void)
{
    fpxi_core_t *core = fpxi_board_start();
    fpxi_links_init(core);
    fpxi_trigger_input_init();
    for (;;) {
        fpxi_scan_poll_begins();
        uint64_t due_us = fpxi_core_poll(core);
        uint64_t now_us = fpxi_time_now_us();
        fpxi_led_show(core->sequencer.state, now_us);
        bool news = fpxi_links_serve(core);
        news |= fpxi_trigger_input_serve(core);
        if (!news) {
            sleep_until(due_us, now_us);
        }
    }
}
