#include "sequencer.h"

#include <string.h>

static uint32_t setting(const fpxi_sequencer_t *sequencer, size_t place)
{
    return sequencer->parameters->values[place];
}

void fpxi_sequencer_init(fpxi_sequencer_t *sequencer, const fpxi_hardware_t *hardware,
                         const fpxi_parameters_t *parameters, fpxi_frame_store_t *store)
{
    memset(sequencer, 0, sizeof *sequencer);
    sequencer->hardware = hardware;
    sequencer->panel = parameters->panel;
    sequencer->parameters = parameters;
    sequencer->store = store;
    sequencer->state = FPXI_STATE_IDLE;
}

bool fpxi_sequencer_busy(const fpxi_sequencer_t *sequencer)
{
    return sequencer->state == FPXI_STATE_EXPOSING || sequencer->state == FPXI_STATE_READING;
}

bool fpxi_sequencer_acquiring(const fpxi_sequencer_t *sequencer)
{
    return sequencer->state == FPXI_STATE_ARMED || fpxi_sequencer_busy(sequencer);
}

void fpxi_sequencer_start(fpxi_sequencer_t *sequencer, uint64_t now_us, uint32_t frames)
{
    sequencer->beat_us = now_us;
    sequencer->frames_wanted = frames;
    sequencer->frames_acquired = 0;
    sequencer->frames_skipped = 0;
    sequencer->triggered = false;
    sequencer->waited = false;
    sequencer->state = FPXI_STATE_ARMED;
}

void fpxi_sequencer_stop(fpxi_sequencer_t *sequencer)
{
    if (fpxi_sequencer_busy(sequencer)) {
        sequencer->slot->state = FPXI_SLOT_FREE;
    }
    sequencer->triggered = false;
    sequencer->state = FPXI_STATE_IDLE;
}

int fpxi_sequencer_set_bias(fpxi_sequencer_t *sequencer, int32_t bias_mV)
{
    int result = sequencer->hardware->set_bias(sequencer->hardware->context, bias_mV);
    if (result == FPXI_OK) {
        sequencer->bias_mV = bias_mV;
    }
    return result;
}

static bool free_running(const fpxi_sequencer_t *sequencer)
{
    return setting(sequencer, FPXI_PLACE_TRIGGER_MODE) == FPXI_TRIGGER_MODE_FREE_RUNNING;
}

static uint64_t due_us(const fpxi_sequencer_t *sequencer)
{
    bool first = sequencer->frames_acquired == 0u;
    uint32_t period_us = first ? 0u : setting(sequencer, FPXI_PLACE_FRAME_PERIOD_US);
    return sequencer->beat_us + period_us;
}

static bool wanted(const fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    return free_running(sequencer) ? now_us >= due_us(sequencer) : sequencer->triggered;
}

static fpxi_slot_t *take_slot(fpxi_sequencer_t *sequencer)
{
    fpxi_slot_t *slot = fpxi_frame_store_take_free(sequencer->store);
    if (slot == NULL && setting(sequencer, FPXI_PLACE_DELIVERY) == FPXI_DELIVERY_LIVE) {
        bool unsent = false;
        slot = fpxi_frame_store_take_oldest(sequencer->store, &unsent);
        sequencer->frames_skipped += unsent ? 1u : 0u;
    }
    return slot;
}

static uint16_t chunks(const fpxi_sequencer_t *sequencer, uint32_t rows_per_chunk)
{
    return (uint16_t)((sequencer->panel->rows + rows_per_chunk - 1u) / rows_per_chunk);
}

/* Keeps what holds for this exposure, whatever is set while it lasts. */
static void latch_settings(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    fpxi_slot_t *slot = sequencer->slot;
    fpxi_frame_header_t *header = &slot->header;
    uint32_t rows_per_chunk = setting(sequencer, FPXI_PLACE_ROWS_PER_CHUNK);
    memset(header, 0, sizeof *header);
    header->frame = sequencer->next_frame;
    header->timestamp_us = now_us;
    header->exposure_us = setting(sequencer, FPXI_PLACE_EXPOSURE_US);
    header->bias_mV = sequencer->bias_mV;
    header->flags = sequencer->waited ? FPXI_FRAME_FLAG_HELD : 0;
    header->rows = sequencer->panel->rows;
    header->columns = sequencer->panel->columns;
    header->chunks = chunks(sequencer, rows_per_chunk);
    header->gain_setting = (uint8_t)setting(sequencer, FPXI_PLACE_GAIN_SETTING);
    header->rows_per_chunk = (uint8_t)rows_per_chunk;
    header->aec_block_size = (uint8_t)setting(sequencer, FPXI_PLACE_AEC_BLOCK_SIZE);
    header->aec_reference_interval =
        (uint16_t)setting(sequencer, FPXI_PLACE_AEC_REFERENCE_INTERVAL);
    slot->encoding = (uint8_t)setting(sequencer, FPXI_PLACE_ENCODING);
    slot->key_interval = (uint16_t)setting(sequencer, FPXI_PLACE_KEY_FRAME_INTERVAL);
    slot->packets_sent = 0;
}

/* The beat goes on from where the exposure should have begun, unless it came a whole period late. */
static void keep_beat(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    uint64_t due = due_us(sequencer);
    bool late = now_us - due >= setting(sequencer, FPXI_PLACE_FRAME_PERIOD_US);
    sequencer->beat_us = late ? now_us : due;
}

