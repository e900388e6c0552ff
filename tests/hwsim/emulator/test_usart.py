from __future__ import annotations

from collections.abc import Callable

import pytest
from fpxi_hwsim.emulator.errors import EmulationError
from fpxi_hwsim.emulator.uart_line import LineFormat, receive

from .conftest import Program

Make = Callable[[str], Program]

SETUP = """
#define U 0x40011000u
#define DMA2 0x40026400u
#define S(n, r) R(DMA2 + 0x10 + 0x18 * (n) + (r))
static void setup(uint32_t brr, uint32_t cr1) {
  clocks();
  AHB1ENR |= 1u | 1u << 22; APB2ENR |= 1u << 4;
  R(GPIO(0)) = (R(GPIO(0)) & ~(0xFu << 18)) | 0xAu << 18; R(GPIO(0) + 0x24) = 0x770;
  R(GPIO(0) + 8) = 3u << 18;
  R(U + 8) = brr; R(U + 0xC) = cr1 | 1u << 13 | 3u << 2;
}
static uint8_t text[300];
static void fill(void) { for (uint32_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i * 7); }
static void send_by_dma(uint32_t count) {
  R(U + 0x14) |= 1u << 7;
  S(7, 8) = U + 4; S(7, 12) = (uint32_t)text; S(7, 4) = count;
  S(7, 0) = 4u << 25 | 1u << 10 | 1u << 6 | 1u << 4 | 1;
}
static void receive_by_dma(uint32_t count) {
  R(U + 0x14) |= 1u << 6;
  S(5, 8) = U + 4; S(5, 12) = (uint32_t)text; S(5, 4) = count;
  S(5, 0) = 4u << 25 | 1u << 10 | 1u << 8 | 1;
}
"""
TEXT = bytes(i * 7 & 0xFF for i in range(300))
RECEIVED = 'static void idle(void) { for (;;) ASM("wfi"); }\n'


def test_bytes_written_by_the_core_come_out_at_the_baud_rate(program: Make) -> None:
    made = program(
        SETUP + "void start(void) { setup(84, 0); fill();"
        "for (int i = 0; i < 5; i++) { while (!(R(U) & 0x80)) {} R(U + 4) = text[i]; }"
        "out[0] = R(U) & 0x40; while (!(R(U) & 0x40)) {} finish(); }"
    )
    sent: list[tuple[int, bytes]] = []
    made.board.usart1.transmitter.listeners.append(lambda tick, data: sent.append((tick, data)))
    made.run()
    assert b"".join(data for _, data in sent) == TEXT[:5] == made.board.usart1.take()
    assert made.out(0) == 0
    first = sent[0][0] - 1680
    assert [tick - first for tick, _ in sent] == [1680, 3360, 5040, 6720, 8400]


@pytest.mark.parametrize(
    ("brr", "cr1", "byte_ticks"), [(84, 0, 1680), (16, 0, 320), (0x10, 1 << 15, 160)]
)
def test_dma_sends_at_the_baud_rate_and_completes_when_its_last_byte_is_written(
    program: Make, brr: int, cr1: int, byte_ticks: int
) -> None:
    made = program(
        SETUP + "void dma2_s7(void) { R(DMA2 + 12) = 0x3Du << 22; out[1]++; out[2] = R(U); }"
        f"void start(void) {{ setup({brr}, {cr1}); fill(); ISER(70); send_by_dma(300);"
        'while (!out[1]) ASM("wfi"); while (!(R(U) & 0x40)) {} finish(); }'
    )
    made.machine.run_us(0.01)
    made.clear()
    begun: list[int] = []
    complete: list[int] = []
    take = made.board.dma2.streams[7].take

    def watch(items: int) -> bytes:
        begun.append(made.machine.now)
        return take(items)

    made.board.dma2.streams[7].take = watch  # type: ignore[method-assign]
    made.board.usart1.transmitter.listeners.append(lambda tick, _data: complete.append(tick))
    made.run()
    assert made.board.usart1.take() == TEXT
    assert complete[-1] - begun[0] == 300 * byte_ticks
    assert made.out(1) == 1
    assert made.out(2) & 0x40 == 0, "the transmission was complete before the stream"


def test_ndtr_counts_down_while_bytes_leave(program: Make) -> None:
    made = program(
        SETUP + "void start(void) { setup(84, 0); fill(); send_by_dma(200);"
        "for (int i = 0; i < 10; i++) { for (volatile int k = 0; k < 500; k++) {}"
        " out[i] = S(7, 4); } finish(); }"
    )
    made.run()
    counts = [made.out(index) for index in range(10)]
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == 10
    assert counts[0] > 190


def test_bytes_from_outside_land_in_a_circular_buffer_and_idle_follows(program: Make) -> None:
    made = program(
        SETUP + "void usart1(void) { if (R(U) & 16) { (void)R(U + 4); out[0]++; out[1] = S(5, 4);"
        " out[2] = R(DMA2 + 4) >> 6 & 0x3F; } }"
        "void start(void) { setup(84, 1u << 4); ISER(37); receive_by_dma(64); out[3] = 1;"
        'for (;;) ASM("wfi"); }'
    )
    made.machine.run_us(0.01)
    made.clear()
    made.machine.run_until(lambda: made.out(3) == 1, limit_us=10_000)
    begin = made.machine.now
    end = made.board.usart1.send(bytes(range(100)))
    assert end - begin == 100 * 1680
    made.machine.run(end + 1679)
    assert made.out(0) == 0, "idle was seen before a frame's time had passed"
    made.machine.run(end + 1900)
    assert made.out(0) == 1
    assert made.out(1) == 64 - 36
    assert made.out(2) == 0x30, "half and complete"
    buffer = made.machine.memory.read(made.board.dma2.streams[5].m0ar, 64)
    assert buffer == bytes(range(64, 100)) + bytes(range(36, 64))


