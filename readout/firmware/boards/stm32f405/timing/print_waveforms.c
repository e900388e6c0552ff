/* Prints, as JSON, how a panel is scanned: `print_waveforms PANEL CONVERTERS CONVERSIONS`. Runs on the
 * machine that builds the firmware. */

#include <stdio.h>
#include <stdlib.h>

#include "../waveforms.h"

static void print_scan(const char *key, const fpxi_scan_plan_t *scan, uint32_t conversions)
{
    const fpxi_waveform_t *waveform = scan->waveform;
    printf(",\n\"%s\": ", key);
    if (waveform == NULL) {
        printf("null");
        return;
    }
    printf("{\"name\": \"%s\", \"token\": %d, \"converts\": %d, \"slots\": %u, \"words\": [",
           waveform->name, waveform->token, waveform->converts,
           (unsigned)fpxi_scan_slots(scan, conversions));
    const uint32_t *words = fpxi_waveform_words(waveform, conversions);
    for (uint32_t i = 0u; i < fpxi_waveform_word_count(waveform, conversions); i++) {
        printf("%s%lu", i == 0u ? "" : ", ", (unsigned long)words[i]);
    }
    printf("]}");
}

/* [row][pass][column] */
static void print_order(const fpxi_panel_plan_t *plan, uint32_t conversions)
{
    uint32_t columns = (uint32_t)plan->columns * plan->converters;
    printf(",\n\"word_index\": [");
    for (uint32_t row = 0u; row < plan->rows; row++) {
        printf("%s[", row == 0u ? "" : ",\n");
        for (uint32_t pass = 0u; pass < conversions; pass++) {
            printf("%s[", pass == 0u ? "" : ", ");
            for (uint32_t column = 0u; column < columns; column++) {
                printf("%s%lu", column == 0u ? "" : ", ",
                       (unsigned long)fpxi_word_index(plan, conversions, row, pass, column));
            }
            printf("]");
        }
        printf("]");
    }
    printf("]");
}

static void print_constants(const fpxi_panel_plan_t *plan)
{
    printf("{\"name\": \"%s\", \"panel\": %u, \"converters\": %u, \"line_slots\": %u, "
           "\"rows\": %u, \"columns\": %u, \"began_slot\": %u, \"ended_slot\": %u, \"rearm_us\": %u",
           plan->name, plan->panel, plan->converters, plan->line_slots, plan->rows, plan->columns,
           plan->began_slot, plan->ended_slot, FPXI_REARM_US);
    printf(",\n\"signals\": {\"STV\": %u, \"CPV\": %u, \"OE\": %u, \"IRST\": %u, \"SHR\": %u, "
           "\"SHS\": %u, \"INTG\": %u, \"STI\": %u}",
           SIGNAL_STV, SIGNAL_CPV, SIGNAL_OE, SIGNAL_IRST, SIGNAL_SHR, SIGNAL_SHS, SIGNAL_INTG,
           SIGNAL_STI);
    printf(",\n\"ticks\": {\"slot\": %u, \"conversion\": %u, \"word\": %u, \"half_slot\": %u, "
           "\"clock_rises\": %u}",
           SLOT_TICKS, CONVERSION_TICKS, WORD_TICKS, HALF_SLOT_TICKS, CLOCK_RISES_TICK);
}

int main(int count, char **arguments)
{
    const fpxi_panel_plan_t *plan = NULL;
    unsigned long conversions = 0u;
    if (count == 4) {
        plan = fpxi_panel_plan((uint8_t)strtoul(arguments[1], NULL, 10),
                               (uint8_t)strtoul(arguments[2], NULL, 10));
        conversions = strtoul(arguments[3], NULL, 10);
    }
    if (plan == NULL || conversions < 1u || conversions > FPXI_MAX_PASSES) {
        fprintf(stderr, "usage: print_waveforms PANEL CONVERTERS CONVERSIONS\n");
        return EXIT_FAILURE;
    }
    print_constants(plan);
    print_scan("clear", &plan->clear, (uint32_t)conversions);
    print_scan("reset_no_cds", &plan->reset[0], (uint32_t)conversions);
    print_scan("reset_cds", &plan->reset[1], (uint32_t)conversions);
    print_scan("sample_no_cds", &plan->sample[0], (uint32_t)conversions);
    print_scan("sample_cds", &plan->sample[1], (uint32_t)conversions);
    print_scan("rows_no_cds", &plan->rows_scan[0], (uint32_t)conversions);
    print_scan("rows_cds", &plan->rows_scan[1], (uint32_t)conversions);
    print_order(plan, (uint32_t)conversions);
    printf("}\n");
    return EXIT_SUCCESS;
}
