from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from fpxi_hwsim.emulator.errors import EmulationError

from .conftest import Program

Make = Callable[[str], Program]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("R(GPIO(1)) = 0;", "GPIOB->MODER: write while the peripheral's clock is off"),
        ("out[0] = R(GPIO(1) + 0x10);", "GPIOB->IDR: read while the peripheral's clock is off"),
        ("AHB1ENR |= 2; R(GPIO(1) + 0x28) = 0;", "GPIOB->0x28: write of 0x0 to a reserved"),
        ("AHB1ENR |= 2; R(GPIO(1) + 4) = 1u << 16;", "sets reserved bits 0x10000"),
        ("R(0x40000400) = 0;", "where no peripheral is modelled"),
        (
            "*(volatile uint16_t *)0x40023802 = 1; AHB1ENR |= 1u << 12;"
            "*(volatile uint16_t *)0x40023000 = 1;",
            "access of 2 bytes",
        ),
        (
            "R(0x40023C00) = 0; R(RCC) |= 1u << 24; while (!(R(RCC) & 1u << 25)) {}R(RCC + 8) = 2;",
            "FLASH->ACR: 0 wait states are too few for 96000000 Hz",
        ),
        ("R(RCC + 8) = 1;", "source that is not ready"),
        ("R(RCC + 4) = 8u | 336u << 6 | 1u << 22; R(RCC) |= 1u << 24;", "HSE, which is not ready"),
        ("R(RCC + 4) = 40u | 336u << 6; R(RCC) |= 1u << 24;", "not 1 to 2 MHz"),
        ("R(RCC + 4) = 16u | 70u << 6; R(RCC) |= 1u << 24;", "not 100 to 432 MHz"),
        ("clocks(); R(RCC) &= ~(1u << 24);", "switched off while it is the system clock"),
        ("clocks(); R(0x40023C00) = 4;", "4 wait states are too few"),
        ("clocks(); R(RCC + 8) = 2u | 4u << 13 | 4u << 10;", "PCLK1 becomes 84000000 Hz"),
        ("R(0xE000ED08) = 0x08000100;", "not aligned"),
        ("R(0xE000ED0C) = 4;", "key 0x05FA"),
        ("R(0xE000E108) = 1u << 20;", "does not have"),
        ("R(0xE000ED10) = 4;", "deep sleep"),
        ("R(0xE000ED14) |= 1u << 3;", "SCS->CCR: write of 0x208 sets reserved bits"),
        ("R(0xE000ED24) |= 1u << 18;", "SCS->SHCSR"),
        ("R(0x40003004) = 3;", "without the key 0x5555"),
        ("R(0x40003000) = 0x1234;", "is no key"),
        ("R(0x40003000) = 0x5555; R(0x40003004) = 3; R(0x40003004) = 4;", "still being taken over"),
        ("R(0x08010000) = 1;", "while the flash is locked"),
        ("R(0x1FFF0000) = 1;", "read-only memory"),
        ("R(0x40023C10) = 1;", "while the flash is locked"),
        ("R(0x40023C04) = 1;", "wrong key"),
        ("clocks(); APB1ENR |= 8; R(0x40000C00) = 0x10;", "only up-counting"),
        ("clocks(); APB1ENR |= 8; R(0x40000C18) = 0x60;", "PWM modes"),
        ("clocks(); APB2ENR |= 1u << 14; R(0x40013800) = 3;", "MEMRMP"),
    ],
)
def test_what_the_manual_forbids_is_refused(program: Make, body: str, message: str) -> None:
    made = program(f"void start(void) {{ {body} finish(); }}")
    with pytest.raises(EmulationError) as refused:
        made.run()
    assert message in str(refused.value)
    assert refused.value.program_counter is not None


def test_a_board_without_crystal_never_reports_it_ready(program: Make) -> None:
    made = program(
        "void start(void) { R(RCC) |= 1u << 16; uint32_t n = 5000;"
        "while (!(R(RCC) & 1u << 17) && --n) {} out[0] = n; finish(); }"
    )
    made.board.rcc.hse_hz = None
    made.run()
    assert made.out(0) == 0


