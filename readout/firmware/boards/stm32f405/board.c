#include "board.h"

#include "adc.h"
#include "bias_supply.h"
#include "clocks.h"
#include "kept.h"
#include "links.h"
#include "pins.h"
#include "processor.h"
#include "scan.h"
#include "self_test.h"
#include "storage.h"
#include "strapping.h"
#include "time.h"
#include "watchdog.h"

#define PIXELS FPXI_STM32F405_PANEL
#define FRAMES 7u /* of the larger panel */
#define CABLE_QUEUE_SIZE 24576u
#define MODULE_QUEUE_SIZE 8192u

static bool ready;
FPXI_DMA_MEMORY static fpxi_core_t core; /* its answers are sent from where they are */
FPXI_DMA_MEMORY static uint8_t cable_queue[CABLE_QUEUE_SIZE];
FPXI_DMA_MEMORY static uint8_t module_queue[MODULE_QUEUE_SIZE];
static uint16_t frames[FRAMES * PIXELS];
FPXI_CCM_MEMORY static uint32_t accumulator[PIXELS];
FPXI_CCM_MEMORY static uint16_t reference[PIXELS];
FPXI_CCM_MEMORY static uint16_t row_memory[FPXI_STM32F405_ROW];

/* --- hooks: core/hardware.h ------------------------------------------------------------------- */

static uint64_t now_us(void *context)
{
    (void)context;
    return fpxi_time_now_us();
}

static int set_bias(void *context, int32_t bias_mV)
{
    (void)context;
    return fpxi_bias_supply_set(bias_mV);
}

static int begin_exposure(void *context, const fpxi_exposure_t *exposure, uint64_t *began_us)
{
    (void)context;
    return fpxi_scan_begin_exposure(exposure, began_us);
}

static int begin_readout(void *context, const fpxi_exposure_t *next, uint64_t *began_us)
{
    (void)context;
    return fpxi_scan_begin_readout(next, began_us);
}

static int read_row(void *context, uint16_t row, uint16_t *samples)
{
    (void)context;
    return fpxi_scan_read_row(row, samples);
}

static void abandon(void *context)
{
    (void)context;
    fpxi_scan_abandon();
}

static int32_t temperature_mC(void *context)
{
    (void)context;
    return fpxi_adc_temperature_mC();
}

static uint32_t battery_mV(void *context)
{
    (void)context;
    return fpxi_adc_battery_mV();
}

static void storage_read(void *context, uint8_t slot, uint32_t offset, void *bytes, size_t size)
{
    (void)context;
    fpxi_storage_read(slot, offset, bytes, size);
}

static int storage_erase(void *context, uint8_t slot)
{
    (void)context;
    fpxi_watchdog_kick(); /* interrupts and DMA from flash wait for up to 0.5 s */
    return fpxi_storage_erase(slot);
}

static int storage_program(void *context, uint8_t slot, uint32_t offset, uint32_t word)
{
    (void)context;
    return fpxi_storage_program(slot, offset, word);
}

static void note_fault(void *context, const fpxi_fault_note_t *note)
{
    (void)context;
    fpxi_kept_note_fault(note);
}

static fpxi_test_outcome_note_t self_test(void *context, uint8_t test)
{
    (void)context;
    return fpxi_board_self_test(test);
}

static void safe_state(void *context)
{
    (void)context;
    fpxi_board_safe_state();
}

static void kick_watchdog(void *context)
{
    (void)context;
    fpxi_watchdog_kick();
}

static void reset(void *context, uint8_t cause)
{
    safe_state(context);
    fpxi_links_drain();
    fpxi_kept_note_cause((fpxi_reset_cause_t)cause);
    fpxi_system_reset();
}

static void enter_bootloader(void *context)
{
    fpxi_kept_request_boot_loader();
    reset(context, FPXI_RESET_CAUSE_COMMAND);
}

static const fpxi_hardware_t hardware = {
    .now_us = now_us,
    .set_bias = set_bias,
    .begin_exposure = begin_exposure,
    .begin_readout = begin_readout,
    .read_row = read_row,
    .abandon = abandon,
    .temperature_mC = temperature_mC,
    .battery_mV = battery_mV,
    .storage_read = storage_read,
    .storage_erase = storage_erase,
    .storage_program = storage_program,
    .note_fault = note_fault,
    .self_test = self_test,
    .safe_state = safe_state,
    .kick_watchdog = kick_watchdog,
    .reset = reset,
    .enter_bootloader = enter_bootloader,
};

/* --- start ------------------------------------------------------------------------------------ */

bool fpxi_board_ready(void)
{
    return ready;
}

void fpxi_board_safe_state(void)
{
    fpxi_bias_supply_off();
    fpxi_expose_request_off();
    fpxi_scan_safe();
}

/* 16 hexadecimal digits of the 64-bit FNV-1a hash of the chip's own number. */
static void write_serial_number(uint8_t *digits)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < UNIQUE_ID_SIZE; i++) {
        hash = (hash ^ UNIQUE_ID[i]) * 0x100000001B3u;
    }
    for (unsigned i = 0; i < 16u; i++) {
        digits[i] = (uint8_t)"0123456789ABCDEF"[(hash >> (60u - 4u * i)) & 0xFu];
    }
}

static uint8_t frame_slots(const fpxi_panel_description_t *panel)
{
    uint32_t slots = FRAMES * PIXELS / ((uint32_t)panel->rows * panel->columns);
    return (uint8_t)(slots < FPXI_MAX_SLOTS ? slots : FPXI_MAX_SLOTS);
}

static void start_core(const fpxi_strapping_t *strapping, fpxi_reset_cause_t cause)
{
    fpxi_core_config_t config = {
        .hardware = hardware,
        .panel = strapping->panel,
        .frame_memory = frames,
        .frame_slots = frame_slots(strapping->panel),
        .readout = {row_memory, accumulator,
                    fpxi_scan_line_time_us(strapping->panel, strapping->converters)},
        .reference = reference,
        .transmit = {{cable_queue, sizeof cable_queue}, {module_queue, sizeof module_queue}},
        .links = FPXI_LINKS,
        .reset_cause = cause,
        .last_fault = fpxi_kept_take_fault(),
    };
    write_serial_number(config.serial_number);
    (void)fpxi_core_init(&core, &config); /* fails for a wrong configuration alone */
}

static bool from_outside(fpxi_reset_cause_t cause)
{
    return cause == FPXI_RESET_CAUSE_POWER_ON || cause == FPXI_RESET_CAUSE_BROWNOUT ||
           cause == FPXI_RESET_CAUSE_EXTERNAL;
}

fpxi_core_t *fpxi_board_start(void)
{
    fpxi_reset_cause_t cause = fpxi_kept_take_cause();
    bool crystal = fpxi_clocks_start_crystal();
    fpxi_watchdog_start(); /* bounds every wait for the chip's own parts from here on */
    fpxi_clocks_init(crystal);
    fpxi_pins_init(from_outside(cause));
    fpxi_time_init();
    fpxi_strapping_t strapping = fpxi_strapping_read();
    fpxi_adc_init();
    fpxi_bias_supply_init((int32_t)strapping.panel->parameters[FPXI_PLACE_BIAS_MV].maximum);
    fpxi_scan_init(strapping.panel, strapping.converters);
    ready = true;
    start_core(&strapping, cause);
    if (!crystal || !strapping.identified) {
        fpxi_core_fault(&core, FPXI_FAULT_INTERNAL);
    }
    return &core;
}
