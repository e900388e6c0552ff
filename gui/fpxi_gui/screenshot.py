"""A picture of the whole window, taken once enough frames have arrived."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fpxi.connection import ConnectionState
from PySide6.QtCore import QObject, QTimer

from fpxi_gui.errors import ScreenshotTimeoutError, ScreenshotWriteError, ViewerError
from fpxi_gui.state import ViewState
from fpxi_gui.window import ViewerWindow

_LOOK_EVERY_MS = 50
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class ScreenshotOrder:
    """Where to save the picture, and after how many frames."""

    path: Path
    frames: int
    patience_s: float = _PATIENCE_S


class ScreenshotTaker(QObject):
    """Looks at the window now and then; calls `done` when the picture is saved or will not be."""

    def __init__(
        self, window: ViewerWindow, order: ScreenshotOrder, done: Callable[[], None]
    ) -> None:
        super().__init__(window)
        self.error: ViewerError | None = None
        self._window = window
        self._order = order
        self._done = done
        self._began = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        state = self._window.state
        if state is not None and self._complete(state):
            self._save()
        elif self._hopeless(state):
            self._give_up(state)
        else:
            return
        self._timer.stop()
        self._done()

    def _complete(self, state: ViewState) -> bool:
        settled = state.histogram is not None and not state.correction.progress
        return settled and state.status.frames_received >= self._order.frames

    def _hopeless(self, state: ViewState | None) -> bool:
        failed = state is not None and state.status.link == ConnectionState.FAILED.value
        return failed or time.monotonic() - self._began > self._order.patience_s

    def _save(self) -> None:
        path = self._order.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.error = ScreenshotWriteError(path)
            self.error.__cause__ = error
        else:
            if not self._window.grab().save(str(path), "PNG"):
                self.error = ScreenshotWriteError(path)

    def _give_up(self, state: ViewState | None) -> None:
        banner = state.banners[0] if state is not None and state.banners else None
        self.error = ScreenshotTimeoutError(
            self._order.path,
            self._order.frames,
            state.status.frames_received if state is not None else 0,
            time.monotonic() - self._began,
            f"{banner.title}: {banner.text}" if banner else "connected, but no frames come",
        )
