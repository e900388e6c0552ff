/* The settings: kept within their ranges, saved and loaded as one image. */

#ifndef FPXI_PARAMETERS_H
#define FPXI_PARAMETERS_H

#include "protocol_generated.h"

/* schema hash, every value */
#define FPXI_PARAMETER_IMAGE_SIZE (32u + 4u * FPXI_PARAMETER_COUNT)

typedef struct {
    const fpxi_panel_description_t *panel;
    uint32_t values[FPXI_PARAMETER_COUNT]; /* an i32 as its bit pattern */
} fpxi_parameters_t;

/* Sets every parameter to its default. */
void fpxi_parameters_init(fpxi_parameters_t *parameters, const fpxi_panel_description_t *panel);

/* Place of the parameter with this id, FPXI_PARAMETER_COUNT where there is none. */
size_t fpxi_parameters_find(const fpxi_parameters_t *parameters, uint16_t id);

bool fpxi_parameters_in_range(const fpxi_parameters_t *parameters, size_t place, uint32_t value);

/* Writes FPXI_PARAMETER_IMAGE_SIZE bytes. */
void fpxi_parameters_save(const fpxi_parameters_t *parameters, uint8_t *image);

typedef enum {
    FPXI_IMAGE_GOOD,
    FPXI_IMAGE_FOREIGN, /* of another version of the definition, or another panel */
    FPXI_IMAGE_BAD      /* a value is out of its range */
} fpxi_image_state_t;

fpxi_image_state_t fpxi_parameters_check(const fpxi_parameters_t *parameters, const uint8_t *image);

/* Takes the saved parameters out of a good image. */
void fpxi_parameters_load(fpxi_parameters_t *parameters, const uint8_t *image);

#endif
