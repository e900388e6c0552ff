"""The figures at the bottom of the window: losses apart from skips."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from fpxi_gui.layout import label
from fpxi_gui.state import Level, Status
from fpxi_gui.theme import DIM, LEVEL_COLOURS, TEXT

_TIPS = {
    "link": "State of the link to the device",
    "rate": "Frames received per second, measured over the last seconds",
    "throughput": "Bytes received per second",
    "received": "Frames received since the connection, whole or not",
    "lost": "Frames and rows that the device sent and that never arrived",
    "not_drawn": "Frames that arrived faster than the display draws, and were passed over by the\n"
    "preview. They are no losses: all were received, and a recording keeps every one.",
    "skipped": "Frames that the device gave up because the link was slow (live delivery)",
    "damaged": "Packets that arrived damaged and were dropped",
    "temperature": "Temperature of the panel",
    "event": "Last event that the device reported",
}


class StatusBar(QStatusBar):
    """One label for each figure."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self._shown: Status | None = None
        self._labels = {name: self._add(name) for name in _TIPS}

    def show_status(self, status: Status) -> None:
        """Show the figures."""
        if status == self._shown:
            return
        self._shown = status
        for name, text in status_texts(status).items():
            self._labels[name].setText(text)
            self._labels[name].setVisible(bool(text))
        self._elide_event(status.last_event)
        self._colour("link", LEVEL_COLOURS[status.link_level])
        lost = status.frames_lost or status.rows_lost
        self._colour("lost", LEVEL_COLOURS[Level.ERROR] if lost else DIM)
        damaged = LEVEL_COLOURS[Level.WARNING] if status.damaged_packets else DIM
        self._colour("damaged", damaged)
        event = DIM if status.event_level is Level.GOOD else LEVEL_COLOURS[status.event_level]
        self._colour("event", event)

    def _elide_event(self, text: str) -> None:
        label = self._labels["event"]
        room = label.contentsRect().width()
        shown = label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        label.setText(shown)
        label.setToolTip(text)

    def text(self, name: str) -> str:
        """Return what a label says."""
        return self._labels[name].text()

    def _add(self, name: str) -> QLabel:
        made = label("")
        made.setToolTip(_TIPS[name])
        made.setContentsMargins(6, 0, 6, 0)
        made.setStyleSheet(f"color: {TEXT if name in ('rate', 'throughput') else DIM};")
        if name == "event":
            made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.addWidget(made, 1 if name == "event" else 0)
        return made

    def _colour(self, name: str, colour: str) -> None:
        style = f"color: {colour};"
        widget: QWidget = self._labels[name]
        if widget.styleSheet() != style:
            widget.setStyleSheet(style)


def status_texts(status: Status) -> dict[str, str]:
    """Return the text of every label."""
    temperature = status.temperature_mC
    return {
        "link": f"● {status.link}",
        "rate": f"{status.frame_rate_hz:.1f} frames/s",
        "throughput": _rate_text(status.throughput_bytes_per_s),
        "received": f"{status.frames_received:,} received",
        "lost": f"{status.frames_lost:,} frames, {status.rows_lost:,} rows lost",
        "not_drawn": f"{status.preview_skipped:,} not drawn",
        "skipped": f"{status.frames_skipped:,} skipped by device" if status.frames_skipped else "",
        "damaged": f"{status.damaged_packets:,} damaged packets" if status.damaged_packets else "",
        "temperature": "" if temperature is None else f"{temperature / 1000:.1f} °C",
        "event": status.last_event,
    }


def _rate_text(bytes_per_s: float | None) -> str:
    if bytes_per_s is None:
        return ""
    if bytes_per_s >= 1e6:
        return f"{bytes_per_s / 1e6:.2f} MB/s"
    return f"{bytes_per_s / 1e3:.1f} kB/s"
