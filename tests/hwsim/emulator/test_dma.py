from __future__ import annotations

from collections.abc import Callable

import pytest
from fpxi_hwsim.emulator.errors import EmulationError

from .conftest import Program
from .test_usart import SETUP

Make = Callable[[str], Program]

CONFIGURE = """
static void configure(uint32_t stream, uint32_t cr, uint32_t memory, uint32_t count) {
  S(stream, 8) = U + 4; S(stream, 12) = memory; S(stream, 4) = count; S(stream, 0) = cr;
}
#define TX (4u << 25 | 1u << 10 | 1u << 6)
#define TEXT ((uint32_t)text)
"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("configure(6, TX | 1, TEXT, 4);", "stream 6 channel 4 serves no request"),
        ("configure(7, (TX & ~(7u << 25)) | 1, TEXT, 4);", "channel 0 serves no request"),
        ("configure(7, (TX & ~(7u << 25)) | 5u << 25 | 1, TEXT, 4);", "no model makes"),
        ("configure(7, TX | 1, 0x10000000, 4);", "in the CCM"),
        ("configure(7, TX | 1, 0x2001FFFE, 4);", "not RAM"),
        ("configure(7, TX | 1, TEXT, 0);", "NDTR = 0"),
        ("configure(7, TX | 1 | 1u << 18, TEXT, 4);", "double buffer"),
        ("configure(7, TX | 1 | 1u << 13, TEXT, 4);", "PSIZE and MSIZE"),
        ("configure(7, (TX & ~(1u << 6)) | 1, TEXT, 4);", "wrong direction"),
        ("configure(7, TX | 5u << 11 | 1, TEXT & ~3u, 4);", "more than one byte"),
        ("configure(7, TX | 1, TEXT, 4); S(7, 4) = 3;", "S7NDTR: written while"),
        ("configure(7, TX | 1, TEXT, 4); S(7, 0) = 5u << 25 | 1;", "changed while the stream"),
        ("configure(7, TX | 1, TEXT, 1); while (S(7, 0) & 1) {} S(7, 0) = TX | 1;", "flags"),
        ("S(7, 20) = 4; configure(7, TX | 1, TEXT, 4);", "FIFO"),
        ("configure(7, (TX ^ 3u << 6) | 1, TEXT, 4);", "memory-to-memory"),
        ("configure(5, 4u << 25 | 1u << 10 | 1, 0x08000000, 4);", "writes to 0x08000000"),
    ],
)
def test_what_the_manual_forbids_is_refused(program: Make, body: str, message: str) -> None:
    made = program(
        SETUP + CONFIGURE + "void start(void) { setup(84, 0); R(U + 0x14) = 1u << 7;"
        f"{body} finish(); }}"
    )
    with pytest.raises(EmulationError) as refused:
        made.run()
    assert message in str(refused.value)


def test_dma1_cannot_reach_apb2(program: Make) -> None:
    made = program(
        SETUP + "void start(void) { setup(84, 0); AHB1ENR |= 1u << 21;"
        "R(0x400260A8) = U + 4; R(0x400260AC) = (uint32_t)text; R(0x400260A4) = 4;"
        "R(0x400260A0) = 4u << 25 | 1u << 10 | 1u << 6 | 1; finish(); }"
    )
    with pytest.raises(EmulationError, match="cannot reach a peripheral at 0x40011004"):
        made.run()


def test_a_stream_without_clock_is_refused(program: Make) -> None:
    made = program(SETUP + "void start(void) { clocks(); S(7, 4) = 1; finish(); }")
    with pytest.raises(EmulationError, match="DMA2->S7NDTR: write while the peripheral's clock"):
        made.run()


def test_a_disabled_stream_stops_and_shows_what_remained(program: Make) -> None:
    made = program(
        SETUP + CONFIGURE + "void start(void) { setup(84, 0); fill(); R(U + 0x14) = 1u << 7;"
        "configure(7, TX | 1, TEXT, 100);"
        "for (volatile int i = 0; i < 2000; i++) {}"
        "S(7, 0) = TX; out[0] = S(7, 4); out[1] = R(DMA2 + 4) >> 22 & 0x3D;"
        "while (!(R(U) & 0x40)) {} finish(); }"
    )
    made.run()
    sent = made.board.usart1.take()
    assert 0 < made.out(0) < 99
    assert len(sent) == 100 - made.out(0)
    assert made.out(1) & 0x20


def test_memory_is_read_when_its_byte_is_due_not_when_the_stream_starts(program: Make) -> None:
    made = program(
        SETUP + CONFIGURE + "void start(void) { setup(84, 0); fill(); R(U + 0x14) = 1u << 7;"
        "configure(7, TX | 1, TEXT, 300); text[299] = 0x55; text[0] = 0x66;"
        "while (S(7, 0) & 1) {} while (!(R(U) & 0x40)) {} finish(); }"
    )
    made.run()
    sent = made.board.usart1.take()
    assert sent[299] == 0x55
    assert sent[0] == 0