static int begin_exposure(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    if (!wanted(sequencer, now_us)) {
        return FPXI_STEP_STAYED;
    }
    sequencer->slot = take_slot(sequencer);
    if (sequencer->slot == NULL) {
        sequencer->waited = true;
        return FPXI_STEP_STAYED;
    }
    latch_settings(sequencer, now_us);
    keep_beat(sequencer, now_us);
    sequencer->waited = false;
    sequencer->state = FPXI_STATE_EXPOSING;
    const fpxi_frame_header_t *header = &sequencer->slot->header;
    sequencer->exposure_end_us = now_us + header->exposure_us;
    fpxi_exposure_t exposure = {
        .exposure_us = header->exposure_us,
        .gain_setting = header->gain_setting,
        .oversampling = 1,
        .cds = true,
    };
    uint64_t began_us = 0;
    int begun = sequencer->hardware->begin_exposure(sequencer->hardware->context, &exposure,
                                                    &began_us);
    return begun < 0 ? -FPXI_FAULT_PANEL_READ : FPXI_STEP_MOVED;
}

static int begin_readout(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    if (now_us < sequencer->exposure_end_us) {
        return FPXI_STEP_STAYED;
    }
    sequencer->row = 0;
    sequencer->row_us = now_us;
    sequencer->ready_us = now_us + (uint64_t)sequencer->panel->rows * sequencer->panel->line_time_us;
    sequencer->state = FPXI_STATE_READING;
    uint64_t began_us = 0;
    int begun = sequencer->hardware->begin_readout(sequencer->hardware->context, NULL, &began_us);
    return begun < 0 ? -FPXI_FAULT_PANEL_READ : FPXI_STEP_MOVED;
}

static bool saturated(const fpxi_panel_description_t *panel, uint16_t row, const uint16_t *samples)
{
    unsigned ring = panel->process_ring;
    unsigned full_scale = (1u << panel->adc_bits) - 1u;
    if (row < ring || row >= panel->rows - ring) {
        return false;
    }
    bool found = false;
    for (unsigned column = ring; column < panel->columns - ring; column++) {
        found |= samples[column] >= full_scale;
    }
    return found;
}

static void finish_frame(fpxi_sequencer_t *sequencer)
{
    fpxi_frame_header_t *header = &sequencer->slot->header;
    uint32_t acquired = ++sequencer->frames_acquired;
    sequencer->done = acquired == sequencer->frames_wanted;
    header->temperature_mC = sequencer->hardware->temperature_mC(sequencer->hardware->context);
    header->flags |= acquired == 1u ? FPXI_FRAME_FLAG_FIRST : 0;
    header->flags |= sequencer->done ? FPXI_FRAME_FLAG_LAST : 0;
    sequencer->slot->state = FPXI_SLOT_HELD;
    sequencer->next_frame++;
    sequencer->triggered = false;
    sequencer->state = sequencer->done ? FPXI_STATE_IDLE : FPXI_STATE_ARMED;
}

static int read_rows(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    const fpxi_panel_description_t *panel = sequencer->panel;
    const fpxi_hardware_t *hardware = sequencer->hardware;
    for (; sequencer->row < panel->rows; sequencer->row++) {
        uint16_t *samples = sequencer->slot->samples + (size_t)sequencer->row * panel->columns;
        int result = hardware->read_row(hardware->context, sequencer->row, samples);
        if (result == FPXI_AGAIN) {
            bool failed = now_us - sequencer->row_us > FPXI_ROW_TIMEOUT_US;
            return failed ? -FPXI_FAULT_PANEL_READ : FPXI_STEP_STAYED;
        }
        if (result < 0) {
            return -FPXI_FAULT_PANEL_READ;
        }
        sequencer->row_us = now_us;
        if (saturated(panel, sequencer->row, samples)) {
            sequencer->slot->header.flags |= FPXI_FRAME_FLAG_SATURATED;
        }
    }
    finish_frame(sequencer);
    return FPXI_STEP_MOVED;
}

/* A bias set during an exposure waits for the end of its frame, when nobody can be told of a
 * refusal any more: it is a fault then. */
static int apply_bias(fpxi_sequencer_t *sequencer)
{
    int32_t wanted_mV = (int32_t)setting(sequencer, FPXI_PLACE_BIAS_MV);
    bool refused = wanted_mV != sequencer->bias_mV && fpxi_sequencer_set_bias(sequencer, wanted_mV) < 0;
    return refused ? -FPXI_FAULT_BIAS : FPXI_STEP_STAYED;
}

int fpxi_sequencer_step(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    int applied;
    switch (sequencer->state) {
    case FPXI_STATE_IDLE:
        return apply_bias(sequencer);
    case FPXI_STATE_ARMED:
        applied = apply_bias(sequencer);
        return applied < 0 ? applied : begin_exposure(sequencer, now_us);
    case FPXI_STATE_EXPOSING:
        return begin_readout(sequencer, now_us);
    case FPXI_STATE_READING:
        return read_rows(sequencer, now_us);
    default:
        return FPXI_STEP_STAYED;
    }
}

uint64_t fpxi_sequencer_deadline(const fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    switch (sequencer->state) {
    case FPXI_STATE_ARMED:
        return wanted(sequencer, now_us) || !free_running(sequencer) ? UINT64_MAX
                                                                     : due_us(sequencer);
    case FPXI_STATE_EXPOSING:
        return sequencer->exposure_end_us;
    case FPXI_STATE_READING:
        return now_us < sequencer->ready_us ? sequencer->ready_us
                                            : now_us + sequencer->panel->line_time_us;
    default:
        return UINT64_MAX;
    }
}
