from __future__ import annotations

from collections.abc import Callable

import pytest
from fpxi_hwsim.emulator.errors import EmulationError

from .conftest import Program

Make = Callable[[str], Program]


ADC = """
static void adc(void) {
  clocks(); AHB1ENR |= 4; APB2ENR |= 1u << 8; R(GPIO(2)) = 3; R(0x40012304) = 1u << 16;
  R(0x40012008) = 1; R(0x4001200C) = 6; R(0x40012034) = 10;
}
static void settle(void) { for (volatile int i = 0; i < 300; i++) {} }
"""


def test_adc_converts_the_voltage_at_the_end_of_sampling(program: Make) -> None:
    made = program(
        ADC + "void start(void) { adc(); settle(); R(0x40012008) |= 1u << 30;"
        "while (!(R(0x40012000) & 2)) {} out[0] = R(0x4001204C);"
        " out[1] = R(0x40012000); finish(); }"
    )
    times: list[int] = []

    def volts() -> float:
        times.append(made.machine.now)
        return 1.65

    made.board.adc1.inputs[10] = volts
    made.run()
    assert made.out(0) == 2048
    assert made.out(1) & 2 == 0
    assert len(times) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("R(0x40012008) |= 1u << 30;", "less than 3 us after ADON"),
        ("settle(); R(0x40012304) = 0; R(0x40012008) |= 1u << 30;", "exceeds 36000000 Hz"),
        ("settle(); R(0x40012034) = 11; R(0x40012008) |= 1u << 30;", "nothing is connected"),
        ("settle(); R(GPIO(2)) = 0; R(0x40012008) |= 1u << 30;", "PC0 of channel 10 is not"),
        ("settle(); R(0x4001202C) = 1u << 20; R(0x40012008) |= 1u << 30;", "sequences"),
        ("settle(); R(0x40012008) |= 1u << 30; R(0x40012008) |= 1u << 30;", "conversion runs"),
    ],
)
def test_adc_misuse_is_refused(program: Make, body: str, message: str) -> None:
    made = program(ADC + f"void start(void) {{ adc(); {body} finish(); }}")
    made.board.adc1.inputs[10] = lambda: 1.0
    with pytest.raises(EmulationError) as refused:
        made.run()
    assert message in str(refused.value)


SPI = """
#define SPI2 0x40003800u
static void spi(void) {
  clocks(); AHB1ENR |= 6; APB1ENR |= 1u << 14;
  R(GPIO(1)) = 2u << 20; R(GPIO(1) + 0x24) = 5u << 8; R(GPIO(1) + 8) |= 1u << 20;
  R(GPIO(2) + 8) = 1u << 6; R(GPIO(2)) = 2u << 6; R(GPIO(2) + 0x20) = 5u << 12;
  R(SPI2) = 1u << 11 | 3u << 8 | 1u << 6 | 1u << 2;
}
"""


def test_spi_shifts_a_frame_in_its_time(program: Make) -> None:
    made = program(
        SPI + "void start(void) { spi(); R(SPI2 + 12) = 0xABCD; out[0] = R(SPI2 + 8);"
        "while (R(SPI2 + 8) & 0x80) {} out[1] = R(SPI2 + 8); (void)R(SPI2 + 12);"
        "out[2] = R(SPI2 + 8); finish(); }"
    )
    frames: list[tuple[int, int, int, int]] = []
    made.board.spi2.on_transfer.append(lambda *frame: frames.append(frame))
    made.run()
    assert [frame[1:] for frame in frames] == [(8, 16, 0xABCD)]
    assert (made.out(0) & 0x83, made.out(1) & 0x83, made.out(2) & 0x83) == (0x82, 0x03, 0x02)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("spi(); R(SPI2) = 0; R(SPI2 + 12) = 1;", "SPI is off"),
        ("spi(); R(SPI2 + 12) = 1; R(SPI2 + 12) = 2; R(SPI2 + 12) = 3;", "while TXE is 0"),
        ("spi(); R(SPI2 + 12) = 1; R(SPI2) = 0;", "while a frame is being sent"),
        ("spi(); R(SPI2) = 1u << 2 | 1u << 6;", "MODF"),
        ("spi(); R(GPIO(2)) = 0; R(SPI2 + 12) = 1;", "PC3->AFR"),
        ("spi(); R(GPIO(2) + 8) = 0; R(SPI2 + 12) = 1;", "PC3->OSPEEDR"),
        (
            "spi(); for (int i = 0; i < 3; i++) { R(SPI2 + 12) = 1;"
            " while (R(SPI2 + 8) & 0x80) {} }",
            "overrun",
        ),
    ],
)
def test_spi_misuse_is_refused(program: Make, body: str, message: str) -> None:
    made = program(SPI + f"void start(void) {{ {body} finish(); }}")
    with pytest.raises(EmulationError) as refused:
        made.run()
    assert message in str(refused.value)
