"""What stands before the simulated panel; there is no such panel for a real device."""

from __future__ import annotations

from dataclasses import replace

from fpxi_hwsim.physics.object.menu import (
    STILL,
    Choice,
    ObjectText,
    motion_choices,
    object_choices,
)
from fpxi_hwsim.physics.source.text import TUBE_GRAMMAR
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy

from fpxi_gui.layout import Card, check_box, form, label, row
from fpxi_gui.number_field import ChoiceField, NumberField
from fpxi_gui.scene_control import SceneControl
from fpxi_gui.state import SceneState
from fpxi_gui.text_field import TextField

_FROM_FILE = ""
_HIGHEST_UGY_PER_S = 1e6
_AS_MADE = "key=value, ..."


class ScenePanel(Card):
    """Beam, object with its motion, tube and dose rate; hidden without a scene."""

    file_asked = Signal()

    def __init__(self, control: SceneControl) -> None:
        super().__init__("Simulated scene")
        self._control = control
        self._shown = ObjectText("")
        self._choices = {choice.name: choice for choice in object_choices()}
        self._motions = {choice.name: choice for choice in motion_choices()}
        self.beam = check_box("Beam on")
        self.object = ChoiceField(
            [
                *((name, name, choice.description) for name, choice in self._choices.items()),
                ("Image file …", _FROM_FILE, "Grey values as transmission"),
            ]
        )
        self.settings = TextField()
        self.motion = ChoiceField(
            [(name or "still", name, choice.description) for name, choice in self._motions.items()]
        )
        self.motion_settings = TextField()
        self.tube = TextField()
        self.dose_rate = NumberField(0.0, _HIGHEST_UGY_PER_S, decimals=2)
        self.wanted_bias = label("", "dim")
        self._lay_out()
        self._connect()
        self.hide()

    def show_scene(self, scene: SceneState | None) -> None:
        """Show the scene as it stands."""
        self.setVisible(scene is not None)
        if scene is None:
            return
        self.beam.setChecked(scene.beam_on)
        self.tube.show_text(scene.tube)
        self.dose_rate.show_value(scene.dose_rate_Gy_per_s * 1e6)
        self.wanted_bias.setText(f"works at {scene.wanted_bias_mV} mV")
        self._fields.setRowVisible(self.wanted_bias, scene.wanted_bias_mV != 0)
        self._show_object(ObjectText.of(scene.object_name))

    def _show_object(self, shown: ObjectText) -> None:
        self._shown = shown
        self.object.show_value(shown.name)
        self.settings.show_text(shown.settings)
        self.settings.setEnabled(shown.name in self._choices)
        self.motion.show_value(shown.motion)
        self.motion_settings.show_text(shown.motion_settings)
        self._fields.setRowVisible(self.motion_settings, shown.motion != STILL)
        _explain(self.object, self.settings, self._choices.get(shown.name))
        _explain(self.motion, self.motion_settings, self._motions.get(shown.motion))

    def _lay_out(self) -> None:
        self._fields = form()
        self._fields.addRow("Object", self.object)
        self._fields.addRow("", self.settings)
        self._fields.addRow("Motion", self.motion)
        self._fields.addRow("", self.motion_settings)
        self._fields.addRow("Tube", self.tube)
        unit = label("µGy/s", "dim")
        unit.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._fields.addRow("Dose rate", row(self.dose_rate, unit))
        self._fields.addRow("Bias", self.wanted_bias)
        self.beam.setToolTip("Switch the X-ray source (B)")
        self.tube.explain(TUBE_GRAMMAR, TUBE_GRAMMAR)
        self.dose_rate.setToolTip("Air kerma rate at the panel, without the object")
        self.wanted_bias.setToolTip("Set bias_mV of the device: without it this panel shows little")
        self.body.addWidget(self.beam)
        self.body.addLayout(self._fields)

    def _connect(self) -> None:
        control = self._control
        self.beam.clicked.connect(control.set_beam)
        self.object.chosen.connect(self._choose)
        self.settings.entered.connect(lambda text: self._change(settings=text))
        self.motion.chosen.connect(lambda name: self._change(motion=name, motion_settings=""))
        self.motion_settings.entered.connect(lambda text: self._change(motion_settings=text))
        self.tube.entered.connect(control.set_tube)
        self.dose_rate.entered.connect(lambda micro: control.set_dose_rate(micro * 1e-6))

    def _choose(self, name: str) -> None:
        if name != _FROM_FILE:
            self._change(name=name, settings="")
            return
        self.object.show_value(self._shown.name)
        self.file_asked.emit()

    def _change(self, **parts: str) -> None:
        """Ask for the object that is shown, with some parts of its text changed."""
        self._control.set_object(str(replace(self._shown, **parts)))


def _explain(chooser: ChoiceField, settings: TextField, choice: Choice | None) -> None:
    """Say what was chosen, and what can be set of it."""
    if choice is None:
        chooser.setToolTip("")
        settings.explain("", "")
        return
    chooser.setToolTip(choice.description)
    settings.explain(_AS_MADE, "\n".join(["What can be set:", *choice.keys]))
