from __future__ import annotations

from collections.abc import Callable

import pytest
from fpxi_hwsim.emulator.errors import EmulationError

from .conftest import Program

Make = Callable[[str], Program]

SYSTICK = """
#define SYSTICK(ticks) (R(0xE000E014) = (ticks) - 1, R(0xE000E018) = 0, R(0xE000E010) = 7)
"""


@pytest.mark.parametrize("period", [17, 19, 23, 101, 997])
def test_interrupts_at_any_instruction_leave_the_computation_alone(
    program: Make, period: int
) -> None:
    source = """
    static uint32_t mixed(void) {
      uint32_t value = 1; float sum = 0.5f;
      for (uint32_t i = 0; i < 3000; i++) {
        ASM("tst %1, #5\\n ittee eq\\n addeq %0, %0, #3\\n eoreq %0, %0, %1\\n"
            "addne %0, %0, #7\\n eorne %0, %0, %1, lsl #3" : "+r"(value) : "r"(i) : "cc");
        sum = sum * 0.75f + (float)(value & 255u);
      }
      return value ^ (uint32_t)sum;
    }
    volatile float touched;
    void sys_tick(void) { out[1]++; touched = touched * 0.5f + 1.0f; ASM("cmp r0, r0"); }
    void start(void) {
      R(0xE000ED88) = 0xF << 20; ASM("dsb\\n isb");
      out[1] = 0;
      %s
      out[0] = mixed();
      finish();
    }
    """
    alone = program(source.replace("%s", ""))
    alone.run()
    disturbed = program(SYSTICK + source.replace("%s", f"SYSTICK({period * 3});"))
    disturbed.run()
    assert disturbed.out(0) == alone.out(0)
    assert disturbed.out(1) > 5


def test_a_more_urgent_interrupt_preempts_and_a_less_urgent_one_waits(program: Make) -> None:
    made = program(
        """
        void irq0(void) { out[0] = ++out[9]; R(0xE000E200) = 1u << 1; ASM("dsb");
                          out[1] = ++out[9]; R(0xE000E200) = 1u << 2; ASM("dsb");
                          out[2] = ++out[9]; }
        void irq1(void) { out[3] = ++out[9]; }
        void irq2(void) { out[4] = ++out[9]; }
        void start(void) {
          out[9] = 0;
          PRIORITY(0, 4); PRIORITY(1, 2); PRIORITY(2, 6);
          R(0xE000E100) = 7;
          R(0xE000E200) = 1;
          finish();
        }
        """
    )
    made.machine.run_us(50)
    assert [made.out(index) for index in range(5)] == [1, 3, 4, 2, 5]


def test_wfi_with_interrupts_masked_wakes_up_and_the_interrupt_is_taken_after_unmasking(
    program: Make,
) -> None:
    made = program(
        SYSTICK
        + """
        volatile uint32_t seen;
        void sys_tick(void) { seen++; }
        void start(void) {
          seen = 0; out[1] = 0;
          SYSTICK(500);
          for (uint32_t turn = 0; turn < 100; turn++) {
            ASM("cpsid i");
            uint32_t before = seen;
            ASM("wfi");
            if (seen != before) out[1]++;
            ASM("cpsie i\\n isb");
            if (seen != before + 1) out[2]++;
          }
          out[0] = seen;
          finish();
        }
        """
    )
    made.run()
    assert made.out(0) == 100
    assert made.out(1) == 0, "a handler ran while PRIMASK was set"
    assert made.out(2) == 0, "a wake-up was lost or came twice"


def test_an_interrupt_pending_before_wfi_is_not_slept_over(program: Make) -> None:
    made = program(
        """
        void irq0(void) { out[0]++; }
        void start(void) {
          out[0] = 0;
          R(0xE000E100) = 1;
          ASM("cpsid i"); R(0xE000E200) = 1; ASM("wfi\\n cpsie i\\n isb");
          finish();
        }
        """
    )
    made.machine.run_us(10)
    assert made.out(62) == 1
    assert made.machine.nvic.counts == {16: 1}


def test_basepri_holds_back_what_is_not_more_urgent(program: Make) -> None:
    made = program(
        """
        void irq0(void) { out[0] = 1; }
        void irq1(void) { out[1] = 1; }
        void start(void) {
          PRIORITY(0, 5); PRIORITY(1, 4);
          R(0xE000E100) = 3;
          ASM("msr basepri, %0" :: "r"(0x50));
          R(0xE000E200) = 3; ASM("dsb\\n isb");
          out[2] = out[0]; out[3] = out[1];
          ASM("msr basepri, %0\\n isb" :: "r"(0));
          out[4] = out[0];
          finish();
        }
        """
    )
    made.machine.run_us(0.01)
    made.clear()
    made.machine.run_us(10)
    assert [made.out(index) for index in (2, 3, 4)] == [0, 1, 1]


