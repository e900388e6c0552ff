"""The registers that TIM1, TIM8 and TIM2 have in common (RM0090, 17.4 and 18.4).

What is not modelled is refused: a prescaler other than 0, one-pulse mode, disabled updates,
compare values that still wait for an update when the counter starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from fpxi_hwsim.emulator.peripheral import Peripheral, Register

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine

CHANNELS = (1, 2, 3, 4)
CEN, UDIS, URS, OPM, ARPE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 7
UG = 1


class Listener(Protocol):
    """Who works out what the timers do."""

    def before_change(self) -> None:
        """Settle all that happened until now: a setting is about to change."""

    def after_change(self) -> None:
        """Go on with the new setting."""

    def count_up(self) -> None:
        """Bring counters and flags up to now: a timer is about to be read."""

    def catch_up(self) -> None:
        """Bring memory up to now as well: a register that tells of it is about to be read."""


class Timer(Peripheral):
    """Registers that the three have in common."""

    access_sizes = (2, 4)

    def __init__(self, machine: Machine, name: str, base: int, listener: Listener) -> None:
        super().__init__(machine, name, base)
        self.listener = listener
        self.active_compare = [0, 0, 0, 0]
        """compare values in force: those written wait for an update where preloaded"""
        self._stored_count = 0
        self._since: int | None = None
        """tick at which the counter stood at `_stored_count`; None while it stands still"""
        changing = self._changing
        self.cr1 = changing(0x00, "CR1", CEN | UDIS | URS | OPM | ARPE)
        self.cr2 = changing(0x04, "CR2", 0x78)
        self.smcr = changing(0x08, "SMCR", 0xF7)
        self.dier = changing(0x0C, "DIER", 0x5F5F)
        self.register(0x14, "EGR", writable=0x1F, read=lambda: 0, write=self._write_egr)
        self.ccmr = (
            changing(0x18, "CCMR1", 0x7C7C),
            changing(0x1C, "CCMR2", 0x7C7C),
        )
        self.ccer = changing(0x20, "CCER", 0x3333)
        self.cnt = self.register(0x24, "CNT", writable=0xFFFF_FFFF)
        self.cnt.read = self._read_count
        self.cnt.write = self._write_count
        self.psc = changing(0x28, "PSC", 0xFFFF)
        self.arr = changing(0x2C, "ARR", 0xFFFF_FFFF, reset=0xFFFF)
        self.compare = tuple(
            self.register(0x30 + 4 * channel, f"CCR{channel}", writable=0xFFFF_FFFF)
            for channel in CHANNELS
        )
        for index in range(len(CHANNELS)):
            self.compare[index].write = self._compare_writer(index)

    def reset(self) -> None:
        """Stand still at 0."""
        super().reset()
        self.active_compare = [0, 0, 0, 0]
        self._stored_count = 0
        self._since = None

    @property
    def enabled(self) -> bool:
        """CEN, with the clock on."""
        return self.clocked and bool(self.cr1.value & CEN)

    @property
    def slave_mode(self) -> int:
        """SMS."""
        return self.smcr.value & 7

    @property
    def trigger(self) -> int:
        """TS: 0 to 3 are ITR0 to ITR3."""
        return self.smcr.value >> 4 & 7

    @property
    def master_mode(self) -> int:
        """MMS."""
        return self.cr2.value >> 4 & 7

    def mode(self, channel: int) -> int:
        """OCxM of a channel."""
        return self.ccmr[(channel - 1) // 2].value >> (4 + 8 * ((channel - 1) % 2)) & 7

    def compare_in_force(self, channel: int) -> int:
        """Return the compare value that the counter is compared with."""
        return self.active_compare[channel - 1]

    def count(self) -> int:
        """Return the counter."""
        if self._since is None:
            return self._stored_count
        return (self._stored_count + self.schedule.now - self._since) % (self.arr.value + 1)

    @property
    def standing(self) -> bool:
        """Whether the counter stands still."""
        return self._since is None

    def run(self, running: bool) -> None:
        """Let the counter count ticks, or stand still."""
        if running != (self._since is not None):
            self._stored_count = self.count()
            self._since = self.schedule.now if running else None

    def require_plain(self) -> None:
        """Refuse what is not modelled."""
        if self.psc.value != 0:
            self.fail("PSC", "the acquisition needs a prescaler of 0")
        if self.cr1.value & (OPM | UDIS):
            self.fail("CR1", "one-pulse mode and disabled updates are not modelled")
        for channel in CHANNELS:
            if self.active_compare[channel - 1] != self.compare[channel - 1].value:
                self.fail(f"CCR{channel}", "the new value waits for an update (UG) to take effect")

    def _changing(self, offset: int, name: str, writable: int, reset: int = 0) -> Register:
        register = self.register(offset, name, writable=writable, reset=reset)

        def write(value: int) -> None:
            if value != register.value:
                self.listener.before_change()
                register.value = value
                self.listener.after_change()

        register.write = write
        return register

    def _preloaded(self, channel: int) -> bool:
        return bool(self.ccmr[(channel - 1) // 2].value >> (3 + 8 * ((channel - 1) % 2)) & 1)

    def _compare_writer(self, index: int) -> Callable[[int], None]:
        def write(value: int) -> None:
            self.listener.before_change()
            self.compare[index].value = value
            if not self._preloaded(index + 1):
                self.active_compare[index] = value
            self.listener.after_change()

        return write

    def _write_egr(self, value: int) -> None:
        if value & ~UG:
            self.fail("EGR", "only the update event (UG) is modelled")
        self.listener.before_change()
        self.active_compare = [register.value for register in self.compare]
        self._set_count(0)
        self._updated_by_software()
        self.listener.after_change()

    def _updated_by_software(self) -> None:
        """Set the update flag where UG does so (URS = 0)."""

    def _read_count(self) -> int:
        self.listener.count_up()
        return self.count()

    def _write_count(self, value: int) -> None:
        self.listener.before_change()
        self._set_count(value)
        self.listener.after_change()

    def _set_count(self, value: int) -> None:
        self._stored_count = value
        if self._since is not None:
            self._since = self.schedule.now
