"""The device's time: the computer's, or one that jumps from event to event."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Microseconds since power-on."""

    runs_alone: bool
    """whether time passes while nobody looks"""

    def now_us(self) -> int:
        """Return the time."""
        ...

    def wait_s(self, deadline_us: int | None) -> float | None:
        """Return how many seconds to wait for a deadline; None: no deadline."""
        ...


class RealClock:
    """The computer's monotonic clock."""

    runs_alone = True

    def __init__(self) -> None:
        self._start_ns = time.monotonic_ns()

    def now_us(self) -> int:
        """Return the time since the clock was made."""
        return (time.monotonic_ns() - self._start_ns) // 1000

    def wait_s(self, deadline_us: int | None) -> float | None:
        """Return the seconds left, 0 when the deadline has passed."""
        return None if deadline_us is None else max(0, deadline_us - self.now_us()) * 1e-6


class VirtualClock:
    """A clock that stands still but for jumps to the next deadline."""

    runs_alone = False

    def __init__(self) -> None:
        self._now_us = 0

    def now_us(self) -> int:
        """Return the time."""
        return self._now_us

    def wait_s(self, deadline_us: int | None) -> float | None:
        """Jump to the deadline: nothing is left to wait for."""
        if deadline_us is None:
            return None
        self._now_us = max(self._now_us, deadline_us)
        return 0.0
