"""The thread that owns a recording's file, and the handle on it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from fpxi_readout.errors import FpxiError
from fpxi_readout.frame import Frame
from fpxi_readout.statistics import LinkStatistics

from fpxi.errors import (
    RecordingBusyError,
    RecordingInterruptedError,
    RecordingOverflowError,
    SessionClosedError,
    ThreadFailedError,
)
from fpxi.image_key import ImageKey
from fpxi.recording.creation import require_new
from fpxi.recording.facts import RecordingFacts
from fpxi.recording.file import RecordingFile
from fpxi.recording.reader import RecordedFrame

COMMIT_S = 0.5
COMMIT_BYTES = 64 << 20
QUEUE_BYTES = 256 << 20
MOST_QUEUED_FRAMES = 4096
FEWEST_QUEUED_FRAMES = 8
TICK_S = 0.05
CLOSE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Mark:
    time_s: float
    text: str
    device_time_us: int | None


class Recording:
    """A recording in progress, or finished. A thread `fpxi-recorder` owns the file.

    Frames wait in a bounded queue (256 MiB, at most 4096); when it is full the recording ends with
    `RecordingOverflowError` after everything queued has been written. In reliable delivery that
    does not happen: the device is made to wait.
    """

    def __init__(
        self,
        path: Path,
        facts: RecordingFacts,
        *,
        link_statistics: Callable[[], LinkStatistics],
        frames: int | None = None,
        image_key: ImageKey = ImageKey.IMAGE,
        overwrite: bool = False,
    ) -> None:
        require_new(path, overwrite=overwrite)
        self.path = path
        self.frames_wanted = frames
        self._facts = facts
        self._link_statistics = link_statistics
        self._image_key = image_key
        self._overwrite = overwrite
        panel = facts.dictionary.panel
        self._capacity = _capacity(2 * panel.rows * panel.columns)
        self._queue: queue.Queue[Frame | _Mark] = queue.Queue()
        self._accepted = 0
        self._written = 0
        self._stopping = threading.Event()
        self._error: FpxiError | None = None
        self._thread = threading.Thread(target=self._run, name="fpxi-recorder", daemon=True)
        self._thread.start()

    @property
    def frames_written(self) -> int:
        """Frames that are safe on the disk."""
        return self._written

    @property
    def queued_frames(self) -> int:
        """Frames accepted and not yet safe on the disk."""
        return 0 if self.finished else self._accepted - self._written

    @property
    def frames_dropped(self) -> int:
        """Frames accepted that could not be written; above 0 only beside an `error`."""
        return self._accepted - self._written if self.finished else 0

    @property
    def finished(self) -> bool:
        """True once the file is closed, for whatever reason."""
        return not self._thread.is_alive()

    @property
    def error(self) -> FpxiError | None:
        """Why the recording ended before its time, or None."""
        return self._error

    def stop(self) -> None:
        """Take no more frames; those queued are still written. Returns at once."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Wait until the file is closed. Raises `RecordingBusyError` if it takes longer."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise RecordingBusyError(self.path, timeout_s)

    def wait(self, timeout_s: float) -> None:
        """Wait until the file is closed, and raise whatever ended the recording too early."""
        self.join(timeout_s)
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None:
            self.wait(CLOSE_S)
        else:
            self.join(CLOSE_S)

    @property
    def crowded(self) -> bool:
        """True while the queue is more than half full and frames are wanted (link thread)."""
        return not self._stopping.is_set() and self._queue.qsize() > self._capacity // 2

    def offer(self, frame: Frame) -> bool:
        """Queue a frame (link thread)."""
        if self._stopping.is_set():
            return False
        if self._queue.qsize() >= self._capacity:
            self._fail(RecordingOverflowError(self.path, self._capacity, frame.number))
            return False
        self._accepted += 1
        self._queue.put(frame)
        if self._accepted == self.frames_wanted:
            self.stop()
        return not self._stopping.is_set()

    def mark(self, text: str, device_time_us: int | None = None) -> None:
        """Queue an event (link thread)."""
        self._queue.put(_Mark(time.time(), text, device_time_us))

    def lost(self, error: FpxiError) -> None:
        """Queue the gap as an event; frames go on after it (link thread)."""
        self.mark(str(error))

    def found(self, text: str, *, anew: bool) -> None:  # noqa: ARG002 - the text says it
        """Queue the end of the gap as an event (link thread)."""
        self.mark(text)

    def end(self, error: FpxiError) -> None:
        """Write what is queued and close, because the session is over (link thread)."""
        if self._stopping.is_set():
            return
        if self.frames_wanted is not None or not isinstance(error, SessionClosedError):
            self._fail(
                RecordingInterruptedError(self.path, self.frames_wanted, self._accepted, str(error))
            )
        self.stop()

    def _fail(self, error: FpxiError) -> None:
        self._error = self._error or error
        self.stop()

    def _run(self) -> None:
        try:
            file = RecordingFile(self.path, self._facts, overwrite=self._overwrite)
            try:
                self._write(file)
            finally:
                file.finish(self._link_statistics(), str(self._error or "stopped"))
                self._written = file.frames_written
        except FpxiError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - made known as the recording's error
            self._fail(ThreadFailedError("fpxi-recorder", error))

    def _write(self, file: RecordingFile) -> None:
        """Write what comes until stopped, and then what is still queued."""
        commit_at = time.monotonic() + COMMIT_S
        while True:
            stopping = self._stopping.is_set()
            item = self._next(0 if stopping else TICK_S)
            if isinstance(item, Frame):
                file.append(item, self._key_of(item))
            elif item is not None:
                file.note(item.time_s, item.text, item.device_time_us)
            elif stopping:
                return
            if time.monotonic() >= commit_at or file.pending_bytes >= COMMIT_BYTES:
                file.commit()
                self._written = file.frames_written
                commit_at = time.monotonic() + COMMIT_S

    def _key_of(self, frame: Frame) -> ImageKey:
        """Return what was asked for; a replayed frame of which nothing is said stays what it is."""
        if self._image_key is ImageKey.IMAGE and isinstance(frame, RecordedFrame):
            return frame.image_key
        return self._image_key

    def _next(self, timeout_s: float) -> Frame | _Mark | None:
        try:
            return self._queue.get(timeout=timeout_s) if timeout_s else self._queue.get_nowait()
        except queue.Empty:
            return None


def _capacity(frame_bytes: int) -> int:
    return max(FEWEST_QUEUED_FRAMES, min(MOST_QUEUED_FRAMES, QUEUE_BYTES // frame_bytes))
