"""Recording from the viewer: begins and ends off the GUI thread, and is loud when it fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fpxi_readout.errors import FpxiError

from fpxi_gui.actions import Actions
from fpxi_gui.contracts import Recording, ViewerSession
from fpxi_gui.messages import Messages
from fpxi_gui.state import Banner, Level, RecordingState

_SIZE_EVERY_S = 1.0


class RecordingControl:
    """At most one recording at a time."""

    def __init__(
        self,
        session: ViewerSession,
        actions: Actions,
        messages: Messages,
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._actions = actions
        self._messages = messages
        self._clock = clock
        self._recording: Recording | None = None
        self._began = 0.0
        self._ended: float | None = None
        self._size_bytes = 0
        self._size_at = 0.0
        self._size_final = False
        self._beginning = False

    @property
    def running(self) -> bool:
        """Whether frames are being recorded, or will be in a moment."""
        open_ended = self._recording is not None and self._ended is None
        return self._beginning or open_ended

    def begin(self, path: Path, frames: int | None, *, overwrite: bool) -> None:
        """Record `frames` frames, or until stopped."""
        self._beginning = True
        self._actions.run(
            lambda: self._session.record(path, frames=frames, overwrite=overwrite),
            done=self._begun,
            failed=self._not_begun,
        )

    def stop(self) -> None:
        """End the recording; frames already queued are written."""
        if self._recording is not None:
            self._actions.run(self._recording.stop, done=lambda _: None, failed=self._messages.fail)

    def state(self) -> RecordingState | None:
        """Resolve the recording as it stands, and say so when it has just ended."""
        recording = self._recording
        if recording is None:
            return None
        if recording.finished and self._ended is None:
            self._finish(recording)
        self._measure(recording)
        until = self._clock() if self._ended is None else self._ended
        return RecordingState(
            path=recording.path,
            running=self._ended is None,
            frames=recording.frames_written,
            elapsed_s=until - self._began,
            size_bytes=self._size_bytes,
            error=str(recording.error) if recording.error else "",
        )

    def banner(self) -> Banner | None:
        """Return what ended the recording before its time; it stays until the next one."""
        if self._recording is None or self._recording.error is None:
            return None
        return Banner(Level.ERROR, "The recording has failed", str(self._recording.error))

    def _begun(self, recording: Recording) -> None:
        self._beginning = False
        self._recording = recording
        self._began, self._ended = self._clock(), None
        self._size_bytes, self._size_at, self._size_final = 0, 0.0, False

    def _not_begun(self, error: FpxiError) -> None:
        self._beginning = False
        self._messages.fail(error)

    def _finish(self, recording: Recording) -> None:
        self._ended = self._clock()
        self._size_at = 0.0
        if recording.error is None:
            self._messages.say(f"Recorded {recording.frames_written} frames to {recording.path}.")

    def _measure(self, recording: Recording) -> None:
        """Ask the file system for the size once a second; a slow one must not hold up the GUI."""
        if self._size_final or self._clock() < self._size_at + _SIZE_EVERY_S:
            return
        self._size_final = self._ended is not None
        self._size_at = self._clock()
        path = recording.path
        self._actions.run(
            lambda: path.stat().st_size if path.exists() else 0,
            done=self._measured,
            failed=self._messages.fail,
        )

    def _measured(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
