"""The CMOS die: RESET empties all pixels, SHR and SHS hold their reset level and signal.

A row token, put in by STV at a rise of CPV, selects the row that the columns carry; each further
rise of CPV moves it on.
"""

from __future__ import annotations

from typing import Any

from fpxi_hwsim.emulator.parts.part import Emit, Part, State, nowhere

RESET_HIGH_NS = 1000
SHR_HIGH_NS = 1000
SHS_HIGH_NS = 1000
CPV_HIGH_NS = 500


class CmosDie(Part):
    """Emits ("reset", None), ("sample", None) and ("row", (row or None, whether CDS)).

    A row's output is its signal less its reset level: CDS if that was sampled after the reset.
    """

    NAME = "CMOS die"
    SIGNALS = ("IRST", "SHR", "SHS", "STV", "CPV")

    def __init__(self, rows: int, emit: Emit = nowhere, row: int | None = None) -> None:
        super().__init__(emit)
        self._rows = rows
        self.row = row
        """selected"""
        self._cds = self._clamped = False

    def _IRST_falls(self, tick: int) -> None:
        self._demand("IRST", "RESET high", RESET_HIGH_NS, self.rose["IRST"], tick)
        self.emit(tick, "reset", None)

    def _SHR_falls(self, tick: int) -> None:
        self._demand("SHR", "high", SHR_HIGH_NS, self.rose["SHR"], tick)
        self._clamped = not self.level["IRST"]

    def _SHS_falls(self, tick: int) -> None:
        self._demand("SHS", "high", SHS_HIGH_NS, self.rose["SHS"], tick)
        if self.level["IRST"]:
            self._refuse("SHS", "fell while RESET was high: the signal is gone", tick)
        self._cds = self._clamped
        self.emit(tick, "sample", None)

    def _CPV_rises(self, tick: int) -> None:
        moved = None if self.row is None or self.row + 1 == self._rows else self.row + 1
        if self.level["STV"]:
            if moved is not None:
                self._refuse("STV", f"two row tokens: rows 0 and {moved} on the same columns", tick)
            moved = 0
        self.row = moved
        self.emit(tick, "row", (moved, self._cds))

    def _CPV_falls(self, tick: int) -> None:
        self._demand("CPV", "high", CPV_HIGH_NS, self.rose["CPV"], tick)

    def _memory(self, _now: int) -> State:
        return (self.row, self._cds, self._clamped)

    def _remember(self, _now: int, memory: Any) -> None:
        self.row, self._cds, self._clamped = memory