def test_bytes_not_read_in_time_are_an_overrun(program: Make) -> None:
    made = program(
        SETUP + "void start(void) { setup(84, 0); out[3] = 1; while (!(R(U) & 8)) {}"
        "out[0] = R(U); out[1] = R(U + 4); out[2] = R(U) & 8; finish(); }"
    )
    made.machine.run_us(0.01)
    made.clear()
    made.machine.run_until(lambda: made.out(3) == 1, limit_us=10_000)
    made.board.usart1.send(b"ab")
    made.machine.run_us(100)
    assert made.out(62) == 1
    assert made.out(0) & 0x28 == 0x28
    assert made.out(1) == ord("a")
    assert made.out(2) == 0


def test_a_wrong_rate_gives_framing_errors_not_the_bytes(program: Make) -> None:
    made = program(
        SETUP + "void start(void) { setup(84, 0); out[3] = 1; while (!(R(U) & 2)) {}"
        "out[0] = R(U); (void)R(U + 4); out[1] = R(U) & 2; finish(); }"
    )
    made.machine.run_us(0.01)
    made.clear()
    made.machine.run_until(lambda: made.out(3) == 1, limit_us=10_000)
    made.board.usart1.send(b"\x7f", LineFormat(9_600, even_parity=True))
    made.machine.run_us(1200)
    assert made.out(62) == 1
    assert made.out(0) & 0x22 == 0x22
    assert made.out(1) == 0


def test_levels_at_the_same_rate_are_the_same_bytes() -> None:
    line = LineFormat(1e6)
    assert bytes(frame.value for frame in receive(TEXT, line, line)) == TEXT
    even = LineFormat(1e6, even_parity=True)
    frames = list(receive(TEXT, even, even))
    assert bytes(frame.value for frame in frames) == TEXT
    assert not any(frame.parity_error or frame.framing_error for frame in frames)


CTS_SETUP = """
#define U 0x40004400u
static void setup(void) {
  clocks();
  AHB1ENR |= 1u; APB1ENR |= 1u << 17;
  R(GPIO(0)) = (R(GPIO(0)) & ~0xFFu) | 0xAAu; R(GPIO(0) + 0x20) = 0x7777;
  R(U + 8) = 42; R(U + 0x14) = 3u << 8; R(U + 0xC) = 1u << 13 | 3u << 2;
}
"""


def test_cts_holds_back_the_next_byte_and_lets_it_go(program: Make) -> None:
    made = program(
        CTS_SETUP + "void start(void) { setup(); out[3] = 1;"
        "for (uint32_t i = 65; i < 75; i++) { while (!(R(U) & 0x80)) {} R(U + 4) = i; }"
        "while (!(R(U) & 0x40)) {} finish(); }"
    )
    made.machine.run_us(0.01)
    made.clear()
    made.board.pins.drive("PA0", False)
    made.machine.run_until(lambda: made.out(3) == 1, limit_us=10_000)
    made.machine.run_us(35)
    made.board.pins.drive("PA0", True)
    made.machine.run_us(20)
    held = made.board.usart2.take()
    assert 3 <= len(held) <= 5
    made.machine.run_us(500)
    assert made.board.usart2.take() == b""
    made.board.pins.drive("PA0", False)
    made.machine.run_us(200)
    assert held + made.board.usart2.take() == b"ABCDEFGHIJ"
    assert made.out(62) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("clocks(); R(U + 8) = 84;", "USART1->BRR: write while the peripheral's clock is off"),
        ("clocks(); APB2ENR |= 16; R(U + 8) = 84; R(U + 0xC) = 0x200C;", "PA10->AFR"),
        ("setup(84, 0); R(U + 4) = 1; R(U + 4) = 2; R(U + 4) = 3;", "while TXE is 0"),
        ("setup(84, 0); R(U + 4) = 1; R(U + 8) = 42;", "rate is changed"),
        ("setup(84, 0); R(U + 4) = 1; R(U + 0xC) = 0;", "switched off while"),
        ("setup(8, 0);", "USARTDIV"),
        ("setup(84, 0); R(U + 0xC) |= 1u << 9;", ""),
        ("setup(84, 0); R(U + 0x1C) = 0;", "reserved address"),
        ("setup(84, 0); R(U + 0x10) = 1u << 12;", "CR2"),
        ("clocks(); APB2ENR |= 16; R(U + 4) = 1;", "transmitter is off"),
    ],
)
def test_what_the_manual_forbids_is_refused(program: Make, body: str, message: str) -> None:
    made = program(SETUP + f"void start(void) {{ {body} finish(); }}")
    if not message:
        made.run()
        return
    with pytest.raises(EmulationError) as refused:
        made.run()
    assert message in str(refused.value)
    assert refused.value.program_counter is not None
