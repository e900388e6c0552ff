/* What a board gives the core: one function for each thing that only hardware can do. */

#ifndef FPXI_HARDWARE_H
#define FPXI_HARDWARE_H

#include <stddef.h>
#include <stdint.h>

#define FPXI_OK 0
#define FPXI_AGAIN 1 /* not ready yet: ask again */
#define FPXI_FAILED (-1)

/* Functions that return int give FPXI_OK, a negative number on failure, or what is said beside
 * them. None may block for longer than a row takes; none may call back into the core, except that
 * the core is idle (and may be initialised anew) once fpxi_core_poll has returned. */
typedef struct fpxi_hardware {
    void *context; /* handed to every function */

    /* Microseconds on a clock that never goes back. */
    uint64_t (*now_us)(void *context);

    /* Sets the bias of the common electrode, in mV. A refused set-point leaves the old one. */
    int (*set_bias)(void *context, int32_t bias_mV);

    /* Empties the array and begins to integrate, for exposure_us microseconds, with a gain setting
     * of the panel's table. May follow an exposure or read-out that was abandoned at any point. */
    int (*begin_exposure)(void *context, uint32_t exposure_us, uint8_t gain_setting);

    /* The exposure is over: sample, hold, and begin to read out. */
    int (*begin_readout)(void *context);

    /* Writes one row (the panel's columns) to samples. Rows are asked for in order from 0.
     * FPXI_AGAIN while the row is not ready. */
    int (*read_row)(void *context, uint16_t row, uint16_t *samples);

    /* Panel temperature in thousandths of a degree Celsius. */
    int32_t (*temperature_mC)(void *context);

    /* Copies the stored parameter image, at most size bytes. Bytes copied; 0 where none is stored. */
    int (*load)(void *context, void *image, size_t size);

    /* Replaces the stored parameter image, wholly or not at all. */
    int (*store)(void *context, const void *image, size_t size);

    /* Bias to zero, gates off. Cannot fail; may be called more than once. */
    void (*safe_state)(void *context);

    /* Called once in every poll: a core that is not polled is a core that hangs. */
    void (*kick_watchdog)(void *context);

    /* Asks for a restart of the firmware, with reset cause `command`. May return. */
    void (*reset)(void *context);
} fpxi_hardware_t;

#endif
