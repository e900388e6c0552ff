#include "frame_store.h"

#include <string.h>

void fpxi_frame_store_init(fpxi_frame_store_t *store, uint16_t *memory, uint8_t count,
                           uint16_t *reference, size_t samples_per_frame)
{
    store->count = count;
    store->reference.samples = reference;
    store->reference.state = FPXI_SLOT_FREE;
    for (size_t i = 0; i < count; i++) {
        store->slots[i].samples = memory + i * samples_per_frame;
        store->slots[i].state = FPXI_SLOT_FREE;
    }
}

bool fpxi_frame_before(uint32_t a, uint32_t b)
{
    return a != b && b - a < 0x80000000u;
}

bool fpxi_slot_sent(const fpxi_slot_t *slot)
{
    return slot->packets_sent == 1u + slot->header.chunks;
}

static bool half_sent(const fpxi_slot_t *slot)
{
    return slot->packets_sent > 0u && !fpxi_slot_sent(slot);
}

static fpxi_slot_t *older(fpxi_slot_t *known, fpxi_slot_t *slot)
{
    return known == NULL || fpxi_frame_before(slot->header.frame, known->header.frame) ? slot
                                                                                       : known;
}

fpxi_slot_t *fpxi_frame_store_take_free(fpxi_frame_store_t *store)
{
    for (size_t i = 0; i < store->count; i++) {
        if (store->slots[i].state == FPXI_SLOT_FREE) {
            store->slots[i].state = FPXI_SLOT_FILLING;
            return &store->slots[i];
        }
    }
    return NULL;
}

fpxi_slot_t *fpxi_frame_store_take_oldest(fpxi_frame_store_t *store, bool *unsent)
{
    fpxi_slot_t *oldest = NULL;
    for (size_t i = 0; i < store->count; i++) {
        fpxi_slot_t *slot = &store->slots[i];
        if (slot->state == FPXI_SLOT_HELD && !half_sent(slot)) {
            oldest = older(oldest, slot);
        }
    }
    if (oldest != NULL) {
        *unsent = !fpxi_slot_sent(oldest);
        oldest->state = FPXI_SLOT_FILLING;
    }
    return oldest;
}

static bool holds(const fpxi_slot_t *slot, uint32_t frame)
{
    return slot->state == FPXI_SLOT_HELD && slot->header.frame == frame;
}

fpxi_slot_t *fpxi_frame_store_find(fpxi_frame_store_t *store, uint32_t frame)
{
    for (size_t i = 0; i < store->count; i++) {
        if (holds(&store->slots[i], frame)) {
            return &store->slots[i];
        }
    }
    return holds(&store->reference, frame) ? &store->reference : NULL;
}

fpxi_slot_t *fpxi_frame_store_next_unsent(fpxi_frame_store_t *store)
{
    fpxi_slot_t *oldest = NULL;
    for (size_t i = 0; i < store->count; i++) {
        fpxi_slot_t *slot = &store->slots[i];
        if (slot->state == FPXI_SLOT_HELD && !fpxi_slot_sent(slot)) {
            oldest = older(oldest, slot);
        }
    }
    return oldest;
}

void fpxi_frame_store_release(fpxi_frame_store_t *store, uint32_t frame)
{
    for (size_t i = 0; i < store->count; i++) {
        fpxi_slot_t *slot = &store->slots[i];
        if (slot->state == FPXI_SLOT_HELD && !fpxi_frame_before(frame, slot->header.frame)) {
            slot->state = FPXI_SLOT_FREE;
        }
    }
}

static bool key_due(const fpxi_frame_store_t *store, const fpxi_slot_t *slot)
{
    uint32_t age = slot->header.frame - store->reference.header.frame;
    return store->reference.state != FPXI_SLOT_HELD || age >= slot->key_interval;
}

void fpxi_frame_store_refer(fpxi_frame_store_t *store, fpxi_slot_t *slot)
{
    if (!key_due(store, slot)) {
        slot->header.reference_frame = store->reference.header.frame;
        return;
    }
    slot->header.flags |= FPXI_FRAME_FLAG_KEY;
    slot->header.reference_frame = slot->header.frame;
    uint16_t *samples = store->reference.samples;
    store->reference = *slot;
    store->reference.samples = samples;
    memcpy(samples, slot->samples,
           (size_t)slot->header.rows * slot->header.columns * sizeof *samples);
}

const uint16_t *fpxi_frame_store_reference(const fpxi_frame_store_t *store,
                                           const fpxi_slot_t *slot)
{
    bool key = slot->header.reference_frame == slot->header.frame;
    return !key && holds(&store->reference, slot->header.reference_frame)
               ? store->reference.samples
               : NULL;
}

void fpxi_frame_store_clear(fpxi_frame_store_t *store)
{
    store->reference.state = FPXI_SLOT_FREE;
    for (size_t i = 0; i < store->count; i++) {
        store->slots[i].state = FPXI_SLOT_FREE;
    }
}
