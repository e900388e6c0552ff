#include "parameters.h"

#include <string.h>

#include "little_endian.h"

#define HASH_SIZE 32u

void fpxi_parameters_init(fpxi_parameters_t *parameters, const fpxi_panel_description_t *panel)
{
    parameters->panel = panel;
    for (size_t place = 0; place < FPXI_PARAMETER_COUNT; place++) {
        parameters->values[place] = panel->parameters[place].initial;
    }
}

size_t fpxi_parameters_find(const fpxi_parameters_t *parameters, uint16_t id)
{
    size_t place = 0;
    while (place < FPXI_PARAMETER_COUNT && parameters->panel->parameters[place].id != id) {
        place++;
    }
    return place;
}

static bool power_of_two(uint32_t value)
{
    return value != 0u && (value & (value - 1u)) == 0u;
}

bool fpxi_parameters_in_range(const fpxi_parameters_t *parameters, size_t place, uint32_t value)
{
    const fpxi_parameter_t *parameter = &parameters->panel->parameters[place];
    if (place == FPXI_PLACE_AEC_BLOCK_SIZE && !power_of_two(value)) {
        return false; /* the one enumeration with gaps */
    }
    if (parameter->is_signed) {
        return (int32_t)value >= (int32_t)parameter->minimum &&
               (int32_t)value <= (int32_t)parameter->maximum;
    }
    return value >= parameter->minimum && value <= parameter->maximum;
}

void fpxi_parameters_save(const fpxi_parameters_t *parameters, uint8_t *image)
{
    memcpy(image, parameters->panel->dictionary->schema_hash, HASH_SIZE);
    for (size_t place = 0; place < FPXI_PARAMETER_COUNT; place++) {
        fpxi_put_u32(image + HASH_SIZE + 4u * place, parameters->values[place]);
    }
}

static uint32_t image_value(const uint8_t *image, size_t place)
{
    return fpxi_take_u32(image + HASH_SIZE + 4u * place);
}

fpxi_image_state_t fpxi_parameters_check(const fpxi_parameters_t *parameters, const uint8_t *image)
{
    if (memcmp(image, parameters->panel->dictionary->schema_hash, HASH_SIZE) != 0) {
        return FPXI_IMAGE_FOREIGN;
    }
    for (size_t place = 0; place < FPXI_PARAMETER_COUNT; place++) {
        if (parameters->panel->parameters[place].saved &&
            !fpxi_parameters_in_range(parameters, place, image_value(image, place))) {
            return FPXI_IMAGE_BAD;
        }
    }
    return FPXI_IMAGE_GOOD;
}

void fpxi_parameters_load(fpxi_parameters_t *parameters, const uint8_t *image)
{
    for (size_t place = 0; place < FPXI_PARAMETER_COUNT; place++) {
        if (parameters->panel->parameters[place].saved) {
            parameters->values[place] = image_value(image, place);
        }
    }
}
