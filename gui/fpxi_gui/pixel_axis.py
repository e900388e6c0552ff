"""An axis that counts pixels, or their millimetres, along the picture and not beside it."""

from __future__ import annotations

import pyqtgraph as pg

from fpxi_gui.theme import DIM


class PixelAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Ticks at whole pixels, or at any millimetre; none where there is no pixel."""

    def __init__(self, orientation: str, quantity: str) -> None:
        super().__init__(orientation)
        self._quantity = quantity
        self._edges = (0.0, 0.0)
        self._in_mm = False
        self.enableAutoSIPrefix(False)
        self.setPen(DIM)
        self.setTextPen(DIM)
        self.setLabel(quantity)

    def set_edges(self, first: float, last: float) -> None:
        """Say from where to where the picture reaches, in pixels."""
        self._edges = (first, last)

    def set_unit(self, *, pitch_mm: float, in_mm: bool) -> None:
        """Count in pixels, or in millimetres."""
        self._in_mm = in_mm
        self.setScale(pitch_mm if in_mm else 1.0)
        self.set_quantity(self._quantity)

    def set_quantity(self, quantity: str) -> None:
        """Say what is counted: rows or columns."""
        self._quantity = quantity
        self.setLabel(f"{quantity} / mm" if self._in_mm else quantity)

    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        """Leave out of the usual ticks those that mean no pixel."""
        levels = super().tickValues(minVal, maxVal, size)
        return [(spacing, [at for at in values if self._shown(at)]) for spacing, values in levels]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Write pixels as whole numbers, however close their ticks could have been."""
        strings: list[str] = super().tickStrings(values, scale, spacing)
        return strings if self._in_mm else [f"{round(value)}" for value in values]

    def _shown(self, at: float) -> bool:
        first, last = self._edges
        return first <= at <= last and (self._in_mm or abs(at - round(at)) < 1e-6)
