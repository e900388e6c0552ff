from __future__ import annotations

from collections.abc import Callable

from .conftest import Program

Make = Callable[[str], Program]

SYSTICK = """
#define SYSTICK(ticks) (R(0xE000E014) = (ticks) - 1, R(0xE000E018) = 0, R(0xE000E010) = 7)
"""


def test_an_instruction_takes_one_tick(program: Make) -> None:
    made = program('void start(void) { ASM(".rept 20\\n nop\\n .endr"); finish(); }')
    made.machine.run(10)
    assert made.machine.instructions == 10
    assert made.machine.now == 10


def test_sleep_costs_no_instructions_and_ends_with_the_interrupt(program: Make) -> None:
    made = program(
        SYSTICK + "void sys_tick(void) { out[0]++; }"
        'void start(void) { SYSTICK(168000); for (;;) ASM("wfi"); }'
    )
    made.machine.run_us(0.1)
    made.clear()
    made.machine.run_us(100_000)
    assert made.out(0) == 100
    assert made.machine.instructions < 100 * 20


def test_a_poll_loop_is_skipped_to_the_event_it_waits_for(program: Make) -> None:
    made = program("void start(void) { clocks(); finish(); }")
    made.machine.run_us(3000)
    assert made.out(62) == 1
    assert made.machine.instructions < 1000
    assert made.machine.schedule.now == 3000 * 168


def test_a_poll_of_a_counter_is_left_at_the_count_waited_for(program: Make) -> None:
    made = program(
        """
        void start(void) {
          clocks();
          APB1ENR |= 1u << 3;
          R(0x40000C28) = 83; R(0x40000C14) = 1; R(0x40000C00) = 1;
          while (R(0x40000C24) < 1000) {}
          out[0] = R(0x40000C24);
          finish();
        }
        """
    )
    made.run()
    assert made.out(0) == 1000


def test_a_loop_that_counts_its_turns_times_out(program: Make) -> None:
    made = program(
        """
        void start(void) {
          uint32_t turns = 1000;
          while (!(R(RCC) & 1u << 17) && --turns) {}
          out[0] = turns;
          finish();
        }
        """
    )
    made.run()
    assert made.out(0) == 0


def test_the_same_program_runs_the_same_whatever_the_steps(program: Make) -> None:
    source = (
        SYSTICK
        + """
        void sys_tick(void) { out[0] = out[0] * 5 + out[1]; }
        void start(void) { out[0] = 1; out[1] = 0; SYSTICK(997); for (;;) out[1]++; }
    """
    )
    whole, pieces = program(source), program(source)
    whole.machine.run(100_000)
    while pieces.machine.now < 100_000:
        pieces.machine.run(min(pieces.machine.now + 37, 100_000))
    assert [whole.out(0), whole.out(1)] == [pieces.out(0), pieces.out(1)]
    assert whole.machine.instructions == pieces.machine.instructions == 100_000
