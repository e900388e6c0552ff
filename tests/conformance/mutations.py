"""Mistakes that silicon would punish: each is one replacement in a source file of the board."""

from __future__ import annotations

from dataclasses import dataclass


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
    counts_polls: bool = False
    """run loops that wait for a register turn by turn: their limits count"""


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
    Mutation(
        "a word is asked for once only",
        "scan_timers.c",
        "DMA_CR_MSIZE_16 | DMA_CR_PSIZE_16 | DMA_CR_CIRC |     \\\n     DMA_CR_DIR",
        "DMA_CR_MSIZE_16 | DMA_CR_PSIZE_16 |     \\\n     DMA_CR_DIR",
        "circular",
    ),
    Mutation(
        "received words all in one place",
        "scan_timers.c",
        "DMA_CR_PSIZE_16 | DMA_CR_MINC |          \\\n",
        "DMA_CR_PSIZE_16 |          \\\n",
        "frames differ",
    ),
    Mutation(
        "items of unequal sizes",
        "scan_timers.c",
        "(DMA_CR_CHSEL(3u) | DMA_CR_PL(2u) | DMA_CR_MSIZE_16 |",
        "(DMA_CR_CHSEL(3u) | DMA_CR_PL(2u) | DMA_CR_MSIZE_32 |",
        "PSIZE and MSIZE",
    ),
    Mutation(
        "one line of the table only",
        "scan_timers.c",
        "DMA_CR_CIRC | DMA_CR_DIR_TO_PERIPHERAL)\n#define READ",
        "DMA_CR_DIR_TO_PERIPHERAL)\n#define READ",
        "STV",
    ),
    Mutation(
        "flags of the last transfer left",
        "dma.h",
        "    fpxi_dma_clear(dma, stream, DMA_ALL_FLAGS);\n}\n\n/* The stream must be stopped.",
        "    fpxi_dma_clear(dma, stream, 0u);\n}\n\n/* The stream must be stopped.",
        "flags of the last transfer",
    ),
    Mutation(
        "slots not told to the counter",
        "scan_timers.c",
        "    timer->CR2 = TIM_CR2_MMS_UPDATE;\n",
        "",
        "unfit",
    ),
    Mutation(
        "slots counted from another timer",
        "scan_timers.c",
        "TIM2->SMCR = TIM_SMCR_TS_ITR(1u) | TIM_SMCR_SMS",
        "TIM2->SMCR = TIM_SMCR_TS_ITR(0u) | TIM_SMCR_SMS",
        "TIM2",
    ),
    Mutation(
        "slot of one tick more",
        "scan_timers.c",
        "timer->ARR = SLOT_TICKS - 1u;",
        "timer->ARR = SLOT_TICKS;",
        "unfit",
    ),
    Mutation(
        "converters clocked too slowly",
        "scan_timers.c",
        "SPI_CR1_BR(0u)",
        "SPI_CR1_BR(1u)",
        "MISO",
    ),
    Mutation(
        "wrong clock polarity",
        "scan_timers.c",
        "| SPI_CR1_BR(0u)",
        "| SPI_CR1_BR(0u) | 2u",
        "mode 0",
    ),
    Mutation(
        "wrong clock phase",
        "scan_timers.c",
        "| SPI_CR1_BR(0u)",
        "| SPI_CR1_BR(0u) | 1u",
        "mode 0",
    ),
    Mutation(
        "received words not by DMA",
        "scan_timers.c",
        "SPI1->CR2 = SPI_CR2_RXDMAEN;",
        "SPI1->CR2 = 0u;",
        "overrun",
    ),
    Mutation(
        "outputs of the timers not enabled",
        "scan_timers.c",
        "    timer->BDTR = TIM_BDTR_MOE;\n",
        "",
        "CNV is missing",
    ),
    Mutation(
        "converter's data pin not connected",
        "scan_timers.c",
        "    fpxi_pin_alternate(GPIOA, PIN_MISO, FUNCTION_SPI1, PULL_DOWN);\n",
        "",
        "PA6",
    ),
    Mutation(
        "pins too slow",
        "pins.c",
        "#define SPEED_VERY_HIGH 3u",
        "#define SPEED_VERY_HIGH 0u",
        "OSPEEDR",
    ),
    Mutation(
        "timers at half their rate",
        "clocks.c",
        "RCC_CFGR_PPRE2_2",
        "(5u << 13)",
        "84000000 Hz",
    ),
    Mutation(
        "bus too fast",
        "clocks.c",
        "RCC_CFGR_PPRE1_4 | RCC_CFGR_PPRE2_2",
        "RCC_CFGR_PPRE1_4",
        "PCLK2",
    ),
    Mutation(
        "multiplexer's clock too late",
        "waveforms.h",
        "#define CLOCK_RISES_TICK 126u",
        "#define CLOCK_RISES_TICK 150u",
        "settling",
    ),
    Mutation(
        "reset level not sampled",
        "tft64.c",
        "[(at) + 6u] = HIGH(SHR),",
        "",
        "SHR",
    ),
    Mutation(
        "multiplexer started twice",
        "tft64.c",
        "[(at) + 1u] = LOW(STI) | HIGH(IRST),                         \\\n    [(at) + 5u]",
        "[(at) + 1u] = HIGH(IRST), [(at) + 2u] = LOW(STI), \\\n    [(at) + 5u]",
        "STI",
    ),
    Mutation(
        "row clock while the gates are open",
        "tft64.c",
        "LOW(IRST) | HIGH(CPV), [(at) + 6u]",
        "LOW(IRST), [(at) + 20u] = HIGH(CPV), [(at) + 22u] = LOW(CPV), [(at) + 6u]",
        "OE",
    ),
    Mutation(
        "integration begins after the gate",
        "tft64.c",
        "[(at) + 8u] = HIGH(OE) | HIGH(INTG) | LOW(STV),",
        "[(at) + 8u] = HIGH(OE) | LOW(STV), [(at) + 9u] = HIGH(INTG),",
        "frames differ",
    ),
    Mutation(
        "no reset of the array",
        "scan.c",
        " && play(&plan->reset[exposure->cds ? 1 : 0], exposure, *start_us, NULL);",
        ";",
        "integrated for",
    ),
    Mutation(
        "tokens never cleared",
        "scan_engine.c",
        "return !engine.tokens_known;",
        "return false;",
        "token",
    ),
    Mutation(
        "scan a slot too short",
        "scan_engine.c",
        "end_at(current()->start_us + current()->slots);",
        "end_at(current()->start_us + current()->slots - 1u);",
        "unfit",
    ),
    Mutation(
        "chip select before the last bit",
        "bias_supply.c",
        "    bool sent = bus_reaches(SPI_SR_RXNE, SPI_SR_RXNE);\n    finish_word();\n",
        "    bool sent = true;\n    GPIOC->BSRR = GPIO_SET(PIN_DAC_CS);\n    finish_word();\n",
        "DAC_CS",
    ),
    Mutation(
        "USART on another stream",
        "links.c",
        "{USART1, DMA2, 5, 7}",
        "{USART1, DMA2, 5, 6}",
        "serves no request",
    ),
    Mutation(
        "wrong sector erased",
        "storage.c",
        "#define FIRST_SECTOR 2u",
        "#define FIRST_SECTOR 1u",
        "",
    ),
    Mutation(
        "nothing erased",
        "storage.c",
        "    FLASH->CR = control | FLASH_CR_STRT;\n",
        "",
        "",
    ),
    Mutation(
        "flash programmed by bytes",
        "storage.c",
        "FLASH->CR = FLASH_CR_PSIZE_32 | FLASH_CR_PG;",
        "FLASH->CR = FLASH_CR_PG;",
        "PSIZE",
    ),
    Mutation(
        "crystal not awaited",
        "clocks.c",
        "#define CRYSTAL_TURNS 200000u",
        "#define CRYSTAL_TURNS 20u",
        "",
        counts_polls=True,
    ),
    Mutation(
        "floating point off",
        "startup.c",
        '"orr r1, r1, #0x00F00000\\n\\t"',
        '""',
        "CPACR",
    ),
]
