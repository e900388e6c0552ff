/* Saved parameters in two slots of non-volatile memory, written in turn: wherever the power is cut,
 * the set saved before or the new one is there at the next start. */

#ifndef FPXI_PARAMETER_STORE_H
#define FPXI_PARAMETER_STORE_H

#include "hardware.h"
#include "parameters.h"

/* size of the record, sequence number, image, CRC-32 over all before it */
#define FPXI_STORE_RECORD_SIZE (4u + 4u + FPXI_PARAMETER_IMAGE_SIZE + 4u)

typedef struct {
    bool loaded;     /* the newest set of this definition is in force now */
    uint8_t damaged; /* slots with a set that is not whole */
} fpxi_store_state_t;

/* Takes the newest set that fits the definition; without one the parameters stay as they are. */
fpxi_store_state_t fpxi_parameter_store_load(const fpxi_hardware_t *hardware,
                                             fpxi_parameters_t *parameters);

/* Writes FPXI_STORE_RECORD_SIZE bytes to the slot that is worth least and reads them back. FPXI_OK,
 * or FPXI_FAILED where they are not there. */
int fpxi_parameter_store_save(const fpxi_hardware_t *hardware, const fpxi_parameters_t *parameters);

/* Compares the slots that hold a set (expected) with those that are whole (measured). */
fpxi_test_outcome_note_t fpxi_parameter_store_test(const fpxi_hardware_t *hardware,
                                                   const fpxi_parameters_t *parameters);

#endif
