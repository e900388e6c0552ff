#include "sequencer.h"

#include <string.h>

#include "frame_plan.h"

static uint32_t setting(const fpxi_sequencer_t *sequencer, size_t place)
{
    return sequencer->parts.parameters->values[place];
}

void fpxi_sequencer_init(fpxi_sequencer_t *sequencer, const fpxi_sequencer_parts_t *parts)
{
    memset(sequencer, 0, sizeof *sequencer);
    sequencer->parts = *parts;
    sequencer->state = FPXI_STATE_IDLE;
}

static bool busy(const fpxi_sequencer_t *sequencer)
{
    return sequencer->state == FPXI_STATE_EXPOSING || sequencer->state == FPXI_STATE_READING;
}

bool fpxi_sequencer_acquiring(const fpxi_sequencer_t *sequencer)
{
    return sequencer->state == FPXI_STATE_ARMED || busy(sequencer);
}

bool fpxi_sequencer_between_frames(const fpxi_sequencer_t *sequencer)
{
    return !busy(sequencer) && sequencer->open == NULL;
}

bool fpxi_sequencer_can_expose(const fpxi_sequencer_t *sequencer, uint32_t exposure_us,
                               uint32_t oversampling)
{
    const fpxi_readout_t *readout = sequencer->parts.readout;
    return !readout->panel->rolling_shutter ||
           exposure_us >= fpxi_readout_us(readout, oversampling);
}

/* --- commands --------------------------------------------------------------------------------- */

uint16_t fpxi_sequencer_start(fpxi_sequencer_t *sequencer, uint64_t now_us, uint32_t frames)
{
    if (!fpxi_sequencer_can_expose(sequencer, setting(sequencer, FPXI_PLACE_EXPOSURE_US),
                                   setting(sequencer, FPXI_PLACE_OVERSAMPLING))) {
        return FPXI_PARAMETER_EXPOSURE_US;
    }
    uint16_t wrong = fpxi_reduction_configure(&sequencer->parts.readout->reduction,
                                              sequencer->parts.parameters);
    if (wrong != 0u) {
        return wrong;
    }
    fpxi_beat_begin(&sequencer->beat, now_us);
    sequencer->burst_left = 0;
    sequencer->frames_wanted = frames;
    sequencer->frames_begun = 0;
    sequencer->frames_acquired = 0;
    sequencer->frames_skipped = 0;
    sequencer->waited = false;
    sequencer->state = FPXI_STATE_ARMED;
    return 0;
}

/* The slots of the frames that are given up stay as they are until START frees all. */
void fpxi_sequencer_stop(fpxi_sequencer_t *sequencer)
{
    const fpxi_hardware_t *hardware = sequencer->parts.hardware;
    if (busy(sequencer)) {
        hardware->abandon(hardware->context);
    }
    sequencer->open = NULL;
    sequencer->exposing.slot = NULL;
    sequencer->state = FPXI_STATE_IDLE;
}

bool fpxi_sequencer_trigger(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    if (!fpxi_sequencer_between_frames(sequencer) || sequencer->burst_left > 0u) {
        return false;
    }
    fpxi_beat_begin(&sequencer->beat, now_us);
    sequencer->burst_left = setting(sequencer, FPXI_PLACE_BURST_FRAMES);
    return true;
}

/* --- when the next exposure begins ------------------------------------------------------------ */

static bool requests_beam(const fpxi_sequencer_t *sequencer)
{
    return setting(sequencer, FPXI_PLACE_TRIGGER_MODE) == FPXI_TRIGGER_MODE_RESET_EXPOSE_READ;
}

/* The period that the panel can keep: 0 is as fast as it can. One that is longer than the exposure
 * begins the next exposure apart from the read-out, and must leave the time for both. */
static uint32_t period_us(const fpxi_sequencer_t *sequencer)
{
    uint32_t oversampling = setting(sequencer, FPXI_PLACE_OVERSAMPLING);
    uint32_t readout_us = fpxi_readout_us(sequencer->parts.readout, oversampling);
    uint32_t exposure_us = setting(sequencer, FPXI_PLACE_EXPOSURE_US);
    uint32_t least_us = exposure_us + (requests_beam(sequencer) ? 2u : 1u) * readout_us;
    uint32_t wanted_us = setting(sequencer, FPXI_PLACE_FRAME_PERIOD_US);
    if (wanted_us <= exposure_us) {
        return 0;
    }
    return wanted_us < least_us ? least_us : wanted_us;
}

static uint64_t due_us(const fpxi_sequencer_t *sequencer)
{
    return fpxi_beat_due_us(&sequencer->beat, period_us(sequencer));
}

