"""Mistakes that silicon would punish: each is one replacement in a source file of the board."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mutation:
    name: str
    file: str
    """in readout/firmware/boards/stm32f405"""
    old: str
    new: str
    caught: str
    """what the message of the model that catches it must contain; "frames differ": none can, but
    the pixels arrive in the wrong places"""
    panel: str = "tft64"
    settings: dict[str, int] = field(default_factory=dict)


MUTATIONS = [
    Mutation(
        "two DMA streams swapped",
        "scan_timers.c",
        "#define STREAM_RECEIVE 0u  /* SPI1_RX, channel 3 */\n"
        "#define STREAM_WAVEFORM 1u /* TIM8_UP, channel 7 */",
        "#define STREAM_RECEIVE 1u\n#define STREAM_WAVEFORM 0u",
        "DMA2",
    ),
    Mutation(
        "wrong DMA channel", "scan_timers.c", "(DMA_CR_CHSEL(3u) |", "(DMA_CR_CHSEL(2u) |", "DMA2"
    ),
    Mutation(
        "no CNV",
        "scan_timers.c",
        "init_slot_timer(TIM8, 3u, TIM_CCER_CCE(1u) | TIM_CCER_CCE(3u));",
        "init_slot_timer(TIM8, 3u, TIM_CCER_CCE(3u));",
        "CNV is missing",
    ),
    Mutation(
        "CNV too short",
        "waveforms.h",
        "#define CONVERSION_TICKS 60u",
        "#define CONVERSION_TICKS 50u",
        "converter",
    ),
    Mutation(
        "converters in step",
        "scan_timers.c",
        "TIM1->CNT = REST_TICK - HALF_SLOT_TICKS;",
        "TIM1->CNT = REST_TICK;",
        "",
    ),
    Mutation(
        "late SHS",
        "tft64.c",
        "[(at) + (closes) + 2u] = HIGH(SHS)",
        "[(at) + (closes) + 4u] = HIGH(SHS)",
        "SHS",
    ),
    Mutation(
        "early SHS",
        "tft64.c",
        "[(at) + (closes)] = LOW(OE) | LOW(INTG),       \\\n    [(at) + (closes) + 2u] = HIGH(SHS)",
        "[(at) + (closes)] = LOW(OE) | LOW(INTG) | HIGH(SHS)",
        "SHS",
    ),
    Mutation("gate open too short", "tft64.c", "TWO_CLOSES 28u", "TWO_CLOSES 20u", "gate"),
    Mutation("token never lowered", "tft64.c", "HIGH(INTG) | LOW(STV), ", "HIGH(INTG), ", "token"),
    Mutation(
        "integrator reset too short",
        "tft64.c",
        "LOW(IRST) | HIGH(CPV), [(at) + 6u]",
        "HIGH(CPV), [(at) + 3u] = LOW(IRST), [(at) + 6u]",
        "IRST",
    ),
    Mutation(
        "buffer in CCM",
        "scan.c",
        "static FPXI_DMA_MEMORY uint16_t words",
        "static FPXI_CCM_MEMORY uint16_t words",
        "CCM",
    ),
    Mutation(
        "off by one row",
        "tft64.c",
        ".columns = CHANNELS / 2u,\n    .row_line = 1u,",
        ".columns = CHANNELS / 2u,\n    .row_line = 0u,",
        "frames differ",
    ),
    Mutation(
        "off by one row, on the die",
        "cmos32.c",
        ".row_line = 0u,",
        ".row_line = 1u,",
        "frames differ",
        panel="cmos32",
    ),
    Mutation(
        "peripheral without its clock",
        "scan_timers.c",
        "RCC_APB2_TIM1 | RCC_APB2_TIM8 | RCC_APB2_SPI1",
        "RCC_APB2_TIM1 | RCC_APB2_TIM8",
        "SPI1",
    ),
    Mutation(
        "pin without its function",
        "scan_timers.c",
        "fpxi_pin_alternate(GPIOA, PIN_SCK, FUNCTION_SPI1, PULL_DOWN);",
        "fpxi_pin_output(GPIOA, PIN_SCK);",
        "PA5",
    ),
    Mutation("converter read with 8 bits", "scan_timers.c", " | SPI_CR1_DFF_16", "", "SPI1"),
    Mutation("flash not unlocked", "storage.c", "    FLASH->KEYR = FLASH_KEY_2;\n", "", "FLASH"),
    Mutation(
        "range changed in mid-scan",
        "scan_timers.c",
        "    TIM5->CCR[0] = end_us;\n",
        "    TIM5->CCR[0] = end_us;\n    GPIOC->BSRR = RANGE_MASK << PIN_GAIN_0;\n",
        "GAIN",
    ),
    Mutation(
        "watchdog never kicked",
        "watchdog.c",
        "void fpxi_watchdog_kick(void)\n{\n    IWDG->KR = IWDG_KR_KICK;",
        "void fpxi_watchdog_kick(void)\n{",
        "restarted by WATCHDOG",
    ),
    Mutation(
        "flash too fast for the clock",
        "clocks.c",
        "    slow_flash();\n    switch_to_pll();",
        "    (void)slow_flash;\n    switch_to_pll();",
        "",
    ),
]
