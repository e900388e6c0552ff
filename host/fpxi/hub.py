"""Hand-over of frames from the link thread to everyone who wants them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from fpxi_readout.errors import FpxiError

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame


class FrameConsumer(Protocol):
    """Takes every frame in turn. All of it is called from the link thread, so none may wait."""

    @property
    def crowded(self) -> bool:
        """True while the queue is so full that the sender should wait if it can."""
        ...

    def offer(self, frame: Frame) -> bool:
        """Take a frame; False: wants no more, now and later."""
        ...

    def mark(self, text: str, device_time_us: int | None = None) -> None:
        """Note an interruption of the stream, or an event of the device, at this point of it."""
        ...

    def lost(self, error: FpxiError) -> None:
        """Note that the device was lost, and is being looked for."""
        ...

    def found(self, text: str, *, anew: bool) -> None:
        """Note that the device is back, and in words what that means for the acquisition.

        `anew`: it does not go on; what is still wanted of it was begun again.
        """
        ...

    def end(self, error: FpxiError) -> None:
        """Note that no frame will ever come again, and why."""
        ...


class FrameHub:
    """The consumers of a session. Any thread may `add` and `remove`; the rest is the link's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._consumers: tuple[FrameConsumer, ...] = ()
        self._ended: FpxiError | None = None

    @property
    def crowded(self) -> bool:
        """True if any consumer can hardly take more."""
        return any(consumer.crowded for consumer in self._consumers)

    def add(self, consumer: FrameConsumer) -> None:
        """Send it every frame from the next one on."""
        with self._lock:
            self._consumers = (*self._consumers, consumer)
            ended = self._ended
        if ended is not None:
            consumer.end(ended)

    def remove(self, consumer: FrameConsumer) -> None:
        """Send it no more frames; nothing happens if it was removed before."""
        with self._lock:
            self._consumers = tuple(kept for kept in self._consumers if kept is not consumer)

    def publish(self, frames: Sequence[Frame]) -> None:
        """Offer frames to all, in order."""
        for frame in frames:
            for consumer in self._consumers:
                if not consumer.offer(frame):
                    self.remove(consumer)

    def mark(self, text: str, device_time_us: int | None = None) -> None:
        """Tell all what happened to the stream, and when by the device's clock if it said so."""
        for consumer in self._consumers:
            consumer.mark(text, device_time_us)

    def lost(self, error: FpxiError) -> None:
        """Tell all that the device was lost."""
        for consumer in self._consumers:
            consumer.lost(error)

    def found(self, text: str, *, anew: bool) -> None:
        """Tell all that the device is back."""
        for consumer in self._consumers:
            consumer.found(text, anew=anew)

    def end(self, error: FpxiError) -> None:
        """Tell all, and whoever is added later, that it is over."""
        with self._lock:
            consumers, self._consumers = self._consumers, ()
            self._ended = error
        for consumer in consumers:
            consumer.end(error)