def test_the_clock_tree_follows_the_registers(program: Make) -> None:
    made = program("void start(void) { clocks(); finish(); }")
    rcc = made.board.rcc
    made.run()
    assert (rcc.hclk_hz, rcc.pclk1_hz, rcc.pclk2_hz) == (168_000_000, 42_000_000, 84_000_000)
    assert (rcc.timer1_hz, rcc.timer2_hz) == (84_000_000, 168_000_000)


def test_pins_drive_listen_and_pull(program: Make) -> None:
    made = program(
        "void start(void) { AHB1ENR |= 2; R(GPIO(1)) = 1; R(GPIO(1) + 0xC) = 1u << 2 | 2u << 4;"
        "R(GPIO(1) + 0x18) = 1; R(GPIO(1) + 0x18) = 1u << 16; R(GPIO(1) + 0x14) = 1;"
        "out[0] = R(GPIO(1) + 0x10) & 0xF; finish(); }"
    )
    changes: list[tuple[int, int]] = []
    made.board.pins.on_change("B", lambda _time, old, new: changes.append((old, new)))
    made.board.pins.drive("PB3", True)
    made.run()
    assert changes == [(0, 1), (1, 0), (0, 1)]
    assert made.out(0) == 0b1011
    assert made.board.pins.output("PB0")
    with pytest.raises(EmulationError, match="PB1->MODER"):
        made.board.pins.require("PB1")
    with pytest.raises(EmulationError, match="alternate function 3 but is an output"):
        made.board.pins.require("PB0", af=3)


def test_an_edge_at_a_pin_interrupts_once_for_the_chosen_port(program: Make) -> None:
    made = program(
        "void exti5(void) { R(0x40013C14) = 32; out[0]++; }"
        "void start(void) { AHB1ENR |= 7; APB2ENR |= 1u << 14; R(0x4001380C) = 1u << 4;"
        'R(0x40013C00) = 32; R(0x40013C08) = 32; ISER(23); out[1] = 1; for (;;) ASM("wfi"); }'
    )
    made.machine.run_us(0.01)
    made.clear()
    made.machine.run_us(10)
    for level in (True, False, True):
        made.board.pins.drive("PB5", level)
        made.board.pins.drive("PC5", level)
        made.machine.run_us(10)
    assert made.out(0) == 2


def test_crc_unit_agrees_with_its_polynomial(program: Make) -> None:
    made = program(
        "void start(void) { AHB1ENR |= 1u << 12; R(0x40023008) = 1; R(0x40023000) = 0x12345678;"
        "R(0x40023000) = 0x9ABCDEF0; out[0] = R(0x40023000); finish(); }"
    )
    made.run()

    def reversed_bits(value: int, width: int) -> int:
        return int(f"{value:0{width}b}"[::-1], 2)

    data = bytes(reversed_bits(byte, 8) for byte in bytes.fromhex("123456789abcdef0"))
    assert made.out(0) == reversed_bits(zlib.crc32(data) ^ 0xFFFF_FFFF, 32)


WATCHDOG = """
static void watch(void) {
  R(0x40003000) = 0xCCCC; R(0x40003000) = 0x5555; R(0x40003004) = 3; R(0x40003008) = 1000;
  while (R(0x4000300C)) {} R(0x40003000) = 0xAAAA;
}
"""


def test_the_watchdog_resets_a_program_that_does_not_kick_it(program: Make) -> None:
    made = program(
        WATCHDOG + 'void start(void) { out[0] = R(RCC + 0x74); watch(); for (;;) ASM("wfi"); }'
    )
    made.machine.run_us(990_000)
    assert len(made.machine.resets) == 1
    made.machine.run_us(30_000)
    assert [cause.value for cause in made.machine.resets] == ["power", "watchdog"]
    assert made.out(0) & 0x2000_0000


def test_a_kicked_watchdog_stays_quiet(program: Make) -> None:
    made = program(
        WATCHDOG + "void sys_tick(void) { R(0x40003000) = 0xAAAA; }"
        "void start(void) { watch(); R(0xE000E014) = 0xFFFFFF; R(0xE000E010) = 7;"
        'for (;;) ASM("wfi"); }'
    )
    made.machine.run_us(3_000_000)
    assert len(made.machine.resets) == 1
