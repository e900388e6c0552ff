"""The figures at the bottom of the window: losses apart from skips."""

from __future__ import annotations

from fpxi.frame_rate_limit import FrameRateLimit, LimitCause, rate_text
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from fpxi_gui.layout import label
from fpxi_gui.state import Level, Status
from fpxi_gui.theme import DIM, LEVEL_COLOURS, TEXT

_TIPS = {
    "link": "State of the link to the device",
    "rate": "Frames received per second, measured over the last seconds",
    "limit": "What limits the frame rate",
    "link_rate": "Bytes received per second",
    "signal": "How strongly the panel was received when it was found:\n"
    "-40 dBm is beside the computer, -90 dBm is about to break off",
    "battery": "Battery of the panel when it was connected",
    "average": "Frames that the picture is an average of, and how many it will be of",
    "received": "Frames received since the connection, whole or not",
    "lost": "Frames and rows that the device sent and that never arrived",
    "not_drawn": "Frames that arrived faster than the display draws, and were passed over by the\n"
    "preview. They are no losses: all were received, and a recording keeps every one.",
    "not_corrected": "Frames that arrived faster than they can be corrected: the average, the lag\n"
    "and the zingers of the picture lack them. A recording keeps every one, and\n"
    "fpxi correct takes all of them.",
    "skipped": "Frames that the device gave up because the link was slow (live delivery)",
    "damaged": "Packets that arrived damaged and were dropped",
    "temperature": "Temperature of the panel",
    "event": "Last event that the device reported",
}

_WEAK_dBm = -85
_LOW_PERCENT = 15


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
        layout = self.layout()
        if layout is not None:  # longer texts get their room at once, not with the next event
            layout.activate()
        self._elide_event(status.last_event)
        if status.limit is not None:
            self._labels["limit"].setToolTip(f"What limits the frame rate: {status.limit}")
        self._colour("link", LEVEL_COLOURS[status.link_level])
        lost = status.frames_lost or status.rows_lost
        self._colour("lost", LEVEL_COLOURS[Level.ERROR] if lost else DIM)
        self._warn("damaged", status.damaged_packets > 0)
        self._warn("not_corrected", status.preview_missed > 0)
        self._warn("signal", (status.rssi_dBm or 0) <= _WEAK_dBm)
        self._warn(
            "battery", status.battery_percent is not None and status.battery_percent <= _LOW_PERCENT
        )
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
        made.setStyleSheet(f"color: {TEXT if name in ('rate', 'link_rate') else DIM};")
        if name == "event":
            made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.addWidget(made, 1 if name == "event" else 0)
        return made

    def _warn(self, name: str, alarming: bool) -> None:
        self._colour(name, LEVEL_COLOURS[Level.WARNING] if alarming else DIM)

    def _colour(self, name: str, colour: str) -> None:
        style = f"color: {colour};"
        widget: QWidget = self._labels[name]
        if widget.styleSheet() != style:
            widget.setStyleSheet(style)


def status_texts(status: Status) -> dict[str, str]:
    """Return the text of every label."""
    temperature, battery = status.temperature_mC, status.battery_percent
    return {
        "link": f"● {status.link}",
        "rate": rate_text(status.frame_rate_hz),
        "limit": _limit_text(status.limit),
        "link_rate": _rate_text(status.link_rate_Bps if status.frames_received else None),
        "signal": "" if status.rssi_dBm is None else f"{status.rssi_dBm} dBm",
        "battery": "" if battery is None else f"battery {battery} %",
        "average": average_text(status),
        "received": f"{status.frames_received:,} received",
        "lost": _lost_text(status),
        "not_drawn": _counted(status.preview_skipped, "not drawn"),
        "not_corrected": _counted(status.preview_missed, "not corrected"),
        "skipped": _counted(status.frames_skipped, "skipped"),
        "damaged": _counted(status.damaged_packets, "damaged"),
        "temperature": "" if temperature is None else f"{temperature / 1000:.1f} °C",
        "event": status.last_event,
    }


def average_text(status: Status) -> str:
    """Return how many frames weigh in the picture, and in a full average; empty without one."""
    taken, wanted = status.averaged_frames, status.frames_to_average
    if wanted == 1 or not taken:
        return ""
    full = taken == wanted
    return f"average of {wanted:,} frames" if full else f"average of {taken:,} of {wanted:,} frames"


def _lost_text(status: Status) -> str:
    if not (status.frames_lost or status.rows_lost):
        return "none lost"
    return f"{status.frames_lost:,} frames, {status.rows_lost:,} rows lost"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count else ""


def _limit_text(limit: FrameRateLimit | None) -> str:
    if limit is None or limit.cause is LimitCause.NONE_YET:
        return ""
    return f"limit: {limit.cause.value}"


def _rate_text(bytes_per_s: float | None) -> str:
    if bytes_per_s is None:
        return ""
    if bytes_per_s >= 1e6:
        return f"{bytes_per_s / 1e6:.2f} MB/s"
    return f"{bytes_per_s / 1e3:.1f} kB/s"
