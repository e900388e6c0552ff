#include "parameter_store.h"

#include <string.h>

#include "crc32.h"
#include "little_endian.h"

#define SEQUENCE_OFFSET 4u
#define IMAGE_OFFSET 8u
#define CRC_OFFSET (FPXI_STORE_RECORD_SIZE - 4u)
#define WORD 4u
#define PIECE 64u /* bytes read at once */

_Static_assert(FPXI_STORE_RECORD_SIZE % WORD == 0u, "records are written word by word");
_Static_assert(FPXI_STORE_RECORD_SIZE <= FPXI_STORAGE_SLOT_SIZE, "a record must fit a slot");

/* In order of worth: the slot that is worth least is written next. */
typedef enum {
    SLOT_DAMAGED,
    SLOT_EMPTY,
    SLOT_FOREIGN, /* whole, but of another version of the definition, or another panel */
    SLOT_OURS
} slot_state_t;

typedef struct {
    slot_state_t state;
    uint32_t sequence;
} slot_t;

/* --- what is there ---------------------------------------------------------------------------- */

static uint32_t read_word(const fpxi_hardware_t *hardware, uint8_t slot, uint32_t offset)
{
    uint8_t bytes[WORD];
    hardware->storage_read(hardware->context, slot, offset, bytes, sizeof bytes);
    return fpxi_take_u32(bytes);
}

static uint32_t crc_of(const fpxi_hardware_t *hardware, uint8_t slot, uint32_t size)
{
    uint8_t piece[PIECE];
    uint32_t crc = 0;
    for (uint32_t offset = 0; offset < size; offset += PIECE) {
        uint32_t count = size - offset < PIECE ? size - offset : PIECE;
        hardware->storage_read(hardware->context, slot, offset, piece, count);
        crc = fpxi_crc32(crc, piece, count);
    }
    return crc;
}

/* Whether a record of any version is whole: its own size tells where its CRC lies. */
static bool whole(const fpxi_hardware_t *hardware, uint8_t slot)
{
    uint32_t size = read_word(hardware, slot, 0);
    if (size < IMAGE_OFFSET + WORD || size > FPXI_STORAGE_SLOT_SIZE || size % WORD != 0u) {
        return false;
    }
    return crc_of(hardware, slot, size - WORD) == read_word(hardware, slot, size - WORD);
}

static bool erased(const fpxi_hardware_t *hardware, uint8_t slot)
{
    bool all = true;
    for (uint32_t offset = 0; all && offset < FPXI_STORE_RECORD_SIZE; offset += WORD) {
        all = read_word(hardware, slot, offset) == UINT32_MAX;
    }
    return all;
}

static void read_image(const fpxi_hardware_t *hardware, uint8_t slot, uint8_t *image)
{
    hardware->storage_read(hardware->context, slot, IMAGE_OFFSET, image, FPXI_PARAMETER_IMAGE_SIZE);
}

static slot_state_t state_of(const fpxi_hardware_t *hardware, const fpxi_parameters_t *parameters,
                             uint8_t slot)
{
    if (erased(hardware, slot)) {
        return SLOT_EMPTY;
    }
    if (!whole(hardware, slot)) {
        return SLOT_DAMAGED;
    }
    if (read_word(hardware, slot, 0) != FPXI_STORE_RECORD_SIZE) {
        return SLOT_FOREIGN;
    }
    uint8_t image[FPXI_PARAMETER_IMAGE_SIZE];
    read_image(hardware, slot, image);
    switch (fpxi_parameters_check(parameters, image)) {
    case FPXI_IMAGE_GOOD:
        return SLOT_OURS;
    case FPXI_IMAGE_FOREIGN:
        return SLOT_FOREIGN;
    default:
        return SLOT_DAMAGED;
    }
}

static void survey(const fpxi_hardware_t *hardware, const fpxi_parameters_t *parameters,
                   slot_t slots[FPXI_STORAGE_SLOTS])
{
    for (uint8_t i = 0; i < FPXI_STORAGE_SLOTS; i++) {
        slots[i].state = state_of(hardware, parameters, i);
        bool counted = slots[i].state == SLOT_FOREIGN || slots[i].state == SLOT_OURS;
        slots[i].sequence = counted ? read_word(hardware, i, SEQUENCE_OFFSET) : 0u;
    }
}

