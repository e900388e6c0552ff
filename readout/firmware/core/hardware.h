/* What a board gives the core: one function for each thing that only hardware can do. */

#ifndef FPXI_HARDWARE_H
#define FPXI_HARDWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FPXI_OK 0
#define FPXI_AGAIN 1 /* not ready yet: ask again */
#define FPXI_FAILED (-1)

#define FPXI_FAULT_FILE_SIZE 24u
#define FPXI_STORAGE_SLOTS 2u
#define FPXI_STORAGE_SLOT_SIZE 16384u

/* How an exposure is to be taken. */
typedef struct {
    uint32_t exposure_us;
    uint8_t gain_setting; /* index into the panel's table */
    uint8_t oversampling; /* conversions averaged for each pixel, 1 to 16 */
    bool cds;             /* subtract the reset level */
    bool request_beam;    /* ask for the beam for exposure_us, once the whole array is empty */
} fpxi_exposure_t;

/* A fault as it is kept across a reset. */
typedef struct {
    uint8_t fault; /* fpxi_fault_t */
    uint32_t line; /* 0: not known */
    uint32_t uptime_ms;
    char file[FPXI_FAULT_FILE_SIZE]; /* ends in a zero */
} fpxi_fault_note_t;

typedef struct {
    uint8_t outcome; /* fpxi_test_outcome_t */
    uint32_t expected;
    uint32_t measured;
} fpxi_test_outcome_note_t;

/* Functions that return int give FPXI_OK, a negative number on failure, or what is said beside
 * them. None may block for longer than a row takes (self_test and storage: 1 s); none may call back
 * into the core, except that the core is idle (and may be initialised anew) once fpxi_core_poll has
 * returned. */
typedef struct fpxi_hardware {
    void *context; /* handed to every function */

    /* Microseconds on a clock that never goes back. */
    uint64_t (*now_us)(void *context);

    /* Sets the bias of the common electrode at once, in mV. A refused set-point leaves the old one. */
    int (*set_bias)(void *context, int32_t bias_mV);

    /* Empties the array and begins to integrate. began_us: when, on the hardware's clock; the
     * exposure lasts until began_us + exposure_us, plus the panel's readout time where the beam is
     * requested, and the hardware keeps to that end by itself. May follow an exposure or read-out
     * that was abandoned at any point. */
    int (*begin_exposure)(void *context, const fpxi_exposure_t *exposure, uint64_t *began_us);

    /* The exposure is over: read out. Where next is given, reading a pixel begins its next exposure,
     * which began at began_us and ends by itself after next->exposure_us; oversampling and cds are
     * those of the last. */
    int (*begin_readout)(void *context, const fpxi_exposure_t *next, uint64_t *began_us);

    /* Writes one row (the panel's columns) to samples. Rows are asked for in order from 0.
     * FPXI_AGAIN while the row is not ready. */
    int (*read_row)(void *context, uint16_t row, uint16_t *samples);

    /* The exposure and the read-out at hand are given up: expose request off, gates off. */
    void (*abandon)(void *context);

    /* Panel temperature in thousandths of a degree Celsius. */
    int32_t (*temperature_mC)(void *context);

    /* Battery voltage in mV; 0 where the board has none. */
    uint32_t (*battery_mV)(void *context);

    /* Two slots of non-volatile memory, FPXI_STORAGE_SLOT_SIZE bytes each. An erased byte reads
     * 0xFF; a word (4-byte aligned) can be programmed once after each erasure. */
    void (*storage_read)(void *context, uint8_t slot, uint32_t offset, void *bytes, size_t size);
    int (*storage_erase)(void *context, uint8_t slot);
    int (*storage_program)(void *context, uint8_t slot, uint32_t offset, uint32_t word);

    /* Keeps a fault across the next reset. */
    void (*note_fault)(void *context, const fpxi_fault_note_t *note);

    /* Tests what only the board can test: outcome not_supported for what it cannot. The bias is 0
     * before the test of its loop, and after it. */
    fpxi_test_outcome_note_t (*self_test)(void *context, uint8_t test);

    /* Bias to zero, gates off, expose request off. Cannot fail; may be called more than once. */
    void (*safe_state)(void *context);

    /* Called once in every poll: a core that is not polled is a core that hangs. */
    void (*kick_watchdog)(void *context);

    /* Asks for a restart of the firmware, with a fpxi_reset_cause_t. May return. */
    void (*reset)(void *context, uint8_t cause);

    /* Asks for a restart into the boot loader. May return; NULL where there is none. */
    void (*enter_bootloader)(void *context);
} fpxi_hardware_t;

#endif
