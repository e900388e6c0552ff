/* The firmware as a library: a whole device in memory that the caller gives. The caller is the
 * clock, the links and the panel.
 *
 * Functions of one device are to be called from one thread; devices are independent.
 *
 * The way to drive it: poll with the present time; hand over what the links received; poll again;
 * take what it transmits, and poll again if any was taken; sleep until the deadline or until there
 * is input. Input acts at the time of the poll that follows it; of a caller that never catches up,
 * 0.1 s earlier. */

#ifndef FPXI_NATIVE_H
#define FPXI_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define FPXI_EXPORT __declspec(dllexport)
#else
#define FPXI_EXPORT __attribute__((visibility("default")))
#endif

#define FPXI_NATIVE_ABI 6u    /* changes with anything in this file */
#define FPXI_NATIVE_LINKS 2u
#define FPXI_NATIVE_SLOTS 16u /* most frames that a device can hold */

/* Results of functions that return int. */
#define FPXI_NATIVE_OK 0
#define FPXI_NATIVE_UNKNOWN_PANEL (-1)
#define FPXI_NATIVE_BAD_SLOTS (-2)
#define FPXI_NATIVE_MISSING_HOOK (-3)

typedef struct fpxi_native_exposure {
    uint64_t start_us;       /* when it began, on the caller's clock */
    uint32_t integration_us; /* how long each pixel collected charge */
    uint32_t beam_us;        /* for how much of it the beam was wanted */
    int32_t bias_mV;
    uint32_t gain_setting; /* index into the panel's table */
    uint32_t cds;          /* 1: the reset level is subtracted */
    uint32_t oversampling; /* conversions of each pixel */
} fpxi_native_exposure_t;

/* What the device asks of its surroundings. Called from within poll (set_bias also from init and
 * reset) and not to call back into the device. */
typedef struct fpxi_native_hooks {
    void *context; /* handed to every hook */

    /* Fills the conversions of an exposure that has just ended: oversampling times rows times
     * columns, pass by pass and row by row. Called once for each read-out of the array. Negative:
     * the panel failed, and the device goes to its fault state. */
    int (*expose)(void *context, const fpxi_native_exposure_t *exposure, uint16_t *conversions);

    /* Panel temperature in thousandths of a degree Celsius. */
    int32_t (*temperature)(void *context);

    /* Battery voltage in mV; 0 where there is none. */
    uint32_t (*battery)(void *context);

    /* Sets the bias of the common electrode, in mV. Negative: refused. A failing device sets 0,
     * and does not listen to the result. */
    int (*set_bias)(void *context, int32_t bias_mV);

    /* Asks for the beam: the expose-request output is high between two times on the caller's clock.
     * Both 0: no longer. */
    void (*expose_request)(void *context, uint64_t from_us, uint64_t until_us);
} fpxi_native_hooks_t;

typedef struct fpxi_native_config {
    fpxi_native_hooks_t hooks; /* all of them */
    uint64_t now_us;           /* time of start-up on the caller's clock */
    uint8_t serial_number[16]; /* ASCII, padded with zeros */
    uint8_t panel;             /* id in the protocol definition */
    uint8_t slots;             /* frames held: 1 to FPXI_NATIVE_SLOTS */
} fpxi_native_config_t;

FPXI_EXPORT uint32_t fpxi_native_abi(void);

/* Bytes of memory of one device with a panel (id in the protocol definition), to be aligned to 8.
 * 0 where there is no such panel. */
FPXI_EXPORT size_t fpxi_native_size(uint8_t panel);

/* Powers a device on, without saved parameters. The configuration is copied. */
FPXI_EXPORT int fpxi_native_init(void *device, const fpxi_native_config_t *config);

/* Hands over bytes from a link (a number below FPXI_NATIVE_LINKS), in pieces of any size. */
FPXI_EXPORT void fpxi_native_receive(void *device, uint8_t link, const uint8_t *bytes,
                                     size_t count);

/* Lets the device run up to now_us. However late the caller is, exposures and rows keep to their
 * times; more than 0.1 s late, the device counts as having stood still meanwhile. Returns when to
 * poll next: UINT64_MAX when only input, or output that was taken, gives it something to do. A time
 * not after now_us means at once: it returns after every frame, so that its output can be taken. */
FPXI_EXPORT uint64_t fpxi_native_poll(void *device, uint64_t now_us);

/* Lets the device run up to at_us, and then sets the level of its external trigger input. */
FPXI_EXPORT void fpxi_native_trigger(void *device, uint8_t high, uint64_t at_us);

/* Takes up to capacity bytes for a link; returns how many. */
FPXI_EXPORT size_t fpxi_native_transmit(void *device, uint8_t link, uint8_t *bytes,
                                        size_t capacity);

/* Resets the device, wherever it is: output not yet taken is cut off, even within a packet. cause
 * is a reset_cause of the protocol. Saved parameters survive; the note of a fault does unless the
 * cause is power_on. */
FPXI_EXPORT void fpxi_native_reset(void *device, uint8_t cause);

/* Lets the power fail after so many more words of non-volatile memory have been erased or written.
 * From then on the device is dead: it takes and gives nothing until a reset of cause power_on. */
FPXI_EXPORT void fpxi_native_cut_power(void *device, uint32_t words);

#endif
