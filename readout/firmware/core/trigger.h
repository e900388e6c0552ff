/* The external trigger input: a pulse counts once it has been high for the debounce time. */

#ifndef FPXI_TRIGGER_H
#define FPXI_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t since_us; /* when the input last changed */
    bool high;
    bool counted; /* this pulse has been reported */
} fpxi_trigger_t;

void fpxi_trigger_init(fpxi_trigger_t *trigger);

/* Takes a change of the input. Whether the pulse that it ended counts and was not reported yet. */
bool fpxi_trigger_change(fpxi_trigger_t *trigger, bool high, uint64_t at_us, uint32_t debounce_us);

/* True once for each pulse, when it has lasted for the debounce time. */
bool fpxi_trigger_poll(fpxi_trigger_t *trigger, uint64_t now_us, uint32_t debounce_us);

/* When a pulse at hand will count; UINT64_MAX where none is. */
uint64_t fpxi_trigger_deadline(const fpxi_trigger_t *trigger, uint32_t debounce_us);

#endif
