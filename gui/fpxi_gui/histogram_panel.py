"""Histogram of the good pixels, with the display levels as a region to drag."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fpxi_gui.state import Histogram
from fpxi_gui.theme import ACCENT, DIM, PANEL


class HistogramPanel(QWidget):
    """Draws a histogram on a square-root scale, so that small peaks show."""

    levels_dragged = Signal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self._drawn: Histogram | None = None
        self._drawing = False
        self._plot = pg.PlotWidget(background=PANEL)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.hideAxis("left")
        axis = self._plot.getAxis("bottom")
        axis.setPen(DIM)
        axis.setTextPen(DIM)
        axis.enableAutoSIPrefix(False)
        axis.setLabel("counts")
        self._curve = self._plot.plot(
            stepMode="center", fillLevel=0, pen=pg.mkPen(DIM), brush=pg.mkBrush(139, 148, 161, 90)
        )
        self._region = self._make_region()
        self._plot.addItem(self._region)
        self._region.sigRegionChanged.connect(self._on_region_changed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self.setFixedHeight(146)

    def show_histogram(self, histogram: Histogram | None) -> None:
        """Draw a histogram, unless it is the one drawn already."""
        if histogram is None or histogram == self._drawn:
            return
        self._drawn = histogram
        edges = np.linspace(*histogram.span, histogram.counts.size + 1)
        self._curve.setData(edges, np.sqrt(histogram.counts))
        self._drawing = True
        self._region.setRegion(histogram.levels)
        self._drawing = False
        if not self._region.moving:
            self._show_span(histogram)

    def set_label(self, text: str) -> None:
        """Say what the horizontal axis counts."""
        self._plot.getAxis("bottom").setLabel(text)

    def drag_levels(self, low: float, high: float) -> None:
        """Move the region as the mouse does."""
        self._region.setRegion((low, high))

    def _show_span(self, histogram: Histogram) -> None:
        low = min(histogram.span[0], histogram.levels[0])
        high = max(histogram.span[1], histogram.levels[1])
        self._plot.setXRange(low, high, padding=0.02)
        self._plot.setYRange(0, max(1.0, float(np.sqrt(histogram.counts.max()))), padding=0.02)

    def _make_region(self) -> pg.LinearRegionItem:
        colour = QColor(ACCENT)
        colour.setAlpha(36)
        return pg.LinearRegionItem(
            values=(0, 1), brush=colour, hoverBrush=colour, pen=pg.mkPen(ACCENT, width=2)
        )

    def _on_region_changed(self) -> None:
        if not self._drawing:
            low, high = self._region.getRegion()
            self.levels_dragged.emit(float(low), float(high))