/* Whether an exposure is to follow the last one that began. */
static bool more(const fpxi_sequencer_t *sequencer)
{
    uint32_t wanted = sequencer->frames_wanted;
    uint32_t mode = setting(sequencer, FPXI_PLACE_TRIGGER_MODE);
    bool asked = mode == FPXI_TRIGGER_MODE_FREE_RUNNING || sequencer->burst_left > 0u;
    bool frames_left = wanted == 0u || sequencer->frames_begun < wanted;
    return sequencer->open != NULL || (frames_left && asked);
}

static bool due(const fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    return more(sequencer) && now_us >= due_us(sequencer);
}

/* --- the next exposure ------------------------------------------------------------------------ */

static fpxi_slot_t *take_slot(fpxi_sequencer_t *sequencer)
{
    fpxi_frame_store_t *store = sequencer->parts.store;
    fpxi_slot_t *slot = fpxi_frame_store_take_free(store);
    if (slot == NULL && setting(sequencer, FPXI_PLACE_DELIVERY) == FPXI_DELIVERY_LIVE) {
        bool unsent = false;
        slot = fpxi_frame_store_take_oldest(store, &unsent);
        sequencer->frames_skipped += unsent ? 1u : 0u;
    }
    return slot;
}

/* Makes room for a frame, and keeps what holds for it; false where there is no room. */
static bool open_frame(fpxi_sequencer_t *sequencer)
{
    fpxi_slot_t *slot = take_slot(sequencer);
    if (slot == NULL) {
        sequencer->waited = true;
        return false;
    }
    fpxi_frame_plan(slot, sequencer->parts.parameters, &sequencer->parts.readout->reduction);
    uint32_t unfinished = sequencer->frames_begun - sequencer->frames_acquired;
    slot->header.frame = sequencer->next_frame + unfinished;
    slot->header.bias_mV = sequencer->parts.bias->actual_mV;
    slot->header.flags |= sequencer->waited ? FPXI_FRAME_FLAG_HELD : 0;
    sequencer->waited = false;
    sequencer->frames_begun++;
    sequencer->burst_left -= sequencer->burst_left > 0u ? 1u : 0u;
    sequencer->open = slot;
    sequencer->open_begun = 0;
    return true;
}

/* Sets up the exposure that follows; false where there is no room for its frame. */
static bool prepare(fpxi_sequencer_t *sequencer, uint64_t now_us, fpxi_exposure_t *exposure)
{
    if (sequencer->open == NULL && !open_frame(sequencer)) {
        return false;
    }
    fpxi_slot_t *slot = sequencer->open;
    uint32_t averaged = slot->header.averaged;
    uint32_t index = sequencer->open_begun++;
    bool last = sequencer->open_begun == averaged;
    bool ramping = fpxi_bias_ramping(sequencer->parts.bias);
    sequencer->exposing.slot = slot;
    sequencer->exposing.pass = (fpxi_pass_t){.first = index == 0u, .last = last};
    sequencer->exposing.number = slot->header.frame * averaged + index;
    sequencer->open = last ? NULL : slot;
    slot->header.flags |= ramping ? FPXI_FRAME_FLAG_BIAS_RAMPING : 0;
    *exposure = fpxi_frame_exposure(slot, setting(sequencer, FPXI_PLACE_TRIGGER_MODE));
    fpxi_beat_keep(&sequencer->beat, now_us, period_us(sequencer));
    return true;
}

/* Takes notice of when the exposure that was set up has begun, on the hardware's clock. */
static void begun(fpxi_sequencer_t *sequencer, const fpxi_exposure_t *exposure, uint64_t began_us)
{
    fpxi_shot_t *shot = &sequencer->exposing;
    uint64_t start_us = began_us - sequencer->parts.boot_us;
    uint32_t readout_us = fpxi_readout_us(sequencer->parts.readout, exposure->oversampling);
    shot->end_us = start_us + exposure->exposure_us + (exposure->request_beam ? readout_us : 0u);
    if (shot->pass.first) {
        shot->slot->header.timestamp_us = start_us;
    }
}

static int begin_exposure(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    fpxi_exposure_t exposure;
    if (!due(sequencer, now_us) || !prepare(sequencer, now_us, &exposure)) {
        return FPXI_STEP_STAYED;
    }
    const fpxi_hardware_t *hardware = sequencer->parts.hardware;
    uint64_t began_us = 0;
    sequencer->state = FPXI_STATE_EXPOSING;
    if (hardware->begin_exposure(hardware->context, &exposure, &began_us) < 0) {
        return -FPXI_FAULT_PANEL_READ;
    }
    begun(sequencer, &exposure, began_us);
    return FPXI_STEP_MOVED;
}

/* --- read-out --------------------------------------------------------------------------------- */

static bool bias_waits(const fpxi_sequencer_t *sequencer)
{
    return (int32_t)setting(sequencer, FPXI_PLACE_BIAS_MV) != sequencer->parts.bias->target_mV;
}

