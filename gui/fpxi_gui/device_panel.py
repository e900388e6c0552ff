"""The device's settings and readings, built when it is first known."""

from __future__ import annotations

from fpxi_readout.protocol.dictionary import Dictionary
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from fpxi_gui.device_control import DeviceControl
from fpxi_gui.layout import Card, label, row
from fpxi_gui.parameter_panel import ReadingsForm, SettingsForm
from fpxi_gui.state import Parameters


class DevicePanel(QWidget):
    """Two cards: what can be set, and what the device reports."""

    def __init__(self, control: DeviceControl) -> None:
        super().__init__()
        self._control = control
        self._dictionary: Dictionary | None = None
        self.settings: SettingsForm | None = None
        self.readings: ReadingsForm | None = None
        self.refusals = label("", "problem", wrap=True)
        self.refusals.hide()
        self.save, self.reset = QPushButton("Save"), QPushButton("Reset")
        self.save.setToolTip("Keep the settings in the device, for its next start")
        self.reset.setToolTip("Restart the device; clears a latched fault")
        self.save.clicked.connect(control.save)
        self._settings_card, self._readings_card = Card("Settings"), Card("Readings")
        self._waiting = label("The device has not answered yet.", "dim", wrap=True)
        self._as_recorded = label("As recorded; cannot be changed.", "dim", wrap=True)
        self._as_recorded.hide()
        self._settings_card.body.addWidget(self._waiting)
        self._settings_card.body.addWidget(self.refusals)
        self._settings_card.body.addWidget(self._as_recorded)
        self._settings_card.body.addLayout(row(self.save, self.reset))
        self._readings_card.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._settings_card)
        layout.addWidget(self._readings_card)

    def show_parameters(self, parameters: Parameters) -> None:
        """Show the parameters; another dictionary builds the forms anew."""
        dictionary = parameters.dictionary
        if dictionary is not None and dictionary != self._dictionary:
            self._build(dictionary)
        for button in (self.save, self.reset):
            button.setEnabled(parameters.connected and parameters.settable)
        self._as_recorded.setVisible(not parameters.settable)
        self._show_refusals(parameters)
        if self.settings is not None and self.readings is not None:
            self.settings.show_parameters(parameters)
            self.readings.show_parameters(parameters)

    def _show_refusals(self, parameters: Parameters) -> None:
        texts = [value.refusal for value in parameters.values.values() if value.refusal]
        self.refusals.setText("\n".join(texts))
        self.refusals.setVisible(bool(texts))

    def _build(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._waiting.hide()
        for old in (self.settings, self.readings):
            if old is not None:
                old.setParent(None)
                old.deleteLater()
        self.settings = SettingsForm(dictionary, self._control.set_parameter)
        self.readings = ReadingsForm(dictionary)
        self._settings_card.body.insertWidget(1, self.settings)
        self._readings_card.body.addWidget(self.readings)
        self._readings_card.show()
