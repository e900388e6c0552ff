from __future__ import annotations

from collections.abc import Callable

from .conftest import Program

Make = Callable[[str], Program]


TIM5 = """
#define T 0x40000C00u
static void timer(void) { clocks(); APB1ENR |= 8; R(T + 0x28) = 83;
  R(T + 0x14) = 1; R(T + 0x10) = 0; }
"""


def test_timer_interrupts_at_its_compare_value_and_counts_microseconds(program: Make) -> None:
    made = program(
        TIM5 + "void tim5(void) { R(T + 0x10) = ~4u; out[0] = R(T + 0x24); out[1]++; }"
        "void start(void) { timer(); out[1] = 0; R(T + 0x38) = 250; R(T + 12) = 4; ISER(50);"
        'R(T) = 1; while (!out[1]) ASM("wfi"); finish(); }'
    )
    made.run()
    assert (made.out(0), made.out(1)) == (250, 1)


def test_timer_overflow_sets_the_update_flag(program: Make) -> None:
    made = program(
        TIM5 + "void start(void) { timer(); R(T + 0x24) = 0xFFFFFFF0; R(T) = 1;"
        "while (!(R(T + 0x10) & 1)) {} out[0] = R(T + 0x24); R(T + 0x10) = ~1u;"
        "out[1] = R(T + 0x10) & 1; finish(); }"
    )
    made.run()
    assert (made.out(0), made.out(1)) == (0, 0)


def test_trgo_follows_oc1ref_to_the_tick(program: Make) -> None:
    made = program(
        TIM5 + "void start(void) { timer(); R(T + 4) = 4u << 4; R(T + 0x34) = 100;"
        "R(T + 0x18) = 1u << 4; R(T) = 1; while (R(T + 0x24) < 150) {}"
        "R(T + 0x34) = 300; R(T + 0x18) = 2u << 4; while (R(T + 0x24) < 400) {} finish(); }"
    )
    edges: list[tuple[int, bool]] = []
    made.board.tim5.on_trgo.append(lambda tick, level: edges.append((tick, level)))
    made.run()
    assert [level for _, level in edges] == [True, False]
    assert edges[1][0] - edges[0][0] == 200 * 168


def test_timer_captures_the_low_speed_oscillator(program: Make) -> None:
    made = program(
        TIM5 + "void start(void) { timer(); R(RCC + 0x74) = 1; while (!(R(RCC + 0x74) & 2)) {}"
        "R(T + 0x50) = 1u << 6; R(T + 0x1C) = 0xD00; R(T + 0x20) = 1u << 12; R(T) = 1;"
        "for (int i = 0; i < 2; i++) { while (!(R(T + 0x10) & 16)) {} out[i] = R(T + 0x40); }"
        "out[2] = R(T + 0x10) & 16; finish(); }"
    )
    made.run()
    assert made.out(1) - made.out(0) == 250
    assert made.out(2) == 0
