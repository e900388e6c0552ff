"""What is done to frames: averaging, steps of the correction, values, and how they are turned."""

from __future__ import annotations

from fpxi_imaging.correction.averaging import MOST_FRAMES, AveragingMode
from fpxi_imaging.correction.processing import Scale
from PySide6.QtWidgets import QPushButton

from fpxi_gui.icons import flip_columns_icon, flip_rows_icon, rotate_icon
from fpxi_gui.layout import Card, form, row
from fpxi_gui.number_field import ChoiceField, NumberField
from fpxi_gui.processing_control import ZINGER_SIGMA, AveragingWay, ProcessingControl
from fpxi_gui.state import ProcessingChoices

_FRAMES = 8
"""averaged when the user chooses to average and says no more"""
_WAYS = {
    "off": AveragingWay(AveragingMode.NONE),
    "recursive": AveragingWay(AveragingMode.RECURSIVE),
    "motion": AveragingWay(AveragingMode.RECURSIVE, follows_motion=True),
    "running": AveragingWay(AveragingMode.RUNNING),
    "median": AveragingWay(AveragingMode.MEDIAN),
    "block": AveragingWay(AveragingMode.BLOCK),
}
_NAMES = {way: name for name, way in _WAYS.items()}
_TIPS = {
    "off": "Every frame by itself",
    "recursive": "The newest frame weighs 1/N, older ones ever less",
    "motion": "Recursive, and begun anew where the image moves; raw pictures do not follow",
    "running": "The mean of the last N frames",
    "median": "The median of the last N frames",
    "block": "The mean of N frames, then of the next N",
}
_SCALES = {
    Scale.COUNTS: ("counts", "Counts of the median pixel above dark"),
    Scale.TRANSMISSION: ("transmission", "1 is the level of the flats at their own exposure"),
    Scale.ATTENUATION: (
        "-ln transmission",
        "Attenuation: 0 is the level of the flats at their own exposure",
    ),
}
_ONLY_CORRECTED = "; only of corrected pictures"


class ProcessingPanel(Card):
    """Shows the description in force, whoever gave it."""

    def __init__(self, control: ProcessingControl) -> None:
        super().__init__("Processing")
        self._shown: ProcessingChoices | None = None
        self._control = control
        self.averaging = ChoiceField([(name, name, tip) for name, tip in _TIPS.items()])
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
        way = AveragingWay.of(processing.averaging)
        averages = way.mode is not AveragingMode.NONE
        self.averaging.show_value(_NAMES[way])
        self.frames.setEnabled(averages)
        if averages:
            self._show_frames(processing.averaging.frames, way.most_frames)
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

    def _show_frames(self, frames: int, most: int) -> None:
        blocked = self.frames.blockSignals(True)  # a lower maximum may change the value
        self.frames.setMaximum(most)
        self.frames.blockSignals(blocked)
        self.frames.show_value(frames)

    def _average(self, name: str) -> None:
        self._control.set_averaging(_WAYS[name], self.frames.value())

    def _set_frames(self, frames: float) -> None:
        self._control.set_averaging(_WAYS[self.averaging.currentData()], frames)

    def _explain(self) -> None:
        self.averaging.setToolTip("How earlier frames count")
        self.averaging.setAccessibleName("Averaging")
        self.frames.setToolTip("Frames in the average; of a recursive one, its time constant")
        self.frames.setAccessibleName("Frames averaged")
        self.zingers.setToolTip(
            f"Replace what stands out by {ZINGER_SIGMA:g} standard deviations for one frame, such "
            "as the trace of a particle.\nWhat rises to stay is shown a frame late: leave it off "
            f"for exposures of a single frame{_ONLY_CORRECTED}"
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
