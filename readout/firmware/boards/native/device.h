/* The state of a native device, shared by the files of this folder. */

#ifndef FPXI_NATIVE_DEVICE_H
#define FPXI_NATIVE_DEVICE_H

#include <stdbool.h>

#include "../../core/core.h"
#include "fpxi_native.h"
#include "nonvolatile.h"

#define MAX_OVERSAMPLING 16u
#define TRANSMIT_SIZE 32768u
#define MODULE_TRANSMIT_SIZE 8192u /* what waits for a slow link there is old when it leaves */
#define INPUT_SIZE 1024u

typedef struct {
    fpxi_core_t core;
    fpxi_native_hooks_t hooks;
    fpxi_core_config_t config;
    uint64_t now_us;     /* the device has run up to here */
    uint64_t next_us;    /* when the core wants to be polled */
    uint64_t readout_us; /* when the read-out began */
    uint64_t free_us;    /* when the array can be emptied after it */
    uint64_t start_us;   /* of the exposure at hand */
    fpxi_exposure_t exposure;
    uint8_t passes; /* conversions of each pixel read out last */
    int32_t bias_mV;
    bool reset_asked;
    uint8_t asked_cause; /* fpxi_reset_cause_t */
    size_t input_size[FPXI_NATIVE_LINKS];
    bool kicked;            /* in the last poll */
    uint64_t bite_us;       /* when the watchdog resets a core that kicks no more; else UINT64_MAX */
    fpxi_fault_note_t note; /* as if in memory that a reset leaves alone */
    fpxi_nonvolatile_t storage;
    uint8_t input[FPXI_NATIVE_LINKS][INPUT_SIZE]; /* arrived since the last poll */
    uint8_t transmit_memory[TRANSMIT_SIZE];
    uint8_t module_transmit_memory[MODULE_TRANSMIT_SIZE];
    uint16_t *conversions; /* of the array, pass by pass */
} device_t; /* what its panel needs follows: sums, then samples */

#endif
