"""The viewer's window: lays out the panels, draws states, and passes wishes on."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from fpxi_gui.banner_bar import BannerStack
from fpxi_gui.control_bar import ControlBar
from fpxi_gui.controller import ViewerController
from fpxi_gui.correction_panel import CorrectionPanel
from fpxi_gui.device_panel import DevicePanel
from fpxi_gui.dialogs import Dialogs
from fpxi_gui.display_panel import DisplayPanel
from fpxi_gui.icons import window_icon
from fpxi_gui.image_view import ImageView
from fpxi_gui.layout import Column
from fpxi_gui.legend_bar import LegendBar
from fpxi_gui.processing_panel import ProcessingPanel
from fpxi_gui.scene_panel import ScenePanel
from fpxi_gui.search_panel import SearchPanel
from fpxi_gui.settings import Settings
from fpxi_gui.shortcuts import Binding, explain, install
from fpxi_gui.state import ViewState
from fpxi_gui.status_bar import StatusBar
from fpxi_gui.toast import Toast

TICK_MS = 33
_LEFT_WIDTH = 286
_RIGHT_WIDTH = 306


class ViewerWindow(QMainWindow):
    """One timer asks the controller for a state and draws what has changed."""

    panel_chosen = Signal(str)
    """the URL of another panel that the user wants to see"""

    def __init__(self, controller: ViewerController, settings: Settings | None = None) -> None:
        super().__init__()
        self._controller = controller
        self._settings = settings
        self._asking = False
        self.state: ViewState | None = None
        self.pictures_drawn = 0
        self.dialogs = Dialogs(self)
        self.banners = BannerStack()
        self.image = ImageView()
        self.legend = LegendBar()
        self.controls = ControlBar(controller.device)
        self.panels = SearchPanel(controller.search)
        self.device = DevicePanel(controller.device)
        self.scene = ScenePanel(controller.scene)
        self.display = DisplayPanel(controller.display)
        self.correction = CorrectionPanel(controller.calibration)
        self.processing = ProcessingPanel(controller.processing)
        self.status = StatusBar()
        self._bindings = self._make_bindings()
        self._lay_out()
        self._connect()
        if settings is not None:
            settings.restore(self, controller.display)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)

    def begin(self) -> None:
        """Show the window at once, then connect."""
        self.show()
        self._timer.start()
        self._controller.begin()

    def tick(self) -> None:
        """Draw what has changed since the last tick."""
        self._draw(self._controller.tick())

    def dispose(self) -> None:
        """Let Qt destroy the window now and in its own order.

        Left to Python's garbage collector, the parts of a window go in any order, and in whichever
        thread happens to collect: Qt does not survive that.
        """
        self._timer.stop()
        self.hide()
        self.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop drawing; the session is closed by whoever runs the window."""
        if not self._may_leave("close"):
            event.ignore()
            return
        self._timer.stop()
        self.keep_settings()
        event.accept()

    def keep_settings(self) -> None:
        """Remember where the window is and how it shows the image, for the next one."""
        if self._settings is not None:
            self._settings.keep(self, self._controller.display)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the message at its place."""
        if watched is self._right and event.type() == QEvent.Type.Resize:
            self._toast.place()
        return super().eventFilter(watched, event)

    def _draw(self, state: ViewState) -> None:
        pitch_mm = state.geometry.pitch_um / 1000 if state.geometry else 1.0
        axes_mm = state.display.axes_mm
        if state.picture is not None and (
            self.state is None or state.picture != self.state.picture
        ):
            self.pictures_drawn += 1
        self.state = state
        self.controls.show_title(state.title)
        self.controls.show_acquisition(state.acquisition)
        self.banners.show_banners(state.banners)
        self.image.set_axes(pitch_mm=pitch_mm, axes_mm=axes_mm)
        self.image.show_picture(state.picture)
        self.legend.show_cursor(state.cursor, pitch_mm=pitch_mm, axes_mm=axes_mm)
        self.legend.show_legend(state.legend, mark_defects=state.display.mark_defects)
        self.display.show_display(state.display, state.histogram)
        self.correction.show_correction(
            state.correction, beam=state.acquisition.connected and not state.replay
        )
        self.processing.show_processing(state.processing)
        self.panels.show_panels(state.panels)
        self.device.show_parameters(state.parameters)
        self.scene.show_scene(state.scene)
        self.status.show_status(state.status)
        self._toast.show_message(state.message, state.message_level)
        self._ask(state.question)

    def _lay_out(self) -> None:
        self.setWindowTitle("fpxi viewer")
        self.setWindowIcon(window_icon())
        self.resize(1280, 800)
        self.setMinimumSize(960, 560)
        self.addToolBar(self.controls)
        self.setStatusBar(self.status)
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self.banners)
        middle.addWidget(self.image, 1)
        middle.addWidget(self.legend)
        centre = QWidget()
        sides = QHBoxLayout(centre)
        sides.setContentsMargins(0, 0, 0, 0)
        sides.setSpacing(0)
        sides.addWidget(Column(self.panels, self.device, width=_LEFT_WIDTH))
        sides.addLayout(middle, 1)
        self._right = Column(
            self.display, self.correction, self.processing, self.scene, width=_RIGHT_WIDTH
        )
        sides.addWidget(self._right)
        self.setCentralWidget(centre)
        self._toast = Toast(self._right)
        self.image.setFocus()

    def _connect(self) -> None:
        self._right.installEventFilter(self)
        self.image.cursor_moved.connect(self._move_cursor)
        self.controls.record_asked.connect(self.toggle_recording)
        self.correction.load_asked.connect(self._load_calibration)
        self.correction.make_asked.connect(self._make_calibration)
        self.scene.file_asked.connect(self._choose_object)
        self.panels.chosen.connect(self._choose_panel)
        self.device.reset.clicked.connect(self._reset)
        install(self, self._bindings)

    def _make_bindings(self) -> list[Binding]:
        display, correction = self.display, self.correction
        return [
            Binding("Space", "start or stop acquiring", self.controls.run.trigger),
            Binding("T", "take one frame (software trigger)", self.controls.trigger.trigger),
            Binding("R", "record, or stop recording", self.controls.record.trigger),
            Binding("C", "raw or corrected", self._toggle_corrected),
            Binding("A", "automatic levels", display.auto.click),
            Binding("D", "mark interpolated defects", display.mark_defects.click),
            Binding("M", "axes in millimetres", display.axes_mm.click),
            Binding("B", "beam of the simulated scene", self.scene.beam.click),
            Binding("Ctrl+F", "search for Bluetooth panels", self.panels.search.click),
            Binding("Ctrl+L", "load a calibration", correction.load.click),
            Binding("Home", "whole image", self.image.reset_zoom),
            Binding("F1", "this list", self._show_help),
            Binding("Ctrl+Q", "close", self.close),
        ]

    def toggle_recording(self) -> None:
        """Stop the recording, or ask for a file and begin one."""
        recording = self._controller.recording
        if recording.running:
            recording.stop()
            return
        name = f"fpxi-{datetime.now():%Y%m%d-%H%M%S}.h5"
        path = self.dialogs.save_file("Record to", name)
        if path is not None:
            frames = round(self.controls.frames.value()) or None
            recording.begin(path, frames, overwrite=True)

    def _move_cursor(self, position: tuple[int, int] | None) -> None:
        self._controller.display.cursor = position

    def _toggle_corrected(self) -> None:
        other = (
            self.correction.raw
            if self.correction.corrected.isChecked()
            else (self.correction.corrected)
        )
        other.click()

    def _load_calibration(self) -> None:
        path = self.dialogs.open_calibration()
        if path is not None:
            self._controller.calibration.load(path)

    def _make_calibration(self) -> None:
        path = self.dialogs.save_file("Keep the calibration in", "calibration.h5")
        if path is not None:
            frames = round(self.correction.collected.value())
            self._controller.calibration.make(path, frames)

    def _choose_object(self) -> None:
        path = self.dialogs.open_image()
        if path is not None:
            self._controller.scene.set_object(str(path))

    def _choose_panel(self, url: str) -> None:
        if self._may_leave("go on to the other panel"):
            self.panel_chosen.emit(url)

    def _may_leave(self, what_next: str) -> bool:
        """Ask before a recording that runs is ended."""
        if not self._controller.recording.running:
            return True
        return self.dialogs.confirm(
            f"A recording is running. Stop it, write what is queued, and {what_next}?"
        )

    def _reset(self) -> None:
        if self.dialogs.confirm("Restart the device? Settings that were not saved are lost."):
            self._controller.device.reset()

    def _show_help(self) -> None:
        self.dialogs.inform(explain(self._bindings))

    def _ask(self, question: str | None) -> None:
        """Ask once; ticks go on while the dialog is open."""
        if question is None or self._asking:
            return
        self._asking = True
        agreed = self.dialogs.confirm(question)
        self._asking = False
        self._controller.calibration.answer(agreed)
