/* The timers, DMA streams and SPI1 that play one scan.
 *
 * TIM8 has a period of one slot: its update plays a word (DMA2 stream 1), its channel 1 starts
 * converter A and, falling, has its word read (stream 2), its channel 3 is the multiplexer's clock.
 * TIM1 does the same for converter B (stream 3), half a slot later. SPI1 receives into a ring of
 * words (stream 0). TIM2 counts the slots. Channel 1 of TIM5, the board's clock, lets TIM8 and TIM1
 * run from the start of a scan to its end (gated mode): to the tick, whatever the processor does.
 *
 * All but the first function are to be called with interrupts off, or from the interrupt of TIM2. */

#ifndef FPXI_SCAN_TIMERS_H
#define FPXI_SCAN_TIMERS_H

#include "waveforms.h"

/* Words of a whole scan of the tft64 with two converters: 65 lines of 33 slots. */
#define FPXI_RING_WORDS 4290u

/* A word has landed, at the latest, when the second slot after its own has begun. */
#define FPXI_LANDING_SLOTS 3u

typedef enum {
    FPXI_ROWS_NONE,
    FPXI_ROWS_EXPECTED, /* the scan waits or runs */
    FPXI_ROWS_COMPLETE,
    FPXI_ROWS_FAILED, /* the scan was missed, or something was lost */
} fpxi_rows_state_t;

/* Where the words of a scan land: written by DMA. */
typedef struct {
    volatile fpxi_rows_state_t state;
    uint32_t slots;      /* of the scan */
    uint32_t ring_words; /* used: whole lines */
    const volatile uint16_t *words;
} fpxi_rows_t;

typedef struct {
    const uint32_t *words; /* for BSRR, played in a circle */
    uint16_t word_count;
    bool token;        /* STV is set before the start */
    uint8_t range;     /* of the front end */
    uint32_t slots;    /* how long it lasts */
    uint32_t pass;     /* slots after which it may be ended early */
    uint32_t start_us; /* TIM5 */
    fpxi_rows_t *rows; /* NULL: nothing is converted */
    uint32_t wake_slots; /* interrupt whenever the words of so many slots have landed; 0: never */
} fpxi_scan_t;

/* Everything at rest; TIM5 must run. Enables the interrupt of TIM2. */
void fpxi_timers_init(uint8_t converters);

/* TIM5's count. */
uint32_t fpxi_clock_us(void);

/* Whether a comes before b on a clock of 32 bits that wraps. */
static inline bool fpxi_before(uint32_t a_us, uint32_t b_us)
{
    return (int32_t)(a_us - b_us) < 0;
}

/* Sets up a scan. TIM2 interrupts when its first slot (FPXI_FIRST_SLOT) and when its last slot
 * (FPXI_LAST_SLOT) has begun. */
void fpxi_timers_load(const fpxi_scan_t *scan);

#define FPXI_FIRST_SLOT 1u
#define FPXI_LAST_SLOT 2u
#define FPXI_ROWS_LANDED 4u /* as many as wake_slots has */
uint32_t fpxi_timers_take_events(void);

/* Has the clock start the scan, or end it, at a time that must not have come yet. */
void fpxi_timers_start_at(uint32_t start_us);
void fpxi_timers_end_at(uint32_t end_us);

/* Takes a start back. It may just have come: the clock tells. */
void fpxi_timers_cancel_start(void);

/* Slots begun. */
uint32_t fpxi_timers_slots(void);

/* Whether all words of so many slots have landed. */
bool fpxi_timers_landed(const fpxi_scan_t *scan, uint32_t slots);

/* Whether DMA or SPI1 lost anything. */
bool fpxi_timers_failed(void);

/* Stops everything; pins at rest, gates off. */
void fpxi_timers_rest(void);

#endif
