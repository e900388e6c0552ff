#include "panels.h"

const fpxi_panel_description_t *fpxi_panel_by_id(uint8_t id)
{
    for (size_t i = 0; i < fpxi_panel_count; i++) {
        if (fpxi_panels[i]->id == id) {
            return fpxi_panels[i];
        }
    }
    return NULL;
}
