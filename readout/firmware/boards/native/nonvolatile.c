#include "nonvolatile.h"

#include <string.h>

#define WORD 4u
#define ERASED 0xFFFFFFFFu

void fpxi_nonvolatile_init(fpxi_nonvolatile_t *memory)
{
    memset(memory->bytes, 0xFF, sizeof memory->bytes);
    memory->words_left = UINT32_MAX;
}

bool fpxi_nonvolatile_has_power(const fpxi_nonvolatile_t *memory)
{
    return memory->words_left > 0u;
}

void fpxi_nonvolatile_read(const fpxi_nonvolatile_t *memory, uint8_t slot, uint32_t offset,
                           void *bytes, size_t size)
{
    memcpy(bytes, memory->bytes[slot] + offset, size);
}

static uint32_t word_at(const fpxi_nonvolatile_t *memory, uint8_t slot, uint32_t offset)
{
    uint32_t word = 0;
    for (unsigned i = 0; i < WORD; i++) {
        word |= (uint32_t)memory->bytes[slot][offset + i] << (8u * i);
    }
    return word;
}

static int write(fpxi_nonvolatile_t *memory, uint8_t slot, uint32_t offset, uint32_t word)
{
    if (!fpxi_nonvolatile_has_power(memory)) {
        return FPXI_FAILED;
    }
    if (memory->words_left != UINT32_MAX) {
        memory->words_left--;
    }
    for (unsigned i = 0; i < WORD; i++) {
        memory->bytes[slot][offset + i] = (uint8_t)(word >> (8u * i));
    }
    return FPXI_OK;
}

int fpxi_nonvolatile_erase(fpxi_nonvolatile_t *memory, uint8_t slot)
{
    int result = FPXI_OK;
    for (uint32_t at = 0; result == FPXI_OK && at < FPXI_STORAGE_SLOT_SIZE; at += WORD) {
        result = write(memory, slot, at, ERASED);
    }
    return result;
}

int fpxi_nonvolatile_program(fpxi_nonvolatile_t *memory, uint8_t slot, uint32_t offset,
                             uint32_t word)
{
    if (word_at(memory, slot, offset) != ERASED) {
        return FPXI_FAILED; /* each word once after each erasure */
    }
    return write(memory, slot, offset, word);
}
