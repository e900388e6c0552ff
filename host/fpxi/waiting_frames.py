"""The frames that wait for the preview: the newest alone, or all in order where each counts."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

MOST_BYTES = 32 << 20
MOST_FRAMES = 1024
FEWEST_FRAMES = 2


class WaitingFrames:
    """A bounded queue; its owner's lock guards it."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._capacity = FEWEST_FRAMES

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def crowded(self) -> bool:
        """True while it is more than half full."""
        return len(self._frames) > self._capacity // 2

    def replace(self, frame: Frame) -> int:
        """Let the newest frame wait alone; returns how many others it took the place of."""
        overtaken = len(self._frames)
        self._frames.clear()
        self._frames.append(frame)
        return overtaken

    def append(self, frame: Frame, *, bounded: bool) -> int:
        """Let the newest frame wait after the others.

        Returns how many of the oldest had to go for it; where not `bounded`, none: its sender
        stops when it is told that the queue is crowded.
        """
        held = max(1, frame.samples.nbytes)
        self._capacity = max(FEWEST_FRAMES, min(MOST_FRAMES, MOST_BYTES // held))
        self._frames.append(frame)
        dropped = 0
        while bounded and len(self._frames) > self._capacity:
            self._frames.popleft()
            dropped += 1
        return dropped

    def take(self) -> Frame | None:
        """Return the oldest, or None."""
        return self._frames.popleft() if self._frames else None
