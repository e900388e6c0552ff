"""What stands before the simulated panel; there is no such panel for a real device."""

from __future__ import annotations

from fpxi_hwsim.objects import OBJECTS
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy

from fpxi_gui.layout import Card, check_box, form, label, row
from fpxi_gui.number_field import ChoiceField, NumberField
from fpxi_gui.scene_control import SceneControl
from fpxi_gui.state import SceneState

_FROM_FILE = ""
_HIGHEST_UGY_PER_S = 1e6


class ScenePanel(Card):
    """Beam, object and dose rate; hidden without a scene."""

    file_asked = Signal()

    def __init__(self, control: SceneControl) -> None:
        super().__init__("Simulated scene")
        self._shown: SceneState | None = None
        self.beam = check_box("Beam on")
        choices: list[tuple[str, object, str]] = [(name, name, "") for name in OBJECTS]
        choices.append(("Image file …", _FROM_FILE, "Grey values as transmission"))
        self.object = ChoiceField(choices)
        self.dose_rate = NumberField(0.0, _HIGHEST_UGY_PER_S, decimals=2)
        self._control = control
        self.beam.clicked.connect(control.set_beam)
        self.object.chosen.connect(self._choose)
        self.dose_rate.entered.connect(lambda micro: control.set_dose_rate(micro * 1e-6))
        self.beam.setToolTip("Switch the X-ray source (B)")
        self.dose_rate.setToolTip("Air kerma rate at the object")
        fields = form()
        fields.addRow("Object", self.object)
        unit = label("µGy/s", "dim")
        unit.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        fields.addRow("Dose rate", row(self.dose_rate, unit))
        self.body.addWidget(self.beam)
        self.body.addLayout(fields)
        self.hide()

    def show_scene(self, scene: SceneState | None) -> None:
        """Show the scene as it stands."""
        self._shown = scene
        self.setVisible(scene is not None)
        if scene is not None:
            self.beam.setChecked(scene.beam_on)
            self.object.show_value(scene.object_name)
            self.dose_rate.show_value(scene.dose_rate_Gy_per_s * 1e6)

    def _choose(self, name: str) -> None:
        if name != _FROM_FILE:
            self._control.set_object(name)
            return
        if self._shown is not None:
            self.object.show_value(self._shown.object_name)
        self.file_asked.emit()
