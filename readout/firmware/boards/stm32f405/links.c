#include "links.h"

#include "clocks.h"
#include "dma.h"
#include "interrupts.h"
#include "pins.h"
#include "time.h"

#define RING_SIZE 2048u

/* Bytes sent in one go: so long does an answer wait behind frame data. */
#define MOST_SENT 2048u

/* Two characters at the slowest rate. */
#define DRAIN_US 2500u

#define ALTERNATE_USART 7u
#define ERRORS (USART_SR_FE | USART_SR_NF | USART_SR_ORE)

/* What is soldered: DMA requests as in RM0090, tables 42 and 43. */
typedef struct {
    usart_t *usart;
    dma_t *dma;
    uint8_t receive_stream;
    uint8_t transmit_stream;
} wiring_t;

typedef struct {
    volatile uint32_t laps; /* of the ring, by DMA */
    uint32_t taken;         /* bytes since start-up that the core has */
    uint32_t sending;       /* bytes that DMA was given; 0: none */
    volatile bool sent;
} link_t;

static const wiring_t wirings[FPXI_LINKS] = {
    {USART1, DMA2, 5, 7},
    {USART2, DMA1, 5, 6},
};

#define CHANNEL 4u /* all four requests */

static link_t links[FPXI_LINKS];
volatile uint32_t fpxi_link_errors[FPXI_LINKS];
FPXI_DMA_MEMORY static uint8_t rings[FPXI_LINKS][RING_SIZE];

/* --- start ------------------------------------------------------------------------------------ */

static uint32_t divider(uint32_t clock_hz, uint32_t baud)
{
    return (clock_hz + baud / 2u) / baud;
}

/* The divider counts sixteenths of a bit, with OVER8 eighths: 8 is the least. */
static bool attainable(uint32_t clock_hz, uint32_t baud)
{
    uint32_t divided = divider(clock_hz, baud);
    if (divided < 8u || divided > UINT16_MAX) {
        return false;
    }
    uint32_t actual = clock_hz / divided;
    uint32_t error = actual > baud ? actual - baud : baud - actual;
    return error <= baud / 50u;
}

/* 16 samples a bit tolerate more noise; the highest rates are had with 8 (RM0090, 30.3.4). */
static void set_rate(usart_t *usart, uint32_t clock_hz, uint32_t baud)
{
    uint32_t divided = divider(clock_hz, baud);
    bool by_eight = divided < 16u;
    usart->CR1 = by_eight ? USART_CR1_OVER8 : 0u;
    usart->BRR = by_eight ? (divided & ~7u) << 1 | (divided & 7u) : divided;
}

static void start_receiver(uint8_t link)
{
    const wiring_t *wiring = &wirings[link];
    fpxi_dma_stop(wiring->dma, wiring->receive_stream);
    fpxi_dma_start(wiring->dma, wiring->receive_stream,
                   DMA_CR_CHSEL(CHANNEL) | DMA_CR_PL(2) | DMA_CR_MINC | DMA_CR_CIRC | DMA_CR_HTIE |
                       DMA_CR_TCIE,
                   &wiring->usart->DR, rings[link], RING_SIZE);
}

static void start_link(uint8_t link, uint32_t clock_hz, uint32_t baud, uint32_t flow_control)
{
    const wiring_t *wiring = &wirings[link];
    usart_t *usart = wiring->usart;
    set_rate(usart, clock_hz, baud);
    usart->CR2 = 0; /* one stop bit */
    usart->CR3 = USART_CR3_DMAR | USART_CR3_DMAT | USART_CR3_EIE | flow_control;
    start_receiver(link);
    fpxi_dma_stop(wiring->dma, wiring->transmit_stream);
    usart->CR1 |= USART_CR1_UE;
    usart->CR1 |= USART_CR1_TE | USART_CR1_RE | USART_CR1_IDLEIE;
}

static uint32_t rate(const fpxi_core_t *core, fpxi_parameter_place_t place, uint32_t clock_hz)
{
    uint32_t wanted = core->parameters.values[place];
    return attainable(clock_hz, wanted) ? wanted : core->config.panel->parameters[place].initial;
}