def test_svc_and_pendsv_reach_their_handlers_with_the_stacked_argument(program: Make) -> None:
    made = program(
        """
        __attribute__((naked)) void sv_call(void) {
          ASM("ldr r0, [sp]\\n ldr r1, =out\\n str r0, [r1]\\n"
              "add r0, #1\\n str r0, [sp]\\n bx lr");
        }
        void pend_sv(void) { out[2]++; }
        void start(void) {
          register uint32_t r0 ASM_R0 = 41;
          ASM("svc 7" : "+r"(r0) :: "r1", "memory");
          out[1] = r0;
          R(0xE000ED04) = 1u << 28; ASM("dsb\\n isb");
          finish();
        }
        """.replace("ASM_R0", '__asm__("r0")')
    )
    made.run()
    assert (made.out(0), made.out(1), made.out(2)) == (41, 42, 1)


@pytest.mark.parametrize(
    ("name", "statement", "status"),
    [
        ("undefined instruction", 'ASM("udf #1");', 1 << 16),
        ("read where nothing is", "out[5] = R(0x60000000);", 1 << 9 | 1 << 15),
        ("write where nothing is", "R(0x60000000) = 1;", 1 << 9 | 1 << 15),
        ("jump to nowhere", "((void (*)(void))0x30000001)();", 1 << 8),
        ("jump to ARM code", "((void (*)(void))0x08000100)();", 1 << 17),
        ("code in the CCM", "R(0x10000000) = 0x4770; ((void (*)(void))0x10000001)();", 1 << 8),
    ],
)
def test_faults_reach_the_hard_fault_handler(
    program: Make, name: str, statement: str, status: int
) -> None:
    made = program(
        "void hard_fault(void) { out[0] = R(0xE000ED28); out[1] = R(0xE000ED2C); finish(); }"
        f"void start(void) {{ {statement} for (;;) {{}} }}"
    )
    made.run()
    assert made.out(0) == status, name
    assert made.out(1) == 1 << 30
    assert len(made.machine.cpu.faults) == 1


def test_a_fault_in_the_fault_handler_is_a_lock_up(program: Make) -> None:
    made = program('void hard_fault(void) { ASM("udf #1"); } void start(void) { ASM("udf #2"); }')
    with pytest.raises(EmulationError, match="lock-up"):
        made.machine.run_us(10)


def test_floating_point_before_cpacr_is_an_error(program: Make) -> None:
    made = program('void start(void) { ASM("vmov.f32 s0, #1.0"); finish(); }')
    with pytest.raises(EmulationError, match="before CPACR"):
        made.machine.run_us(10)


def test_floating_point_before_cpacr_is_noticed_even_if_it_is_enabled_later(program: Make) -> None:
    made = program(
        'void start(void) { ASM("vmov.f32 s0, #1.0"); R(0xE000ED88) = 0xF << 20; finish(); }'
    )
    with pytest.raises(EmulationError, match="before CPACR"):
        made.machine.run_us(10)


def test_a_stack_outside_of_ram_is_an_error(program: Make) -> None:
    made = program(
        "void irq0(void) {} void start(void) { R(0xE000E100) = 1;"
        ' ASM("mov sp, %0" :: "r"(0x20000010)); R(0xE000E200) = 1; for (;;) {} }'
    )
    with pytest.raises(EmulationError, match="stack pointer"):
        made.machine.run_us(10)


def test_a_software_reset_keeps_ram_and_tells_its_cause(program: Make) -> None:
    made = program(
        """
        void start(void) {
          out[0] = R(RCC + 0x74);
          if (out[1] == 0x1234) finish();
          out[1] = 0x1234;
          R(RCC + 0x74) = 1u << 24;
          R(0xE000ED0C) = 0x05FA0004;
          for (;;) {}
        }
        """
    )
    made.run()
    assert made.out(0) == 0x1400_0000
    assert [cause.value for cause in made.machine.resets] == ["power", "software"]


def test_a_power_cycle_loses_ram_and_keeps_flash(program: Make) -> None:
    made = program("void start(void) { out[0] = 0x1234; finish(); }")
    made.run()
    flash = bytes(made.machine.memory.flash)
    made.machine.power_cycle()
    before = made.out(5)
    made.machine.run(made.machine.now + 1)
    assert made.out(5) != before
    assert bytes(made.machine.memory.flash) == flash
