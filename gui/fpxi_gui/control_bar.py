"""The tool bar: start, trigger, delivery, record; and which device this is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

from fpxi_gui.device_control import DeviceControl
from fpxi_gui.icons import record_icon, start_icon, stop_icon, trigger_icon
from fpxi_gui.layout import label
from fpxi_gui.number_field import ChoiceField, NumberField
from fpxi_gui.state import Acquisition, Level, RecordingState
from fpxi_gui.theme import DIM, LEVEL_COLOURS

_MOST_FRAMES = 100_000_000


class ControlBar(QToolBar):
    """Shows what can be done at this moment."""

    record_asked = Signal()

    def __init__(self, control: DeviceControl) -> None:
        super().__init__()
        self._control = control
        self._shown: Acquisition | None = None
        self._icons = {True: stop_icon(), False: start_icon()}
        self.setMovable(False)
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.run = self._action("Start", "Start or stop acquiring (Space)", self._toggle_run)
        self.trigger = self._action("Trigger", "Take one frame (T)", control.trigger)
        self.trigger.setIcon(trigger_icon())
        self.delivery = self._delivery()
        self.addSeparator()
        self.record = self._action(
            "Record", "Record every frame to a file (R)", self.record_asked.emit
        )
        self.record.setIcon(record_icon())
        self.frames = self._frames()
        self.recording = label("", "dim")
        self.recording.setContentsMargins(6, 0, 6, 0)
        self.addWidget(self.recording)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self.device = label("", "dim")
        self.addWidget(self.device)

    def show_title(self, title: str) -> None:
        """Show which device this is."""
        if title != self.device.text():
            self.device.setText(title)

    def show_acquisition(self, acquisition: Acquisition) -> None:
        """Show what can be done."""
        if acquisition == self._shown:
            return
        self._shown = acquisition
        ready = acquisition.connected and not acquisition.busy
        self.run.setEnabled(ready)
        self.run.setText("Stop" if acquisition.acquiring else "Start")
        self.run.setIcon(self._icons[acquisition.acquiring])
        self.trigger.setEnabled(ready and acquisition.acquiring and acquisition.triggered)
        self.delivery.setEnabled(ready and not acquisition.acquiring)
        self.delivery.show_value(acquisition.reliable)
        self._show_recording(acquisition)

    def _show_recording(self, acquisition: Acquisition) -> None:
        state = acquisition.recording
        running = state is not None and state.running
        self.record.setText("Stop recording" if running else "Record …")
        self.record.setEnabled(running or acquisition.connected)
        self._frames_place.setVisible(not running)
        if state is not None:
            self.recording.setText(recording_text(state))
            self.recording.setToolTip(state.error or str(state.path))
        alarming = running or (state is not None and bool(state.error))
        colour = LEVEL_COLOURS[Level.ERROR] if alarming else DIM
        style = f"color: {colour};"
        if style != self.recording.styleSheet():
            self.recording.setStyleSheet(style)

    def _toggle_run(self) -> None:
        if self._shown is not None and self._shown.acquiring:
            self._control.stop()
        else:
            self._control.start()

    def _action(self, text: str, tip: str, act: Callable[[], None]) -> QAction:
        action = self.addAction(text)
        action.setToolTip(tip)
        action.triggered.connect(lambda _checked: act())
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            button.setMinimumWidth(92)
        return action

    def _delivery(self) -> ChoiceField:
        choice = ChoiceField(
            [
                ("Live", False, "Newest frame first; a slow link skips frames"),
                ("Reliable", True, "Every frame; a slow link slows the panel down"),
            ]
        )
        choice.setToolTip("What happens when the link is slow; can be changed while stopped")
        choice.chosen.connect(lambda reliable: setattr(self._control, "reliable", reliable))
        self.addWidget(choice)
        return choice

    def _frames(self) -> NumberField:
        field = NumberField(0, _MOST_FRAMES)
        field.setSpecialValueText("until stopped")
        field.setSuffix(" frames")
        field.setToolTip("How many frames to record; 0: until stopped")
        field.setAccessibleName("Frames to record")
        field.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        field.setFixedWidth(120)
        self._frames_place = self.addWidget(field)
        return field


def recording_text(state: RecordingState) -> str:
    """Return what the recording is up to."""
    minutes, seconds = divmod(int(state.elapsed_s), 60)
    size = f"{state.size_bytes / 1e6:.1f} MB"
    facts = f"{state.frames:,} frames   {minutes:02d}:{seconds:02d}   {size}   {state.path.name}"
    if state.error:
        return f"Failed: {facts}"
    return f"● {facts}" if state.running else facts
