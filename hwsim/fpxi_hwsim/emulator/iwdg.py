"""Independent watchdog (RM0090, chapter 21), clocked by the LSI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.machine import ResetCause
from fpxi_hwsim.emulator.peripheral import Peripheral
from fpxi_hwsim.emulator.rcc import LSI_HZ, Rcc
from fpxi_hwsim.emulator.schedule import TICKS_PER_SECOND

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.machine import Machine
    from fpxi_hwsim.emulator.schedule import Event

_START, _UNLOCK, _KICK = 0xCCCC, 0x5555, 0xAAAA
_PVU, _RVU = 1, 2
# The registers take over a new value after five cycles of the LSI (21.4.4).
_UPDATE_TICKS = 5 * TICKS_PER_SECOND // LSI_HZ


class Iwdg(Peripheral):
    """Once started it stops at a reset alone."""

    access_sizes = (2, 4)

    def __init__(self, machine: Machine, rcc: Rcc) -> None:
        super().__init__(machine, "IWDG", 0x4000_3000)
        self._rcc = rcc
        self._running = False
        self._unlocked = False
        self._deadline = 0
        self._event: Event | None = None
        self._updates: list[Event] = []
        self.register(0x00, "KR", writable=0xFFFF, read=lambda: 0, write=self._write_key)
        self._pr = self.register(0x04, "PR", writable=7, write=self._write_pr)
        self._rlr = self.register(0x08, "RLR", reset=0xFFF, writable=0xFFF, write=self._write_rlr)
        self._sr = self.register(0x0C, "SR")

    def reset(self) -> None:
        """Stop."""
        super().reset()
        self._running = self._unlocked = False
        for event in (self._event, *self._updates):
            self.schedule.cancel(event)
        self._event = None
        self._updates.clear()

    def _period_ticks(self) -> int:
        divisor = 4 << min(self._pr.value, 6)
        return (self._rlr.value + 1) * divisor * TICKS_PER_SECOND // LSI_HZ

    def _write_key(self, key: int) -> None:
        self._unlocked = key == _UNLOCK
        if key == _START and not self._running:
            self._running = True
            self._rcc.start_lsi()
            self._reload()
            self._event = self.schedule.at(self._deadline, self._expire)
        elif key == _KICK:
            self._reload()
        elif key not in {_START, _UNLOCK}:
            self.fail("KR", f"{key:#06x} is no key")

    def _reload(self) -> None:
        self._deadline = self.schedule.now + self._period_ticks()

    def _expire(self) -> None:
        # Kicks move the deadline alone; the event looks at it when it comes.
        if self.schedule.now < self._deadline:
            self._event = self.schedule.at(self._deadline, self._expire)
        else:
            self.machine.request_reset(ResetCause.WATCHDOG)

    def _write_pr(self, value: int) -> None:
        self._check_write("PR", _PVU)
        self._pr.value = value
        self._take_over(_PVU)

    def _write_rlr(self, value: int) -> None:
        self._check_write("RLR", _RVU)
        self._rlr.value = value
        self._take_over(_RVU)

    def _check_write(self, register: str, busy: int) -> None:
        if not self._unlocked:
            self.fail(register, "written without the key 0x5555 before it")
        if self._sr.value & busy:
            self.fail(register, "written while its last value is still being taken over (SR)")

    def _take_over(self, flag: int) -> None:
        self._sr.value |= flag

        def done() -> None:
            self._sr.value &= ~flag

        self._updates = [self.schedule.after(_UPDATE_TICKS, done), *self._updates[:1]]
