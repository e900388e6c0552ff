"""SysTick, the core's own 24-bit timer (ARMv7-M, B3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.nvic import SYS_TICK

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.schedule import Event
    from fpxi_hwsim.emulator.system_control import SystemControl

_ENABLE, _TICKINT, _CLKSOURCE, _COUNTFLAG = 1, 2, 4, 1 << 16
_COUNTER = 0xFF_FFFF
_EXTERNAL_DIVISOR = 8
#: Calibration of the STM32F405: 1 ms at 10.5 MHz.
_CALIB = 0x4000_28F4


class SysTick:
    """Counts down from LOAD to 0, then pends its exception and reloads."""

    def __init__(self, scs: SystemControl) -> None:
        self._scs = scs
        self._schedule = scs.schedule
        self._event: Event | None = None
        self._origin = 0  # tick at which the counter was reloaded last
        self._counted = False
        self._ctrl = scs.register(
            0x10, "SYST_CSR", writable=7, ignored=_COUNTFLAG, read=self._read, write=self._write
        )
        self._load = scs.register(0x14, "SYST_RVR", writable=_COUNTER)
        scs.register(0x18, "SYST_CVR", writable=0xFFFF_FFFF, read=self._value, write=self._clear)
        scs.register(0x1C, "SYST_CALIB", reset=_CALIB)

    def reset(self) -> None:
        """Stop."""
        self._schedule.cancel(self._event)
        self._event = None
        self._counted = False

    def _divisor(self) -> int:
        return 1 if self._ctrl.value & _CLKSOURCE else _EXTERNAL_DIVISOR

    def _running(self) -> bool:
        return bool(self._ctrl.value & _ENABLE) and self._load.value > 0

    def _restart(self) -> None:
        """Reload now; the first count shows one clock later, 0 after LOAD + 1 clocks."""
        self._schedule.cancel(self._event)
        self._event = None
        self._origin = self._schedule.now
        if self._running():
            self._plan()

    def _plan(self) -> None:
        period = (self._load.value + 1) * self._divisor()
        self._event = self._schedule.at(self._origin + period, self._expire)

    def _expire(self) -> None:
        self._origin = self._schedule.now
        self._counted = True
        self._plan()
        if self._ctrl.value & _TICKINT:
            self._scs.machine.nvic.pend(SYS_TICK)
            self._scs.machine.cpu.interrupt_changed()

    def _read(self) -> int:
        value = self._ctrl.value | (_COUNTFLAG if self._counted else 0)
        self._counted = False
        return value

    def _write(self, value: int) -> None:
        started = value & ~self._ctrl.value & _ENABLE
        self._ctrl.value = value & 7
        if started:
            self._restart()
        elif not value & _ENABLE:
            self._schedule.cancel(self._event)
            self._event = None

    def _value(self) -> int:
        if not self._running():
            return 0
        elapsed = (self._schedule.now - self._origin) // self._divisor()
        return max(self._load.value - elapsed, 0)

    def _clear(self, _value: int) -> None:
        self._counted = False
        self._restart()

    def next_change(self) -> int | None:
        """Tell the tick at which the counter's value changes next."""
        if not self._running():
            return None
        divisor = self._divisor()
        elapsed = (self._schedule.now - self._origin) // divisor
        return self._origin + (elapsed + 1) * divisor
