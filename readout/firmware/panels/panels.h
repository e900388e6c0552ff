/* The panels that this firmware drives. */

#ifndef FPXI_PANELS_H
#define FPXI_PANELS_H

#include "../core/protocol_generated.h"

/* The panel with an id of the definition; NULL where there is none. */
const fpxi_panel_description_t *fpxi_panel_by_id(uint8_t id);

#endif
