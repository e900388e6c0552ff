"""The core's run loop: slices of instructions between events, sleep, exceptions, faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.engine import arm_const, unicorn_const
from fpxi_hwsim.emulator.errors import EmulationError
from fpxi_hwsim.emulator.exceptions import ExceptionUnit
from fpxi_hwsim.emulator.nvic import HARD_FAULT, SV_CALL
from fpxi_hwsim.emulator.peripheral import Peripheral

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

# Exceptions of the engine, as Unicorn numbers them.
_SVC, _BREAKPOINT, _EXCEPTION_RETURN = 2, 7, 8
_MAX_SLICE = 1 << 24
# A read repeated this often, at one period of at most that many instructions, is a poll loop.
_POLL_REPEATS, _POLL_PERIOD = 3, 24

# Bits of CFSR (ARMv7-M, B3.2.15).
_IBUSERR, _PRECISERR, _BFARVALID = 1 << 8, 1 << 9, 1 << 15
_UNDEFINSTR, _INVSTATE = 1 << 16, 1 << 17
_THUMB = 1 << 24


@dataclass(frozen=True)
class Fault:
    """A fault of the core: the CFSR bits, where, and the data address if there is one."""

    status: int
    program_counter: int
    address: int | None


class Cpu:
    """Executes the firmware in virtual time: one instruction, one tick.

    Attributes:
        skips_polls: whether tight loops that re-read a register are passed over. One that counts
            its turns then counts too few: without skipping, its limit is put to the test.
        instructions: instructions executed so far; polls that were skipped do not count.
        sleeping: whether the core waits in WFI.
        faults: every fault since the last power-on.
        slices: runs of the engine so far.

    """

    skips_polls = True

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._schedule = machine.schedule
        self._nvic = machine.nvic
        self._engine = machine.engine
        self._start = 0
        self._fault_address: int | None = None
        self._poll: tuple[int, int] | None = None
        self._poll_time = self._poll_period = self._poll_hits = 0
        self._skip_to: int | None = None
        self.exceptions = ExceptionUnit(machine)
        self.instructions = 0
        self.slices = 0
        self.sleeping = False
        self.faults: list[Fault] = []
        self._stalled_until = 0
        self._schedule.on_earlier = self._cut_at
        machine.engine.on_invalid_access(self._note_address)

    def _note_address(self, address: int) -> None:
        self._fault_address = address

    def _cut_at(self, time: int) -> None:
        self._engine.cut(time - self._start)

    def interrupt_changed(self) -> None:
        """Let the core look at interrupts and resets after the current instruction."""
        self._engine.cut(0)

    def program_counter(self) -> int:
        """Address of the instruction being executed, or of the next one."""
        return self._engine.program_counter()

    def stall(self, until: int) -> None:
        """Keep the core from executing until tick `until`, as a blocked bus does."""
        self._stalled_until = max(self._stalled_until, until)
        self._engine.cut(0)

    def reset(self) -> None:
        """Start at the vector table of the memory shown at address 0."""
        memory = self._machine.memory
        table = memory.boot_base
        self.sleeping = False
        self._stalled_until = 0
        self._poll = None
        self.exceptions.reset(stack=memory.word(table), entry=memory.word(table + 4))

    # ---- register accesses

    def map_registers(self, base: int, size: int, pages: dict[int, Peripheral]) -> None:
        """Route the core's accesses in a range to the peripherals, by pages of 1 KB."""
        schedule, counter = self._schedule, self._engine.counter

        def find(address: int) -> Peripheral:
            peripheral = pages.get(address >> 10)
            if peripheral is None:
                raise EmulationError(
                    "bus",
                    "",
                    f"access to {address:#010x}, where no peripheral is modelled",
                    program_counter=self.program_counter(),
                    tick=schedule.now,
                )
            return peripheral

        def read(offset: int, size: int) -> int:
            now = schedule.now = self._start + counter.value
            address = base + offset
            peripheral = pages.get(address >> 10) or find(address)
            value = peripheral.read(address - peripheral.base, size)
            poll = (address, value)
            if poll != self._poll:
                self._poll = poll
                self._poll_period = 0
            elif now - self._poll_time != self._poll_period:
                self._poll_period = now - self._poll_time
                self._poll_hits = 0
            else:
                self._poll_hits += 1
                if self._poll_hits >= _POLL_REPEATS and self._poll_period <= _POLL_PERIOD:
                    self._skip_poll(peripheral, address - peripheral.base)
            self._poll_time = now
            return value

        def write(offset: int, size: int, value: int) -> None:
            schedule.now = self._start + counter.value
            self._poll = None
            address = base + offset
            peripheral = pages.get(address >> 10) or find(address)
            peripheral.write(address - peripheral.base, size, value)

        self._engine.map_registers(base, size, read, write)

    def _skip_poll(self, peripheral: Peripheral, offset: int) -> None:
        """Pass the time that a tight loop would spend re-reading a register that cannot change.

        The loop runs on when something happens, as if its read had been stretched by wait
        states; a loop that nothing could end is left to run, as it may count its turns.
        """
        if not self.skips_polls:
            return
        change = peripheral.next_change(offset)
        event = self._schedule.next_time() if self._schedule.has_events() else None
        ends = [time for time in (change, event) if time is not None]
        if ends:
            self._skip_to = min(ends)
            self._engine.cut(0)

    # ---- running

    def run(self, until: int) -> None:
        """Execute until tick `until`."""
        schedule, nvic, machine = self._schedule, self._nvic, self._machine
        while True:
            schedule.run_due()
            if machine.reset_request is not None:
                machine.take_reset()
                continue
            if schedule.now >= until:
                break
            if schedule.now < self._stalled_until:
                schedule.now = min(schedule.next_time(), until, self._stalled_until)
                continue
            step = False
            if nvic.pending & nvic.enabled:
                step = self._take_exception()
            if self.sleeping:
                schedule.now = min(schedule.next_time(), until)
                continue
            end = min(schedule.next_time(), until, schedule.now + _MAX_SLICE)
            self._slice(1 if step else end - schedule.now)
            if self._skip_to is not None:
                if not nvic.pending & nvic.enabled:
                    schedule.now = max(schedule.now, min(self._skip_to, until))
                self._skip_to = None
        self.exceptions.check_float()

    def _slice(self, count: int) -> None:
        engine, schedule = self._engine, self._schedule
        self._start = schedule.now
        schedule.horizon = self._start + count
        status = engine.run(self.program_counter(), count)
        schedule.horizon = 0
        done = engine.counter.value
        by_count = done > engine.limit.value
        executed = done - by_count
        schedule.now = self._start + executed
        self.instructions += executed
        self.slices += 1
        if engine.interrupt is not None:
            self._on_interrupt(engine.interrupt)
        elif status:
            self._on_error(status)
        elif not by_count:
            self.sleeping = True

    def _take_exception(self) -> bool:
        """Enter the most urgent exception if it may interrupt; wake the core if it may wake it.

        Returns whether one waits for a mask alone, so that the core must be stepped until the
        mask is lifted.
        """
        nvic = self._nvic
        exception = nvic.waiting()
        if exception is None:
            return False
        priority = nvic.preemption_priority(exception)
        if priority >= nvic.current_priority():
            return False
        primask, basepri, faultmask = self.exceptions.masks()
        by_level = basepri and priority >= basepri & nvic.group_mask
        if not by_level:
            self.sleeping = False  # PRIMASK does not keep WFI from ending (B1.5.19)
        if (primask and priority >= 0) or (faultmask and priority >= -1) or by_level:
            return not self.sleeping
        self.exceptions.enter(exception)
        return False

    def _on_interrupt(self, number: int) -> None:
        if number == _EXCEPTION_RETURN:
            self.exceptions.leave(self.program_counter())
        elif number == _SVC:
            self._enter_synchronous(SV_CALL)
        elif number == _BREAKPOINT:
            self._fault(0, None)
        else:
            self._fault(_UNDEFINSTR, None)

    def _on_error(self, status: int) -> None:
        address, self._fault_address = self._fault_address, None
        if status in {unicorn_const.UC_ERR_FETCH_UNMAPPED, unicorn_const.UC_ERR_FETCH_PROT}:
            self._fault(_IBUSERR, None)
        elif status == unicorn_const.UC_ERR_INSN_INVALID:
            thumb = self._engine.uc.reg_read(arm_const.UC_ARM_REG_XPSR) & _THUMB
            self._fault(_UNDEFINSTR if thumb else _INVSTATE, None)
        elif address is not None:
            self._fault(_PRECISERR | _BFARVALID, address)
        else:
            raise EmulationError(
                "core",
                "",
                f"the engine stopped with error {status}",
                program_counter=self.program_counter(),
                tick=self._schedule.now,
            )

    def _fault(self, status: int, address: int | None) -> None:
        """Take a HardFault; configurable fault handlers are not modelled and stay disabled."""
        self.faults.append(Fault(status, self.program_counter(), address))
        self._machine.note_fault(status, address)
        self._enter_synchronous(HARD_FAULT)

    def _enter_synchronous(self, exception: int) -> None:
        nvic = self._nvic
        primask, basepri, faultmask = self.exceptions.masks()
        current = nvic.current_priority()
        if primask:
            current = min(current, 0)
        if basepri:
            current = min(current, basepri & nvic.group_mask)
        if faultmask:
            current = min(current, -1)
        if nvic.preemption_priority(exception) >= current:
            if current < 0:
                fault = self.faults[-1] if self.faults else None
                raise EmulationError(
                    "core",
                    "",
                    f"lock-up: a fault within the fault handler ({fault})",
                    program_counter=self.program_counter(),
                    tick=self._schedule.now,
                )
            exception = HARD_FAULT
        self.exceptions.enter(exception)
