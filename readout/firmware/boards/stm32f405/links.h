/* The two ways to a host: link 0 on USART1 (cable), link 1 on USART2 (Bluetooth module, with RTS and
 * CTS). Bytes come by DMA into a ring and leave by DMA from the core's own queues. */

#ifndef FPXI_BOARD_LINKS_H
#define FPXI_BOARD_LINKS_H

#include "../../core/core.h"

/* At the saved rates. A rate that a link's clock misses by more than 2 % would cut the board off from
 * its host: the parameter's default takes its place. */
void fpxi_links_init(const fpxi_core_t *core);

/* Hands the core what arrived, takes back what left, and sends what it offers. Whether the core has
 * anything new to do. */
bool fpxi_links_serve(fpxi_core_t *core);

/* Whether there is anything to serve. */
bool fpxi_links_pending(void);

/* Waits for the last byte to leave, as far as the other side takes it. */
void fpxi_links_drain(void);

/* Framing, noise and overrun errors since start-up, and rings that overflowed: for the debugger. The
 * host learns of the packets that they damaged. */
extern volatile uint32_t fpxi_link_errors[FPXI_LINKS];

#endif
