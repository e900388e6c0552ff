"""Every frame, in order, for one reader in the caller's thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Condition
from types import TracebackType
from typing import TYPE_CHECKING, Self

from fpxi_readout.errors import FpxiError

from fpxi.errors import FrameOverflowError, LinkGivenUpError, SubscriptionTimeoutError
from fpxi.failures import may_pass
from fpxi.hub import FrameHub
from fpxi.outage import Outage

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

QUEUE_FRAMES = 1024


class FrameSubscription:
    """An iterator and context manager over frames from the moment it was made.

    Frames wait in a bounded queue. When it overflows, or when the session ends, the frames that
    are queued are delivered first; only then the error is raised. Iteration ends by itself after
    `count` frames; `close`, or leaving the `with` block, ends the subscription at once.
    In reliable delivery the device is made to wait while the queue is more than half full.

    With `give_up_s` a lost device, which errors call `url`, is waited for so long, without a
    frame; then `LinkGivenUpError` is raised. 0: at once the error of its loss. While it is away
    no frame is late, and `notify` is called with words for the loss and the return, in the
    reader's thread. Without `give_up_s` a loss is no concern of the subscription's.

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
        give_up_s: float | None = None,
        url: str = "the device",
        notify: Callable[[str], None] | None = None,
    ) -> None:
        self.received = 0
        """Frames delivered to the reader."""
        self.times_anew = 0
        """How often the acquisition was begun anew; the reader may not have come so far."""
        self._hub = hub
        self._count = count
        self._timeout_s = timeout_s
        self._capacity = capacity
        self._outage = None if give_up_s is None else Outage(give_up_s)
        self._url = url
        self._notify = notify
        self._notes: deque[str] = deque()
        self._frames: deque[Frame | None] = deque()
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
        if self._outage is None:
            return
        if self._outage.give_up_s == 0 or not may_pass(error):
            self.end(error)
            return
        with self._changed:
            self._outage.begin(error)
            self._notes.append(str(error))
            self._changed.notify_all()

    def found(self, text: str, *, anew: bool) -> None:
        """Wait for frames again (link thread)."""
        with self._changed:
            if self._outage is not None:
                self._outage.end()
            self._notes.append(text)
            if anew:
                self.times_anew += 1
                self._frames.append(None)
            self._changed.notify_all()

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
        frame = self.take()
        while frame is None:
            frame = self.take()
        return frame

    def take(self) -> Frame | None:
        """Return the next frame, as iterating does; None where the acquisition was begun anew."""
        if self._count is not None and self.received >= self._count:
            self.close()
            raise StopIteration
        began = time.monotonic()
        while True:
            with self._changed:
                if not (self._frames or self._notes):
                    self._wait(began)
                notes, ready = list(self._notes), bool(self._frames)
                self._notes.clear()
                frame = self._frames.popleft() if ready else None
            for note in notes:
                self._tell(note)
            if ready:
                return self._received(frame)

    def _received(self, frame: Frame | None) -> Frame | None:
        if frame is not None:
            self.received += 1
            if self._outage is not None:
                with self._changed:
                    self._outage.frame_came()
        return frame

    def _tell(self, note: str) -> None:
        if self._notify is not None:
            self._notify(note)

    def _wait(self, began: float) -> None:
        """Wait once for a change; raise what there is to raise."""
        if self._closed:
            raise StopIteration
        if self._error is not None:
            raise self._error
        outage = self._outage
        limit = began + self._timeout_s if outage is None else outage.limit(began, self._timeout_s)
        left_s = limit - time.monotonic()
        if left_s <= 0:
            if outage is not None and outage.error is not None:
                raise LinkGivenUpError(self._url, outage.give_up_s) from outage.error
            raise SubscriptionTimeoutError(self._timeout_s, self.received)
        self._changed.wait(left_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
