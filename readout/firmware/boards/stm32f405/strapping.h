/* What is plugged in, as its straps tell. */

#ifndef FPXI_STRAPPING_H
#define FPXI_STRAPPING_H

#include <stdbool.h>

#include "../../core/protocol_generated.h"

typedef struct {
    const fpxi_panel_description_t *panel; /* the first known panel where none is told */
    uint8_t converters;
    bool identified; /* exactly one known panel */
} fpxi_strapping_t;

fpxi_strapping_t fpxi_strapping_read(void);

#endif
