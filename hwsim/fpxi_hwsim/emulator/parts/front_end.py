"""The charge-integrating front end (AFE0064 kind): one integrator a data line, CDS, multiplexer.

IRST empties the integrators, SHR holds their reset level, INTG lets them take the charge of the
row whose gate is open, SHS holds the signal. At SHS's fall the difference of signal and reset
level goes to the output bank, which the multiplexer reads.
"""

from __future__ import annotations

from typing import Any

from fpxi_hwsim.emulator.parts.multiplexer import Multiplexer
from fpxi_hwsim.emulator.parts.part import HORIZON_TICKS, Emit, Part, State, age, nowhere

IRST_HIGH_NS = 3000
SHR_HIGH_NS = 1000
SHR_AFTER_IRST_NS = 1000
SHS_AFTER_OE_NS = 1000
SHS_HIGH_NS = 2000


class FrontEnd(Part):
    """Emits ("bank", (row or None, whether CDS)) at SHS's fall; OE is the gate driver's."""

    NAME = "front end"
    SIGNALS = ("IRST", "SHR", "SHS", "INTG", "OE")

    def __init__(self, multiplexer: Multiplexer, emit: Emit = nowhere) -> None:
        super().__init__(emit)
        self._multiplexer = multiplexer
        self._row: int | None = None
        """whose charge is in the integrators"""
        self._opened = -HORIZON_TICKS
        self._missed = False
        """whether INTG was low while the gate that is open, or was last, was open"""
        self._cds: bool | None = None
        """whether the reset level held is free of the reset's noise; None: none is held"""

    def open_gate(self, tick: int) -> None:
        """Note that a row's transistors conduct from now on."""
        self._opened = tick
        self._missed = False

    def take_charge(self, tick: int, row: int) -> None:
        """Take the charge of a row whose gate closes, if INTG was high all the time."""
        ended = self.level["INTG"] or self.fell["INTG"] == tick
        if ended and not self._missed:
            self._row = row

    def _IRST_rises(self, _tick: int) -> None:
        self._row = None
        self._cds = None

    def _IRST_falls(self, tick: int) -> None:
        self._demand("IRST", "high", IRST_HIGH_NS, self.rose["IRST"], tick)

    def _SHR_falls(self, tick: int) -> None:
        self._demand("SHR", "high", SHR_HIGH_NS, self.rose["SHR"], tick)
        self._cds = not self.level["IRST"]
        if self._cds:
            ended = self.fell["IRST"]
            self._demand("SHR", "fall after IRST's fall", SHR_AFTER_IRST_NS, ended, tick)

    def _INTG_rises(self, tick: int) -> None:
        self._demand_ready("INTG", tick)
        self._missed = self._missed or tick > self._opened

    def _OE_rises(self, tick: int) -> None:
        self._demand_ready("OE", tick)

    def _SHS_rises(self, tick: int) -> None:
        closed = tick if self.level["OE"] else self.fell["OE"]
        self._demand("SHS", "rise after OE's fall", SHS_AFTER_OE_NS, closed, tick)

    def _SHS_falls(self, tick: int) -> None:
        self._demand("SHS", "high", SHS_HIGH_NS, self.rose["SHS"], tick)
        if self._multiplexer.unread:
            self._refuse("SHS", "fell before the output bank's last channel was sampled", tick)
        self.emit(tick, "bank", (self._row, bool(self._cds)))

    def _demand_ready(self, signal: str, tick: int) -> None:
        if self.level["SHR"] or self.level["IRST"] or self._cds is None:
            self._refuse(signal, "rose before the reset level was held by SHR", tick)

    def _forget(self) -> None:
        self._row = None
        self._cds = None

    def _memory(self, now: int) -> State:
        return (self._row, age(self._opened, now), self._missed, self._cds)

    def _remember(self, now: int, memory: Any) -> None:
        self._row, opened, self._missed, self._cds = memory
        self._opened = now + opened
