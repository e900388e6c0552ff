"""How values become colours: histogram, levels, colour map, marks and axes."""

from __future__ import annotations

from fpxi_imaging.correction.processing import Scale
from PySide6.QtWidgets import QPushButton

from fpxi_gui.colour_maps import COLOUR_MAPS
from fpxi_gui.histogram_panel import HistogramPanel
from fpxi_gui.intent import DisplayIntent
from fpxi_gui.layout import Card, check_box, form, row
from fpxi_gui.number_field import ChoiceField, NumberField
from fpxi_gui.state import Display, Histogram

_WIDEST = 1e7
_LABELS = {
    Scale.COUNTS: "counts",
    Scale.TRANSMISSION: "transmission",
    Scale.ATTENUATION: "-ln transmission",
}


class DisplayPanel(Card):
    """Writes to the display intent; shows the state that was resolved from it."""

    def __init__(self, intent: DisplayIntent) -> None:
        super().__init__("Display")
        self._intent = intent
        self._scale = Scale.COUNTS
        self.histogram = HistogramPanel()
        self.low = NumberField(-_WIDEST, _WIDEST, decimals=1)
        self.high = NumberField(-_WIDEST, _WIDEST, decimals=1)
        self.auto = QPushButton("Auto")
        self.auto.setCheckable(True)
        self.colour_map = ChoiceField([(name, name, "") for name in COLOUR_MAPS])
        self.mark_defects = check_box("Mark interpolated defects")
        self.axes_mm = check_box("Axes in millimetres")
        self._explain()
        self._lay_out()
        self._connect()

    def show_display(self, display: Display, histogram: Histogram | None) -> None:
        """Show the choices in force and the histogram."""
        self.histogram.show_histogram(histogram)
        self._show_scale(display.scale)
        self.low.show_value(display.levels[0])
        self.high.show_value(display.levels[1])
        self.auto.setChecked(display.auto_levels)
        self.colour_map.show_value(display.colour_map)
        self.mark_defects.setChecked(display.mark_defects)
        self.axes_mm.setChecked(display.axes_mm)

    def _show_scale(self, scale: Scale) -> None:
        """Write levels as finely as what they count asks for."""
        if scale is self._scale:
            return
        self._scale = scale
        self.histogram.set_label(_LABELS[scale])
        for field in (self.low, self.high):
            field.setDecimals(1 if scale is Scale.COUNTS else 4)

    def _explain(self) -> None:
        self.low.setToolTip("Value drawn in the first colour")
        self.high.setToolTip("Value drawn in the last colour")
        self.low.setAccessibleName("Low level")
        self.high.setAccessibleName("High level")
        self.auto.setToolTip(
            "Levels from the 2nd to the 98th percentile of the good pixels of each frame (A)"
        )
        self.mark_defects.setToolTip(
            "Draw pixels whose value is interpolated from their neighbours in a signal colour (D)"
        )
        self.axes_mm.setToolTip("Distances from the centre of pixel (0, 0) (M)")

    def _lay_out(self) -> None:
        self.body.addWidget(self.histogram)
        levels = row(self.low, self.high, self.auto)
        levels.setStretch(0, 1)
        levels.setStretch(1, 1)
        fields = form()
        fields.addRow("Levels", levels)
        fields.addRow("Colours", self.colour_map)
        self.body.addLayout(fields)
        self.body.addWidget(self.mark_defects)
        self.body.addWidget(self.axes_mm)

    def _connect(self) -> None:
        intent = self._intent
        self.histogram.levels_dragged.connect(self._set_levels)
        self.low.entered.connect(lambda low: self._set_levels(low, self.high.value()))
        self.high.entered.connect(lambda high: self._set_levels(self.low.value(), high))
        self.auto.clicked.connect(self._set_auto)
        self.colour_map.chosen.connect(lambda name: setattr(intent, "colour_map", name))
        self.mark_defects.clicked.connect(lambda on: setattr(intent, "mark_defects", on))
        self.axes_mm.clicked.connect(lambda on: setattr(intent, "axes_mm", on))

    def _set_levels(self, low: float, high: float) -> None:
        self._intent.set_levels(low, high, apart=1.0 if self._scale is Scale.COUNTS else 1e-3)

    def _set_auto(self, on: bool) -> None:
        self._intent.manual_levels = (self.low.value(), self.high.value())
        self._intent.auto_levels = on