void fpxi_links_init(const fpxi_core_t *core)
{
    fpxi_clock_enable(&RCC->AHB1ENR, RCC_AHB1_DMA1 | RCC_AHB1_DMA2);
    fpxi_clock_enable(&RCC->APB2ENR, RCC_APB2_USART1);
    fpxi_clock_enable(&RCC->APB1ENR, RCC_APB1_USART2);
    fpxi_pin_alternate(GPIOA, 9, ALTERNATE_USART, PULL_NONE);
    fpxi_pin_alternate(GPIOA, 10, ALTERNATE_USART, PULL_UP);
    fpxi_pin_alternate(GPIOA, 0, ALTERNATE_USART, PULL_NONE); /* CTS: the module drives it */
    fpxi_pin_alternate(GPIOA, 1, ALTERNATE_USART, PULL_NONE);
    fpxi_pin_alternate(GPIOA, 2, ALTERNATE_USART, PULL_NONE);
    fpxi_pin_alternate(GPIOA, 3, ALTERNATE_USART, PULL_UP);
    start_link(0, FPXI_PCLK2_HZ, rate(core, FPXI_PLACE_BAUD, FPXI_PCLK2_HZ), 0);
    start_link(1, FPXI_PCLK1_HZ, rate(core, FPXI_PLACE_MODULE_BAUD, FPXI_PCLK1_HZ),
               USART_CR3_RTSE | USART_CR3_CTSE);
    static const irq_t irqs[] = {IRQ_USART1,       IRQ_USART2,       IRQ_DMA1_STREAM5,
                                 IRQ_DMA1_STREAM6, IRQ_DMA2_STREAM5, IRQ_DMA2_STREAM7};
    for (size_t i = 0; i < sizeof irqs / sizeof *irqs; i++) {
        fpxi_irq_enable(irqs[i], PRIORITY_OTHERS);
    }
    GPIOB->BSRR = GPIO_SET(PIN_BT_RESET_N);
}

/* --- receive ---------------------------------------------------------------------------------- */

static bool lap_pending(const wiring_t *wiring)
{
    return (fpxi_dma_flags(wiring->dma, wiring->receive_stream) & DMA_TCIF) != 0u;
}

static uint32_t place(const wiring_t *wiring)
{
    return (RING_SIZE - wiring->dma->S[wiring->receive_stream].NDTR) % RING_SIZE;
}

/* Bytes since start-up, modulo 2^32. A lap that ends between the readings shows as a step back: its
 * flag is up by then. */
static uint32_t arrived(uint8_t link)
{
    const wiring_t *wiring = &wirings[link];
    uint32_t primask = fpxi_interrupts_off();
    uint32_t before = place(wiring);
    bool lap = lap_pending(wiring);
    uint32_t now = place(wiring);
    lap = now < before ? lap_pending(wiring) : lap;
    uint32_t total = (links[link].laps + (lap ? 1u : 0u)) * RING_SIZE + now;
    fpxi_interrupts_restore(primask);
    return total;
}

/* A lap whose interrupt has not come yet is missed here: its interrupt will not let it be. */
static bool anything_new(uint8_t link)
{
    const link_t *state = &links[link];
    return state->laps * RING_SIZE + place(&wirings[link]) != state->taken;
}

/* What was overwritten cannot be told from what was not: all of it goes, and the packets that it cut
 * are sent again by the host. (Two laps while the processor stood still look like one: then the
 * packets' checksums tell.) */
static bool receive(fpxi_core_t *core, uint8_t link)
{
    link_t *state = &links[link];
    if (!anything_new(link)) {
        return false;
    }
    uint32_t end = arrived(link);
    bool any = end != state->taken;
    if (end - state->taken > RING_SIZE) {
        fpxi_link_errors[link]++;
        state->taken = end;
    }
    while (state->taken != end) {
        uint32_t start = state->taken % RING_SIZE;
        uint32_t straight = RING_SIZE - start;
        uint32_t count = end - state->taken < straight ? end - state->taken : straight;
        fpxi_core_receive(core, link, rings[link] + start, count);
        state->taken += count;
    }
    return any;
}

