"""A picture of the whole window, taken once enough frames have arrived."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fpxi_readout.errors import FpxiError
from PySide6.QtCore import QObject, QTimer

from fpxi_gui.errors import ScreenshotEndedError, ScreenshotTimeoutError, ScreenshotWriteError
from fpxi_gui.state import ViewState
from fpxi_gui.status_bar import average_text
from fpxi_gui.window import ViewerWindow

_LOOK_EVERY_MS = 50
_PATIENCE_S = 60.0
_NO_FRAMES = "connected, but no frames come"


@dataclass(frozen=True)
class ScreenshotOrder:
    """Where to save the picture, and after how many frames; an average is waited for besides."""

    path: Path
    frames: int
    patience_s: float = _PATIENCE_S


class ScreenshotTaker(QObject):
    """Looks at the window now and then; calls `done` when the picture is saved or will not be."""

    def __init__(
        self, window: ViewerWindow, order: ScreenshotOrder, done: Callable[[], None]
    ) -> None:
        super().__init__(window)
        self.error: FpxiError | None = None
        self.note = ""
        """What is to be known of the picture that was saved; empty if it is as asked."""
        self._window = window
        self._order = order
        self._done = done
        self._began = time.monotonic()
        self._most_averaged = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        state = self._window.state
        if state is not None and self._complete(state):
            self._save(state)
        else:
            self.error = self._obstacle(state)
            if self.error is None:
                return
        self._timer.stop()
        self._done()

    def _complete(self, state: ViewState) -> bool:
        """Whether the window shows what was asked for, corrected if there is a calibration."""
        picture, correction = state.picture, state.correction
        as_asked = picture is not None and picture.corrected == correction.corrected
        settled = state.histogram is not None and not correction.progress
        enough = state.status.preview_reached >= self._order.frames and self._averaged(state)
        return as_asked and settled and not state.failure and enough

    def _averaged(self, state: ViewState) -> bool:
        """Whether the average is full, or has all frames that there are; the wait is for it too."""
        status = state.status
        if status.averaged_frames > self._most_averaged:
            self._most_averaged, self._began = status.averaged_frames, time.monotonic()
        all_seen = status.preview_reached >= status.frames_received
        return _full(state) or (state.acquisition.ended and all_seen)

    def _enough(self, state: ViewState) -> bool:
        return state.status.frames_received >= self._order.frames

    def _obstacle(self, state: ViewState | None) -> FpxiError | None:
        """Return why there will be no picture; None while there may be one."""
        if state is not None and state.failure is not None:
            return state.failure
        if state is not None and self._enough(state) and state.correction.misfit is not None:
            return state.correction.misfit
        if state is not None and state.acquisition.ended and not self._enough(state):
            return ScreenshotEndedError(
                self._order.path, self._order.frames, state.status.frames_received, _banner(state)
            )
        waited_s = time.monotonic() - self._began
        return self._overdue(state, waited_s) if waited_s > self._order.patience_s else None

    def _overdue(self, state: ViewState | None, waited_s: float) -> FpxiError:
        notice = state.correction.notice if state is not None else ""
        return ScreenshotTimeoutError(
            self._order.path,
            self._order.frames,
            state.status.frames_received if state is not None else 0,
            waited_s,
            _banner(state) or notice or (average_text(state.status) if state else "") or _NO_FRAMES,
        )

    def _save(self, state: ViewState) -> None:
        remark = _remark(state)
        if remark:
            self.note = f"{self._order.path}: {remark}"
        if not self._window.grab().save(str(self._order.path), "PNG"):
            self.error = ScreenshotWriteError(self._order.path)


def _full(state: ViewState) -> bool:
    return state.status.averaged_frames >= state.status.frames_to_average


def _remark(state: ViewState) -> str:
    """Return what the picture lacks, and why; empty if it is as asked."""
    status = state.status
    remarks = [] if _full(state) else [average_text(status)]
    if status.preview_missed:
        remarks.append(
            f"{status.preview_missed:,} of {status.frames_received:,} frames came too fast to be "
            "corrected, and the picture lacks them; record, and correct the recording"
        )
    elif remarks:
        remarks.append("no more frames came; add ?loop=1 to the URL of a recording to average more")
    return "; ".join(remarks)


def _banner(state: ViewState | None) -> str:
    if state is None or not state.banners:
        return ""
    return f"{state.banners[0].title}: {state.banners[0].text}"