/* Whether the next exposure can begin with the read-out of the last: it must last until the array
 * has been read, its rows keep their distance only if both are read at the same pace, and the scan
 * that reads the last takes the reset level of the next in the same way. Within a frame nothing
 * changes. The read-out began when the exposure ended, however late that is noticed: the hardware,
 * whose clock has gone on since the poll began, must still be told of the next one's end in time. */
static bool can_overlap(const fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    const fpxi_readout_t *readout = sequencer->parts.readout;
    const fpxi_frame_header_t *last = &readout->shot.slot->header;
    bool within = sequencer->open != NULL;
    uint32_t exposure_us = within ? last->exposure_us : setting(sequencer, FPXI_PLACE_EXPOSURE_US);
    bool alike = within || (setting(sequencer, FPXI_PLACE_OVERSAMPLING) == last->oversampling &&
                            setting(sequencer, FPXI_PLACE_CDS) == last->cds);
    const fpxi_hardware_t *hardware = sequencer->parts.hardware;
    uint64_t present_us = hardware->now_us(hardware->context) - sequencer->parts.boot_us;
    bool in_time = present_us + FPXI_OVERLAP_LEAD_US <= sequencer->exposing.end_us + exposure_us;
    return due(sequencer, now_us) && !requests_beam(sequencer) && alike && in_time &&
           exposure_us >= fpxi_readout_us(readout, last->oversampling) &&
           (within || !bias_waits(sequencer));
}

static int begin_readout(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    if (now_us < sequencer->exposing.end_us) {
        return FPXI_STEP_STAYED;
    }
    const fpxi_hardware_t *hardware = sequencer->parts.hardware;
    fpxi_exposure_t next;
    uint64_t began_us = 0;
    fpxi_readout_begin(sequencer->parts.readout, &sequencer->exposing, now_us);
    sequencer->exposing.slot = NULL;
    sequencer->state = FPXI_STATE_READING;
    bool overlaps = can_overlap(sequencer, now_us) && prepare(sequencer, now_us, &next);
    if (hardware->begin_readout(hardware->context, overlaps ? &next : NULL, &began_us) < 0) {
        return -FPXI_FAULT_PANEL_READ;
    }
    if (overlaps) {
        begun(sequencer, &next, began_us);
    }
    return FPXI_STEP_MOVED;
}

static void finish_frame(fpxi_sequencer_t *sequencer, fpxi_slot_t *slot)
{
    const fpxi_hardware_t *hardware = sequencer->parts.hardware;
    uint32_t acquired = ++sequencer->frames_acquired;
    sequencer->done = acquired == sequencer->frames_wanted;
    slot->header.temperature_mC = hardware->temperature_mC(hardware->context);
    slot->header.flags |= acquired == 1u ? FPXI_FRAME_FLAG_FIRST : 0;
    slot->header.flags |= sequencer->done ? FPXI_FRAME_FLAG_LAST : 0;
    slot->state = FPXI_SLOT_HELD;
    sequencer->next_frame++;
}

static int read_rows(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    fpxi_shot_t *shot = &sequencer->parts.readout->shot;
    int result = fpxi_readout_rows(sequencer->parts.readout, now_us);
    if (result != FPXI_OK) {
        return result == FPXI_AGAIN ? FPXI_STEP_STAYED : -FPXI_FAULT_PANEL_READ;
    }
    if (shot->pass.last) {
        finish_frame(sequencer, shot->slot);
    }
    shot->slot = NULL;
    if (sequencer->exposing.slot != NULL) {
        sequencer->state = FPXI_STATE_EXPOSING;
    } else {
        sequencer->state = sequencer->done ? FPXI_STATE_IDLE : FPXI_STATE_ARMED;
    }
    return FPXI_STEP_MOVED;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* A bias set during an exposure waits for the end of its frame, when nobody can be told of a
 * refusal any more: it is a fault then. */
static int apply_bias(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    if (!fpxi_sequencer_between_frames(sequencer) || !bias_waits(sequencer)) {
        return FPXI_STEP_STAYED;
    }
    int32_t wanted_mV = (int32_t)setting(sequencer, FPXI_PLACE_BIAS_MV);
    bool refused = fpxi_bias_go(sequencer->parts.bias, wanted_mV, now_us) < 0;
    return refused ? -FPXI_FAULT_BIAS : FPXI_STEP_STAYED;
}

int fpxi_sequencer_step(fpxi_sequencer_t *sequencer, uint64_t now_us)
{
    int applied;
    switch (sequencer->state) {
    case FPXI_STATE_IDLE:
        return apply_bias(sequencer, now_us);
    case FPXI_STATE_ARMED:
        applied = apply_bias(sequencer, now_us);
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
        return !more(sequencer) || due(sequencer, now_us) ? UINT64_MAX : due_us(sequencer);
    case FPXI_STATE_EXPOSING:
        return sequencer->exposing.end_us;
    case FPXI_STATE_READING:
        return fpxi_readout_deadline(sequencer->parts.readout, now_us);
    default:
        return UINT64_MAX;
    }
}
