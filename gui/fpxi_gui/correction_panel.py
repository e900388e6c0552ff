"""Raw or corrected, and with which calibration."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QPushButton

from fpxi_gui.calibration_control import CalibrationControl
from fpxi_gui.layout import Card, form, label, row
from fpxi_gui.number_field import NumberField
from fpxi_gui.state import Correction

_COLLECTED = 64
_MOST_COLLECTED = 10_000


class CorrectionPanel(Card):
    """Shows the correction in force, and why it is not what was asked for."""

    load_asked = Signal()
    make_asked = Signal()

    def __init__(self, control: CalibrationControl) -> None:
        super().__init__("Correction")
        self._shown: Correction | None = None
        self.raw = QPushButton("Raw")
        self.corrected = QPushButton("Corrected")
        self._modes = QButtonGroup(self)
        for button in (self.raw, self.corrected):
            button.setCheckable(True)
            self._modes.addButton(button)
        self.collected = NumberField(2, _MOST_COLLECTED)
        self.collected.show_value(_COLLECTED)
        self.load = QPushButton("Load …")
        self.make = QPushButton("Dark and flat …")
        self.refresh = QPushButton("Refresh dark")
        self.calibration = label("none")
        self.notes = label("", "dim", wrap=True)
        self.notice = label("", "notice", wrap=True)
        self.raw.clicked.connect(lambda: control.set_corrected(False))
        self.corrected.clicked.connect(lambda: control.set_corrected(True))
        self.load.clicked.connect(self.load_asked)
        self.make.clicked.connect(self.make_asked)
        self.refresh.clicked.connect(lambda: control.refresh(round(self.collected.value())))
        self._explain()
        self._lay_out()

    def show_correction(self, correction: Correction, *, beam: bool) -> None:
        """Show the choices in force; `beam`: darks and flats can be collected."""
        idle = not correction.progress
        self.load.setEnabled(idle)
        self.make.setEnabled(idle and beam)
        self.refresh.setVisible(correction.can_refresh)
        self.refresh.setEnabled(idle and beam)
        if correction == self._shown:
            return
        self._shown = correction
        self.corrected.setEnabled(bool(correction.calibration))
        self.raw.setChecked(not correction.corrected)
        self.corrected.setChecked(correction.corrected)
        self.calibration.setText(correction.calibration or "none")
        self.calibration.setToolTip(correction.detail)
        self.notes.setText("\n".join(correction.notes))
        self.notes.setVisible(bool(correction.notes))
        said = correction.progress or correction.notice
        self.notice.setText(said)
        self.notice.setVisible(bool(said))

    def _explain(self) -> None:
        self.raw.setToolTip("Counts as the panel sent them (C switches)")
        self.corrected.setToolTip("Offset, gain and defects corrected (C switches)")
        self.collected.setToolTip("How many darks and how many flats `Dark and flat` collects")
        self.load.setToolTip("Load a calibration file")
        self.refresh.setToolTip(
            "Collect darks with the shutter closed and renew the calibration's offset;\n"
            "how far it had drifted is said, and kept in the calibration's file"
        )
        self.make.setToolTip("Collect darks and flats now and make a calibration of them")

    def _lay_out(self) -> None:
        self.body.addLayout(row(self.raw, self.corrected))
        fields = form()
        at_hand = row(self.calibration, self.refresh)
        at_hand.setStretch(0, 1)
        fields.addRow("Calibration", at_hand)
        fields.addRow("Collect", row(self.collected, label("frames each", "dim")))
        self.body.addLayout(fields)
        self.body.addLayout(row(self.load, self.make))
        self.body.addWidget(self.notes)
        self.body.addWidget(self.notice)
