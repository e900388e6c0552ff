#include "fpxi_native.h"

#include <stdbool.h>
#include <string.h>

#include "../../panels/panels.h"
#include "array.h"
#include "device.h"

_Static_assert(FPXI_NATIVE_LINKS == FPXI_LINKS, "every link of the core leads out");
_Static_assert(FPXI_NATIVE_SLOTS <= FPXI_MAX_SLOTS, "the core must know as many slots");

#define MAX_LATENESS_US 100000u
#define WATCHDOG_US 1000000u

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* --- hardware --------------------------------------------------------------------------------- */

static uint64_t now_us(void *context)
{
    const device_t *device = context;
    return device->now_us;
}

static int set_bias(void *context, int32_t bias_mV)
{
    device_t *device = context;
    int result = device->hooks.set_bias(device->hooks.context, bias_mV);
    device->bias_mV = result < 0 ? device->bias_mV : bias_mV;
    return result;
}

static int32_t temperature_mC(void *context)
{
    const device_t *device = context;
    return device->hooks.temperature(device->hooks.context);
}

static uint32_t battery_mV(void *context)
{
    const device_t *device = context;
    return device->hooks.battery(device->hooks.context);
}

static void storage_read(void *context, uint8_t slot, uint32_t offset, void *bytes, size_t size)
{
    const device_t *device = context;
    fpxi_nonvolatile_read(&device->storage, slot, offset, bytes, size);
}

static int storage_erase(void *context, uint8_t slot)
{
    device_t *device = context;
    return fpxi_nonvolatile_erase(&device->storage, slot);
}

static int storage_program(void *context, uint8_t slot, uint32_t offset, uint32_t word)
{
    device_t *device = context;
    return fpxi_nonvolatile_program(&device->storage, slot, offset, word);
}

static void note_fault(void *context, const fpxi_fault_note_t *note)
{
    device_t *device = context;
    device->note = *note;
}

static fpxi_test_outcome_note_t self_test(void *context, uint8_t test)
{
    (void)context;
    (void)test;
    return (fpxi_test_outcome_note_t){.outcome = FPXI_TEST_OUTCOME_NOT_SUPPORTED};
}

static void safe_state(void *context)
{
    (void)set_bias(context, 0);
    fpxi_native_abandon(context);
}

static void kick_watchdog(void *context)
{
    device_t *device = context;
    device->kicked = true;
}

static void ask_reset(void *context, uint8_t cause)
{
    device_t *device = context;
    device->reset_asked = true;
    device->asked_cause = cause;
}

/* --- life ------------------------------------------------------------------------------------- */

uint32_t fpxi_native_abi(void)
{
    return FPXI_NATIVE_ABI;
}

static size_t pixels(const fpxi_panel_description_t *panel)
{
    return (size_t)panel->rows * panel->columns;
}

/* Samples of the frames, the reference, the conversions of a read-out, and a row. */
static size_t samples(const fpxi_panel_description_t *panel)
{
    return (FPXI_NATIVE_SLOTS + 1u + MAX_OVERSAMPLING) * pixels(panel) + panel->columns;
}

size_t fpxi_native_size(uint8_t panel)
{
    const fpxi_panel_description_t *description = fpxi_panel_by_id(panel);
    if (description == NULL) {
        return 0;
    }
    return sizeof(device_t) + pixels(description) * sizeof(uint32_t) +
           samples(description) * sizeof(uint16_t);
}

static void start_firmware(device_t *device, fpxi_reset_cause_t cause)
{
    if (cause == FPXI_RESET_CAUSE_POWER_ON) {
        memset(&device->note, 0, sizeof device->note);
        device->storage.words_left = UINT32_MAX;
    }
    device->config.reset_cause = cause;
    device->config.last_fault = device->note;
    memset(&device->note, 0, sizeof device->note);
    memset(device->input_size, 0, sizeof device->input_size);
    device->reset_asked = false;
    device->bite_us = UINT64_MAX;
    device->next_us = device->now_us;
    (void)fpxi_core_init(&device->core, &device->config); /* fpxi_native_init checked it */
}

/* Shares out the memory behind the device. */
static void give_memory(device_t *device, fpxi_core_config_t *config)
{
    size_t frame = pixels(config->panel);
    uint32_t *sums = (uint32_t *)(void *)(device + 1);
    uint16_t *next = (uint16_t *)(void *)(sums + frame);
    config->readout.accumulator = sums;
    config->frame_memory = next;
    next += FPXI_NATIVE_SLOTS * frame;
    config->reference = next;
    next += frame;
    device->conversions = next;
    next += MAX_OVERSAMPLING * frame;
    config->readout.row_memory = next;
}

static fpxi_core_config_t core_config(device_t *device, const fpxi_native_config_t *config)
{
    fpxi_core_config_t result = {
        .hardware = {device, now_us, set_bias, fpxi_native_begin_exposure,
                     fpxi_native_begin_readout, fpxi_native_read_row, fpxi_native_abandon,
                     temperature_mC, battery_mV, storage_read, storage_erase, storage_program,
                     note_fault, self_test, safe_state, kick_watchdog, ask_reset, NULL},
        .panel = fpxi_panel_by_id(config->panel),
        .frame_slots = config->slots,
        .transmit = {{device->transmit_memory, TRANSMIT_SIZE},
                     {device->module_transmit_memory, MODULE_TRANSMIT_SIZE}},
        .links = FPXI_NATIVE_LINKS,
    };
    memcpy(result.serial_number, config->serial_number, sizeof config->serial_number);
    give_memory(device, &result);
    return result;
}

