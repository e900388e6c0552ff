"""What is done to frames: averaging, steps of the correction, values, and how they are turned."""

from __future__ import annotations

from fpxi_imaging.averaging import MOST_FRAMES, AveragingMode
from fpxi_imaging.processing import Scale
from PySide6.QtWidgets import QPushButton

from fpxi_gui.icons import flip_columns_icon, flip_rows_icon, rotate_icon
from fpxi_gui.layout import Card, form, row
from fpxi_gui.number_field import ChoiceField, NumberField
from fpxi_gui.processing_control import ZINGER_SIGMA, ProcessingControl
from fpxi_gui.state import ProcessingChoices

_FRAMES = 8
"""averaged when the user chooses to average and says no more"""
_MODES = {
    AveragingMode.NONE: ("off", "Every frame by itself"),
    AveragingMode.RECURSIVE: (
        "recursive",
        "The newest frame weighs 1/N, older ones ever less",
    ),
    AveragingMode.RUNNING: ("running", "The mean of the last N frames"),
    AveragingMode.BLOCK: ("block", "The mean of N frames, then of the next N"),
}
_SCALES = {
    Scale.COUNTS: ("counts", "Counts of the median pixel above dark"),
    Scale.TRANSMISSION: ("transmission", "1 is the level of the flat"),
    Scale.ATTENUATION: ("-ln transmission", "Attenuation: 0 is the level of the flat"),
}
_ONLY_CORRECTED = "; only of corrected pictures"


class ProcessingPanel(Card):
    """Shows the description in force, whoever gave it."""

    def __init__(self, control: ProcessingControl) -> None:
        super().__init__("Processing")
        self._shown: ProcessingChoices | None = None
        self._control = control
        self.averaging = ChoiceField([(text, mode, tip) for mode, (text, tip) in _MODES.items()])
        self.frames = NumberField(1, max(MOST_FRAMES.values()))
        self.frames.show_value(_FRAMES)
        self.lag = _toggle("Lag")
        self.zingers = _toggle("Zingers")
        self.repair = _toggle("Defects")
        self.scale = ChoiceField([(text, scale, tip) for scale, (text, tip) in _SCALES.items()])
        self.flip_rows = QPushButton(flip_rows_icon(), "")
        self.flip_columns = QPushButton(flip_columns_icon(), "")
        self.rotate = QPushButton(rotate_icon(), "")
        self._explain()
        self._lay_out()
        self._connect()

    def show_processing(self, choices: ProcessingChoices) -> None:
        """Show the choices in force, and which can be made."""
        if choices == self._shown:
            return
        self._shown = choices
        processing = choices.processing
        averages = processing.averaging.mode is not AveragingMode.NONE
        self.averaging.show_value(processing.averaging.mode)
        self.frames.setEnabled(averages)
        self.frames.setMaximum(MOST_FRAMES[processing.averaging.mode] if averages else _FRAMES)
        self.frames.show_value(processing.averaging.frames if averages else self.frames.value())
        self.lag.setChecked(processing.lag)
        self.lag.setEnabled(choices.corrected and (choices.lag_known or processing.lag))
        self.zingers.setChecked(processing.zinger_sigma is not None)
        self.zingers.setEnabled(choices.corrected)
        self.repair.setChecked(processing.repair)
        self.repair.setEnabled(choices.corrected)
        self.scale.show_value(processing.scale)
        self.scale.setEnabled(choices.corrected)
        self.lag.setToolTip(
            f"Take out the signal of earlier exposures{_ONLY_CORRECTED}"
            if choices.lag_known
            else "The calibration knows no lag: record a step-off and calibrate with it"
        )

    def _average(self, mode: AveragingMode) -> None:
        frames = min(max(2, round(self.frames.value())), MOST_FRAMES[mode])
        self._control.set_averaging(mode, frames)

    def _set_frames(self, frames: float) -> None:
        self._control.set_averaging(self.averaging.currentData(), round(frames))

    def _explain(self) -> None:
        self.averaging.setToolTip("How earlier frames count")
        self.averaging.setAccessibleName("Averaging")
        self.frames.setToolTip("Frames in the average; of a recursive one, its time constant")
        self.frames.setAccessibleName("Frames averaged")
        self.zingers.setToolTip(
            f"Replace what stands out by {ZINGER_SIGMA:g} standard deviations for one frame, such "
            f"as the trace of a particle{_ONLY_CORRECTED}"
        )
        self.repair.setToolTip(f"Interpolate defects; else they have no value{_ONLY_CORRECTED}")
        self.scale.setToolTip(f"What the values are{_ONLY_CORRECTED}")
        self.flip_rows.setToolTip("Flip top to bottom")
        self.flip_columns.setToolTip("Flip left to right")
        self.rotate.setToolTip("Rotate by 90° anticlockwise")

    def _lay_out(self) -> None:
        fields = form()
        fields.addRow("Average", row(self.averaging, self.frames))
        fields.addRow("Correct", row(self.lag, self.zingers, self.repair))
        fields.addRow("Values", self.scale)
        fields.addRow("Turn", row(self.flip_rows, self.flip_columns, self.rotate))
        self.body.addLayout(fields)

    def _connect(self) -> None:
        control = self._control
        self.averaging.chosen.connect(self._average)
        self.frames.entered.connect(self._set_frames)
        self.lag.clicked.connect(control.set_lag)
        self.zingers.clicked.connect(control.set_zingers)
        self.repair.clicked.connect(control.set_repair)
        self.scale.chosen.connect(control.set_scale)
        self.flip_rows.clicked.connect(control.flip_rows)
        self.flip_columns.clicked.connect(control.flip_columns)
        self.rotate.clicked.connect(control.rotate)


def _toggle(text: str) -> QPushButton:
    made = QPushButton(text)
    made.setCheckable(True)
    return made
