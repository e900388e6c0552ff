#include "self_test.h"

#include "memory_test.h"

static fpxi_test_outcome_note_t test_memory(fpxi_core_t *core)
{
    const fpxi_core_config_t *config = &core->config;
    size_t samples_per_frame = (size_t)config->panel->rows * config->panel->columns;
    fpxi_frame_store_clear(&core->store);
    const volatile uint16_t *bad =
        fpxi_memory_test(config->frame_memory, config->frame_slots * samples_per_frame);
    return (fpxi_test_outcome_note_t){
        .outcome = bad == NULL ? FPXI_TEST_OUTCOME_PASSED : FPXI_TEST_OUTCOME_FAILED,
        .measured = (uint32_t)(uintptr_t)bad,
    };
}

/* The board switches the output off for it: the bias goes back to its set-point by the ramp. */
static fpxi_test_outcome_note_t test_bias_loop(fpxi_core_t *core)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    if (fpxi_bias_zero(&core->bias) < 0) {
        fpxi_core_fault(core, FPXI_FAULT_BIAS);
    }
    return hardware->self_test(hardware->context, FPXI_BOARD_TEST_BIAS_LOOP);
}

static fpxi_test_outcome_note_t begin(fpxi_core_t *core, fpxi_restart_kind_t kind, uint8_t link)
{
    fpxi_restart_ask(core, kind, link);
    return (fpxi_test_outcome_note_t){.outcome = FPXI_TEST_OUTCOME_PASSED};
}

fpxi_test_outcome_note_t fpxi_self_test(fpxi_core_t *core, uint8_t test, uint8_t link)
{
    const fpxi_hardware_t *hardware = &core->config.hardware;
    switch (test) {
    case FPXI_BOARD_TEST_MEMORY:
        return test_memory(core);
    case FPXI_BOARD_TEST_BIAS_LOOP:
        return test_bias_loop(core);
    case FPXI_BOARD_TEST_STORAGE:
        return fpxi_parameter_store_test(hardware, &core->parameters);
    case FPXI_BOARD_TEST_ASSERTION:
        return begin(core, FPXI_RESTART_BY_ASSERTION, link);
    case FPXI_BOARD_TEST_WATCHDOG:
        return begin(core, FPXI_RESTART_BY_WATCHDOG, link);
    default:
        return hardware->self_test(hardware->context, test);
    }
}
