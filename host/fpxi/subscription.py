"""Every frame, in order, for one reader in the caller's thread."""

from __future__ import annotations

import time
from collections import deque
from threading import Condition
from types import TracebackType
from typing import TYPE_CHECKING, Self

from fpxi_readout.errors import FpxiError

from fpxi.errors import FrameOverflowError, SubscriptionTimeoutError
from fpxi.hub import FrameHub

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

QUEUE_FRAMES = 1024


class FrameSubscription:
    """An iterator and context manager over frames from the moment it was made.

    Frames wait in a bounded queue. When it overflows, or when the session ends, the frames that
    are queued are delivered first; only then the error is raised. Iteration ends by itself after
    `count` frames; `close`, or leaving the `with` block, ends the subscription at once.
    In reliable delivery the device is made to wait while the queue is more than half full.
    A lost device ends the subscription if `ends_when_lost`; else it waits for the reconnection.

    Iterating raises `SubscriptionTimeoutError`, `FrameOverflowError`, `SessionClosedError`, or
    the named error that ended the session.
    """

    def __init__(
        self,
        hub: FrameHub,
        count: int | None,
        timeout_s: float,
        capacity: int = QUEUE_FRAMES,
        *,
        ends_when_lost: bool = False,
    ) -> None:
        self.received = 0
        """Frames delivered to the reader."""
        self._hub = hub
        self._count = count
        self._timeout_s = timeout_s
        self._capacity = capacity
        self._ends_when_lost = ends_when_lost
        self._frames: deque[Frame] = deque()
        self._changed = Condition()
        self._error: FpxiError | None = None
        self._closed = False
        hub.add(self)

    @property
    def crowded(self) -> bool:
        """True while the queue is more than half full and frames are wanted."""
        return self._error is None and len(self._frames) > self._capacity // 2

    def offer(self, frame: Frame) -> bool:
        """Queue a frame (link thread)."""
        with self._changed:
            if self._closed or self._error is not None:
                return False
            if len(self._frames) >= self._capacity:
                self._error = FrameOverflowError(self._capacity, frame.number)
            else:
                self._frames.append(frame)
            self._changed.notify_all()
            return self._error is None

    def mark(self, text: str, device_time_us: int | None = None) -> None:
        """Do nothing: interruptions show in the frame numbers."""

    def lost(self, error: FpxiError) -> None:
        """End, or wait (link thread)."""
        if self._ends_when_lost:
            self.end(error)

    def end(self, error: FpxiError) -> None:
        """Remember why no more frames come (link thread)."""
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def close(self) -> None:
        """Want no more frames."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._hub.remove(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Frame:
        if self._count is not None and self.received >= self._count:
            self.close()
            raise StopIteration
        frame = self._take()
        self.received += 1
        return frame

    def _take(self) -> Frame:
        deadline = time.monotonic() + self._timeout_s
        with self._changed:
            while not self._frames:
                if self._closed:
                    raise StopIteration
                if self._error is not None:
                    raise self._error
                if not self._changed.wait(deadline - time.monotonic()):
                    raise SubscriptionTimeoutError(self._timeout_s, self.received)
            return self._frames.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
