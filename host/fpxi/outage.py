"""How long a reader of frames waits, with a device that goes away and comes back."""

from __future__ import annotations

import time

from fpxi_readout.errors import FpxiError


class Outage:
    """The last time that the device was lost. Its owner has the lock."""

    def __init__(self, give_up_s: float) -> None:
        self.give_up_s = give_up_s
        self.error: FpxiError | None = None
        """why the device was lost; None while it is there"""
        self._began: float | None = None
        self._ended = 0.0

    def begin(self, error: FpxiError) -> None:
        """Take note of a loss. Several of them without a frame in between count as one."""
        self.error = error
        if self._began is None:
            self._began = time.monotonic()

    def end(self) -> None:
        """Take note that the device is back."""
        self.error = None
        self._ended = time.monotonic()

    def frame_came(self) -> None:
        """Take note that all is well, unless the frame had come before the loss."""
        if self.error is None:
            self._began = None

    def limit(self, asked: float, timeout_s: float) -> float:
        """Return the latest time for a frame that was asked for at another."""
        if self.error is not None and self._began is not None:
            return self._began + self.give_up_s
        return max(asked, self._ended) + timeout_s