/* The slot that is worth most. No memory lasts for as many writes as would wrap the sequence. */
static uint8_t best(const slot_t slots[FPXI_STORAGE_SLOTS])
{
    bool equal = slots[0].state == slots[1].state;
    bool second = equal ? slots[1].sequence > slots[0].sequence
                        : slots[1].state > slots[0].state;
    return second ? 1u : 0u;
}

static uint8_t count_in_state(const slot_t slots[FPXI_STORAGE_SLOTS], slot_state_t state)
{
    uint8_t count = 0;
    for (unsigned i = 0; i < FPXI_STORAGE_SLOTS; i++) {
        count = (uint8_t)(count + (slots[i].state == state ? 1u : 0u));
    }
    return count;
}

fpxi_store_state_t fpxi_parameter_store_load(const fpxi_hardware_t *hardware,
                                             fpxi_parameters_t *parameters)
{
    slot_t slots[FPXI_STORAGE_SLOTS];
    survey(hardware, parameters, slots);
    uint8_t slot = best(slots);
    fpxi_store_state_t state = {
        .loaded = slots[slot].state == SLOT_OURS,
        .damaged = count_in_state(slots, SLOT_DAMAGED),
    };
    if (state.loaded) {
        uint8_t image[FPXI_PARAMETER_IMAGE_SIZE];
        read_image(hardware, slot, image);
        fpxi_parameters_load(parameters, image);
    }
    return state;
}

fpxi_test_outcome_note_t fpxi_parameter_store_test(const fpxi_hardware_t *hardware,
                                                   const fpxi_parameters_t *parameters)
{
    slot_t slots[FPXI_STORAGE_SLOTS];
    survey(hardware, parameters, slots);
    uint32_t held = FPXI_STORAGE_SLOTS - count_in_state(slots, SLOT_EMPTY);
    uint32_t damaged = count_in_state(slots, SLOT_DAMAGED);
    return (fpxi_test_outcome_note_t){
        .outcome = damaged == 0u ? FPXI_TEST_OUTCOME_PASSED : FPXI_TEST_OUTCOME_FAILED,
        .expected = held,
        .measured = held - damaged,
    };
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The CRC is the last word: until it is there, the record counts as damaged. */
static int program(const fpxi_hardware_t *hardware, uint8_t slot, const uint8_t *record)
{
    int result = hardware->storage_erase(hardware->context, slot);
    for (uint32_t at = 0; result == FPXI_OK && at < FPXI_STORE_RECORD_SIZE; at += WORD) {
        result = hardware->storage_program(hardware->context, slot, at, fpxi_take_u32(record + at));
    }
    return result;
}

static bool reads_back(const fpxi_hardware_t *hardware, uint8_t slot, const uint8_t *record)
{
    uint8_t found[FPXI_STORE_RECORD_SIZE];
    hardware->storage_read(hardware->context, slot, 0, found, sizeof found);
    return memcmp(found, record, sizeof found) == 0;
}

int fpxi_parameter_store_save(const fpxi_hardware_t *hardware, const fpxi_parameters_t *parameters)
{
    slot_t slots[FPXI_STORAGE_SLOTS];
    survey(hardware, parameters, slots);
    uint32_t last = slots[1].sequence > slots[0].sequence ? slots[1].sequence : slots[0].sequence;
    uint8_t slot = (uint8_t)(1u - best(slots));
    uint8_t record[FPXI_STORE_RECORD_SIZE];
    fpxi_put_u32(record, FPXI_STORE_RECORD_SIZE);
    fpxi_put_u32(record + SEQUENCE_OFFSET, last + 1u);
    fpxi_parameters_save(parameters, record + IMAGE_OFFSET);
    fpxi_put_u32(record + CRC_OFFSET, fpxi_crc32(0, record, CRC_OFFSET));
    bool written = program(hardware, slot, record) == FPXI_OK && reads_back(hardware, slot, record);
    return written ? FPXI_OK : FPXI_FAILED;
}