/* --- send ------------------------------------------------------------------------------------- */

static bool take_back(fpxi_core_t *core, uint8_t link)
{
    link_t *state = &links[link];
    if (!state->sent) {
        return false;
    }
    state->sent = false;
    fpxi_core_transmit_consume(core, link, state->sending);
    state->sending = 0;
    return true;
}

static void send(fpxi_core_t *core, uint8_t link)
{
    const wiring_t *wiring = &wirings[link];
    link_t *state = &links[link];
    const uint8_t *bytes;
    size_t count = state->sending == 0u ? fpxi_core_transmit_peek(core, link, &bytes) : 0u;
    if (count == 0u) {
        return;
    }
    state->sending = count < MOST_SENT ? (uint32_t)count : MOST_SENT;
    wiring->usart->SR = USART_SR_ALL & ~USART_SR_TC; /* RM0090, 30.3.13 */
    fpxi_dma_start(wiring->dma, wiring->transmit_stream,
                   DMA_CR_CHSEL(CHANNEL) | DMA_CR_PL(1) | DMA_CR_MINC | DMA_CR_DIR_TO_PERIPHERAL |
                       DMA_CR_TCIE | DMA_CR_TEIE,
                   &wiring->usart->DR, bytes, state->sending);
}

bool fpxi_links_serve(fpxi_core_t *core)
{
    bool news = false;
    for (uint8_t link = 0; link < FPXI_LINKS; link++) {
        news |= take_back(core, link);
        news |= receive(core, link);
        send(core, link);
    }
    return news;
}

bool fpxi_links_pending(void)
{
    bool pending = false;
    for (uint8_t link = 0; link < FPXI_LINKS; link++) {
        pending |= links[link].sent || anything_new(link);
    }
    return pending;
}

void fpxi_links_drain(void)
{
    uint64_t end_us = fpxi_time_now_us() + DRAIN_US;
    for (uint8_t link = 0; link < FPXI_LINKS; link++) {
        while ((wirings[link].usart->SR & USART_SR_TC) == 0u && fpxi_time_now_us() < end_us) {
        }
    }
}

/* --- interrupts: they wake the main loop, which does the work --------------------------------- */

/* Idle line or error: reading SR and then DR clears both (RM0090, 30.6.1). A byte that waits in DR is
 * left to DMA, whose reading it clears them as well: it would be lost here. */
static void usart_interrupt(uint8_t link)
{
    usart_t *usart = wirings[link].usart;
    uint32_t status = usart->SR;
    if ((status & ERRORS) != 0u) {
        fpxi_link_errors[link]++;
    }
    if ((status & (ERRORS | USART_SR_IDLE)) != 0u && (status & USART_SR_RXNE) == 0u) {
        (void)usart->DR;
    }
    fpxi_barrier();
}

static void received_interrupt(uint8_t link)
{
    const wiring_t *wiring = &wirings[link];
    uint32_t flags = fpxi_dma_flags(wiring->dma, wiring->receive_stream);
    fpxi_dma_clear(wiring->dma, wiring->receive_stream, flags);
    if ((flags & DMA_TCIF) != 0u) {
        links[link].laps++;
    }
    fpxi_barrier();
}

static void sent_interrupt(uint8_t link)
{
    fpxi_dma_clear(wirings[link].dma, wirings[link].transmit_stream, DMA_ALL_FLAGS);
    links[link].sent = true;
    fpxi_barrier();
}

void fpxi_isr_usart1(void)
{
    usart_interrupt(0);
}

void fpxi_isr_usart2(void)
{
    usart_interrupt(1);
}

void fpxi_isr_dma2_stream5(void)
{
    received_interrupt(0);
}

void fpxi_isr_dma1_stream5(void)
{
    received_interrupt(1);
}

void fpxi_isr_dma2_stream7(void)
{
    sent_interrupt(0);
}

void fpxi_isr_dma1_stream6(void)
{
    sent_interrupt(1);
}
