from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Program

Make = Callable[[str], Program]


def test_of_equal_priorities_the_lower_number_comes_first(program: Make) -> None:
    made = program(
        """
        void irq1(void) { out[1] = ++out[9]; }
        void irq2(void) { out[2] = ++out[9]; }
        void start(void) { out[9] = 0; R(0xE000E100) = 6; R(0xE000E200) = 6; finish(); }
        """
    )
    made.machine.run_us(10)
    assert (made.out(1), made.out(2)) == (1, 2)


@pytest.mark.parametrize(("group", "order"), [(3, [1, 3, 2]), (7, [1, 2, 3])])
def test_the_priority_grouping_decides_what_preempts(
    program: Make, group: int, order: list[int]
) -> None:
    made = program(
        f"""
        void irq0(void) {{ out[0] = ++out[9]; R(0xE000E200) = 2; ASM("dsb"); out[1] = ++out[9]; }}
        void irq1(void) {{ out[2] = ++out[9]; }}
        void start(void) {{
          out[9] = 0; R(0xE000ED0C) = 0x05FA0000 | {group} << 8; out[10] = R(0xE000ED0C);
          PRIORITY(0, 5); PRIORITY(1, 4); R(0xE000E100) = 3; R(0xE000E200) = 1; finish();
        }}
        """
    )
    made.machine.run_us(10)
    assert [made.out(index) for index in range(3)] == order
    assert made.out(10) == 0xFA05_0000 | group << 8


def test_a_request_still_there_after_the_handler_calls_it_again(program: Make) -> None:
    made = program(
        """
        #define T 0x40000C00u
        void tim5(void) { if (++out[0] == 3) R(T + 0x10) = ~4u; }
        void start(void) {
          out[0] = 0; APB1ENR |= 8; R(T + 0x38) = 5; R(T + 12) = 4; ISER(50); R(T) = 1;
          for (;;) ASM("wfi");
        }
        """
    )
    made.machine.run_us(100)
    assert made.out(0) == 3


@pytest.mark.parametrize("shift", [0, 4])
def test_the_stack_pointer_comes_back_however_it_was_aligned(program: Make, shift: int) -> None:
    made = program(
        """
        __attribute__((naked)) void sv_call(void) {
          ASM("mov r0, sp\\n ldr r1, =out\\n and r0, #7\\n str r0, [r1, #8]\\n bx lr");
        }
        __attribute__((naked)) void start(void) {
          ASM("sub sp, #SHIFT\\n mov r4, sp\\n svc 0\\n mov r5, sp\\n add sp, #SHIFT\\n"
              "ldr r6, =out\\n str r4, [r6]\\n str r5, [r6, #4]\\n bl stop");
        }
        void stop(void) { finish(); }
        """.replace("SHIFT", str(shift)).replace("void stop", "__attribute__((used)) void stop", 1)
    )
    made.machine.run_us(10)
    assert made.out(62) == 1
    assert made.out(0) == made.out(1) == 0x2001_0000 - shift
    assert made.out(2) == 0, "handlers start at an aligned stack"


def test_faultmask_holds_back_all_interrupts_and_falls_with_the_handler(program: Make) -> None:
    made = program(
        """
        void irq0(void) { ASM("cpsid f"); R(0xE000E200) = 2; ASM("dsb\\n isb"); out[0] = out[1]; }
        void irq1(void) { out[1] = 1; }
        void start(void) {
          out[0] = 9; out[1] = 0; PRIORITY(0, 5); PRIORITY(1, 4);
          R(0xE000E100) = 3; R(0xE000E200) = 1; ASM("dsb\\n isb");
          ASM("mrs %0, faultmask" : "=r"(out[2]));
          finish();
        }
        """
    )
    made.machine.run_us(10)
    assert (made.out(0), made.out(1), made.out(2)) == (0, 1, 0)
