"""What the pixels hold: from the edges at the pins to the counts in the converters.

The pixels' physics is asked once for each read-out of the array, under the conditions measured at
the pins. Values that no read-out stands behind are the channels' offsets; an output at which there
is nothing gives 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.emulator.acquisition.panel import BANK, GATE_CLOSES, RESET, ROW, SAMPLE, Effect
from fpxi_hwsim.emulator.acquisition.verdict import Verdict
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.schedule import TICKS_PER_US

Counts = npt.NDArray[np.uint16]
TOLERANCE_TICKS = TICKS_PER_US
"""by which the rows of one read-out may differ in their time of integration"""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which a read-out of the array was taken, as measured at the pins."""

    began: int
    """ticks; of the row that was converted first"""
    ended: int
    cds: bool
    oversampling: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row before the multiplexer."""

    number: int
    sweep: int
    """counts the read-outs of the array, resets included"""
    began: int
    ended: int
    cds: bool


@dataclass(frozen=True, slots=True)
class _Frame:
    sweep: int
    conditions: Conditions
    counts: Counts
    """(oversampling, rows, columns + 1), the last column idle"""


@dataclass(slots=True)
class _Pixels:
    """The array's state."""

    emptied: list[int]
    """by row: when its charge was last taken"""
    integration: list[tuple[int, int]]
    """by row: begin and end of the integration whose charge was taken last"""
    sweep: int
    source: Row | None
    earlier: Row | None
    """the source before"""


class Charges:
    """Follows one panel's pixels.

    Parameters
    ----------
    geometry
        The panel.
    offsets
        Counts of a channel without a signal, uint16 (columns,).
    expose
        Makes the conversions of a read-out under the conditions given, uint16
        (oversampling, rows, columns).

    """

    def __init__(
        self,
        geometry: PanelDescription,
        offsets: Counts,
        expose: Callable[[Conditions], Counts],
    ) -> None:
        self._geometry = geometry
        self._expose = expose
        self._offsets = np.append(offsets, np.uint16(0))
        rows = geometry.rows
        self._pixels = _Pixels([0] * rows, [(0, 0)] * rows, 0, None, None)
        self._undo: list[tuple[int, int, tuple[int, int]]] = []
        self._before: tuple[int, Row | None, Row | None] = (0, None, None)
        self._sources: list[Row | None] = [None]
        self._earlier: Row | None = None
        self._frame: _Frame | None = None

    def apply(self, effects: Sequence[Effect], start: int) -> None:
        """Let happen what a stretch that began at `start` does to the pixels."""
        pixels = self._pixels
        self._undo.clear()
        self._before = (pixels.sweep, pixels.source, pixels.earlier)
        self._sources = [pixels.source]
        self._earlier = pixels.earlier
        for tick, what, value in effects:
            self._happen(start + tick, what, value)

    def take_back(self) -> None:
        """Undo the last `apply`: the stretch ended early."""
        pixels = self._pixels
        pixels.sweep, pixels.source, pixels.earlier = self._before
        for row, emptied, integration in reversed(self._undo):
            pixels.emptied[row] = emptied
            pixels.integration[row] = integration
        self._undo.clear()

    def words(self, verdict: Verdict, first: int, beyond: int) -> Counts:
        """Return words of the stretch that was applied last, from `first` until before `beyond`.

        Raises
        ------
        PinError
            The rows of one read-out were not treated alike.

        """
        readings, index = verdict.part(first, beyond)
        if not readings:
            return np.zeros(len(index), np.uint16)
        parts = [
            self._values(reading.source, reading.number, verdict.passes[reading.source])
            for reading in readings
        ]
        values = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return values[index]

    def _happen(self, tick: int, what: str, value: Any) -> None:
        pixels = self._pixels
        if what == GATE_CLOSES:
            pixels.sweep += value == 0
            self._empty(value, tick)
        elif what == BANK:
            row, cds = value
            self._present(row, cds)
        elif what == RESET:
            for row in range(self._geometry.rows):
                self._undo.append((row, pixels.emptied[row], pixels.integration[row]))
                pixels.emptied[row] = tick
        elif what == SAMPLE:
            pixels.sweep += 1
            for row, began in enumerate(pixels.emptied):
                self._undo.append((row, began, pixels.integration[row]))
                pixels.integration[row] = (began, tick)
        elif what == ROW:
            row, cds = value
            self._present(row, cds)

    def _empty(self, row: int, tick: int) -> None:
        pixels = self._pixels
        self._undo.append((row, pixels.emptied[row], pixels.integration[row]))
        pixels.integration[row] = (pixels.emptied[row], tick)
        pixels.emptied[row] = tick

    def _present(self, row: int | None, cds: bool) -> None:
        pixels = self._pixels
        source = None
        if row is not None:
            source = Row(row, pixels.sweep, *pixels.integration[row], cds)
        pixels.earlier, pixels.source = pixels.source, source
        self._sources.append(source)

    def _values(self, source: int, reading: int, passes: int) -> Counts:
        row = self._earlier if source < 0 else self._sources[source]
        if row is None:
            return self._offsets
        frame = self._frame
        if frame is None or frame.sweep != row.sweep:
            frame = self._read_out(row, passes)
        self._demand_alike(row, reading, frame.conditions)
        values: Counts = frame.counts[reading, row.number]
        return values

    def _read_out(self, row: Row, passes: int) -> _Frame:
        conditions = Conditions(row.began, row.ended, row.cds, passes)
        geometry = self._geometry
        counts = np.zeros((passes, geometry.rows, geometry.columns + 1), np.uint16)
        counts[:, :, :-1] = self._expose(conditions)
        self._frame = _Frame(row.sweep, conditions, counts)
        return self._frame

    def _demand_alike(self, row: Row, reading: int, conditions: Conditions) -> None:
        integration = row.ended - row.began
        first = conditions.ended - conditions.began
        if abs(integration - first) > TOLERANCE_TICKS:
            raise PinError(
                "panel",
                "OE",
                f"row {row.number} integrated for {integration / TICKS_PER_US:.3f} us, the rows "
                f"before for {first / TICKS_PER_US:.3f} us",
                tick=row.ended,
            )
        if row.cds != conditions.cds:
            reason = f"row {row.number} had its reset level sampled otherwise than the rows before"
            raise PinError("panel", "SHR", reason, tick=row.ended)
        if reading >= conditions.oversampling:
            reason = (
                f"pass {reading + 1} of row {row.number}: the rows before had "
                f"{conditions.oversampling}"
            )
            raise PinError("panel", "STI", reason, tick=row.ended)
