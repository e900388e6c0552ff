"""The gate driver: a shift register whose token opens one row's transistors while OE is high.

STV is shifted in at the rising edge of CPV. One token alone may be in the register: two would
put the charge of two rows on the data lines at once.
"""

from __future__ import annotations

from typing import Any

from fpxi_hwsim.emulator.parts.part import Emit, Part, State, nowhere

STV_SETUP_NS = 200
STV_HOLD_NS = 200
CPV_HIGH_NS = 500
CPV_LOW_NS = 500
OE_LOW_BEFORE_CPV_NS = 200
OE_LOW_AFTER_CPV_NS = 500
GATE_OPEN_NS = 15_000
"""for the charge to reach the front end"""


class GateDriver(Part):
    """Emits ("gate_opens", row) and ("gate_closes", row)."""

    NAME = "gate driver"
    SIGNALS = ("STV", "CPV", "OE")

    def __init__(self, rows: int, emit: Emit = nowhere, row: int | None = None) -> None:
        super().__init__(emit)
        self._rows = rows
        self.row = row
        """where the token is"""

    def _STV_rises(self, tick: int) -> None:
        self._demand("STV", "hold after CPV's rise", STV_HOLD_NS, self.rose["CPV"], tick)

    def _STV_falls(self, tick: int) -> None:
        self._demand("STV", "hold after CPV's rise", STV_HOLD_NS, self.rose["CPV"], tick)

    def _CPV_rises(self, tick: int) -> None:
        changed = max(self.rose["STV"], self.fell["STV"])
        self._demand("STV", "set-up before CPV's rise", STV_SETUP_NS, changed, tick)
        self._demand("CPV", "low", CPV_LOW_NS, self.fell["CPV"], tick)
        closed = tick if self.level["OE"] else self.fell["OE"]
        self._demand("OE", "low before CPV's rise", OE_LOW_BEFORE_CPV_NS, closed, tick)
        self._shift(tick)

    def _CPV_falls(self, tick: int) -> None:
        self._demand("CPV", "high", CPV_HIGH_NS, self.rose["CPV"], tick)

    def _OE_rises(self, tick: int) -> None:
        self._demand("OE", "low after CPV's rise", OE_LOW_AFTER_CPV_NS, self.rose["CPV"], tick)
        if self.row is not None:
            self.emit(tick, "gate_opens", self.row)

    def _OE_falls(self, tick: int) -> None:
        if self.row is not None:
            self._demand("OE", "gate open", GATE_OPEN_NS, self.rose["OE"], tick)
            self.emit(tick, "gate_closes", self.row)

    def _shift(self, tick: int) -> None:
        moved = None if self.row is None or self.row + 1 == self._rows else self.row + 1
        if not self.level["STV"]:
            self.row = moved
            return
        if moved is not None:
            self._refuse("STV", f"two tokens in the register, in rows 0 and {moved}", tick)
        self.row = 0

    def _memory(self, _now: int) -> State:
        return (self.row,)

    def _remember(self, _now: int, memory: Any) -> None:
        (self.row,) = memory