int fpxi_native_init(void *memory, const fpxi_native_config_t *config)
{
    device_t *device = memory;
    if (fpxi_panel_by_id(config->panel) == NULL) {
        return FPXI_NATIVE_UNKNOWN_PANEL;
    }
    if (config->slots < 1u || config->slots > FPXI_NATIVE_SLOTS) {
        return FPXI_NATIVE_BAD_SLOTS;
    }
    const fpxi_native_hooks_t *hooks = &config->hooks;
    if (hooks->expose == NULL || hooks->temperature == NULL || hooks->battery == NULL ||
        hooks->set_bias == NULL || hooks->expose_request == NULL) {
        return FPXI_NATIVE_MISSING_HOOK;
    }
    memset(device, 0, fpxi_native_size(config->panel));
    fpxi_nonvolatile_init(&device->storage);
    device->hooks = config->hooks;
    device->now_us = config->now_us;
    device->config = core_config(device, config);
    start_firmware(device, FPXI_RESET_CAUSE_POWER_ON);
    return FPXI_NATIVE_OK;
}

void fpxi_native_reset(void *memory, uint8_t cause)
{
    start_firmware(memory, (fpxi_reset_cause_t)cause);
}

void fpxi_native_cut_power(void *memory, uint32_t words)
{
    device_t *device = memory;
    device->storage.words_left = words;
}

/* --- links and time --------------------------------------------------------------------------- */

static bool dark(const device_t *device)
{
    return !fpxi_nonvolatile_has_power(&device->storage);
}

static void give_link_input(device_t *device, uint8_t link)
{
    fpxi_core_receive(&device->core, link, device->input[link], device->input_size[link]);
    device->input_size[link] = 0;
}

static void give_input(device_t *device)
{
    for (uint8_t link = 0; link < FPXI_NATIVE_LINKS; link++) {
        give_link_input(device, link);
    }
}

void fpxi_native_receive(void *memory, uint8_t link, const uint8_t *bytes, size_t count)
{
    device_t *device = memory;
    if (link >= FPXI_NATIVE_LINKS || dark(device)) {
        return;
    }
    size_t *size = &device->input_size[link];
    if (count > INPUT_SIZE - *size) {
        give_link_input(device, link);
    }
    if (count > INPUT_SIZE) {
        fpxi_core_receive(&device->core, link, bytes, count);
        return;
    }
    memcpy(device->input[link] + *size, bytes, count);
    *size += count;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Returns whether the watchdog has reset the device. */
static bool watch(device_t *device)
{
    if (device->kicked) {
        device->bite_us = UINT64_MAX;
    } else if (device->bite_us == UINT64_MAX) {
        device->bite_us = device->now_us + WATCHDOG_US;
    } else if (device->now_us >= device->bite_us) {
        fpxi_native_reset(device, FPXI_RESET_CAUSE_WATCHDOG);
        return true;
    }
    return false;
}

static void poll_core(device_t *device)
{
    if (dark(device)) {
        device->next_us = UINT64_MAX;
        return;
    }
    device->kicked = false;
    uint64_t next_us = fpxi_core_poll(&device->core);
    if (device->reset_asked) {
        fpxi_native_reset(device, device->asked_cause);
    } else if (!watch(device)) {
        device->next_us = earliest(next_us, device->bite_us);
    }
}

/* Goes from one due time to the next, up to the limit or the end of a frame. */
static void catch_up(device_t *device, uint64_t limit_us)
{
    uint32_t frame = device->core.sequencer.next_frame;
    while (device->next_us <= limit_us && device->core.sequencer.next_frame == frame) {
        device->now_us = latest(device->now_us, device->next_us);
        poll_core(device);
    }
}

uint64_t fpxi_native_poll(void *memory, uint64_t limit_us)
{
    device_t *device = memory;
    uint64_t earliest_us = limit_us > MAX_LATENESS_US ? limit_us - MAX_LATENESS_US : 0u;
    if (device->next_us < earliest_us) {
        device->now_us = latest(device->now_us, earliest_us);
        give_input(device); /* a caller that never catches up must be heard as well */
    }
    catch_up(device, limit_us);
    if (device->next_us > limit_us) {
        device->now_us = latest(device->now_us, limit_us);
        give_input(device);
        poll_core(device);
    }
    return device->next_us;
}

void fpxi_native_trigger(void *memory, uint8_t high, uint64_t at_us)
{
    device_t *device = memory;
    (void)fpxi_native_poll(device, at_us);
    fpxi_core_trigger_input(&device->core, high != 0u, latest(device->now_us, at_us));
    poll_core(device);
}

size_t fpxi_native_transmit(void *memory, uint8_t link, uint8_t *bytes, size_t capacity)
{
    device_t *device = memory;
    const uint8_t *source = NULL;
    size_t taken = 0;
    size_t count = dark(device) ? 0u : fpxi_core_transmit_peek(&device->core, link, &source);
    while (count > 0u && taken < capacity) {
        count = count < capacity - taken ? count : capacity - taken;
        memcpy(bytes + taken, source, count);
        fpxi_core_transmit_consume(&device->core, link, count);
        taken += count;
        count = fpxi_core_transmit_peek(&device->core, link, &source);
    }
    return taken;
}
