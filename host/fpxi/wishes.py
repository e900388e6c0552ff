"""What the user asked of a device: it outlives a connection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fpxi_readout.frame import NONE_ABSENT, Absence
from fpxi_readout.protocol.generated import FrameFlag

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame
    from fpxi_readout.run import Run


class Wishes:
    """The link thread's own, but for `stopped` and `stop_first`, which any thread may set."""

    def __init__(self) -> None:
        self.settings: dict[str, int] = {}
        """Parameters set, with the value in force, in the order they were set last."""
        self.reliable = False
        """The acquisition asked for last was in reliable delivery."""
        self.running = False
        """An acquisition was started, and neither was stopped nor brought its last frame."""
        self.stop_first = False
        """The device is to be stopped when it is met again: a START or STOP was not answered, or
        STOP was asked for while it was away."""
        self.begun_anew = False
        """What was still wanted has been begun again, and nobody has been told yet."""
        self.run: Run | None = None
        """What the last connection left unfinished."""
        self.absent = NONE_ABSENT
        """Frames lost or skipped at the end of a run that broke off; the next frame tells them."""
        self._frames = 0
        self._delivered = 0

    @property
    def frames_left(self) -> int:
        """Frames of the acquisition still to come; 0: it has no end."""
        return self._frames - self._delivered if self._frames else 0

    def started(self, frames: int, *, reliable: bool) -> None:
        """Take note of an acquisition of so many frames, 0: without end."""
        self.running = True
        self.reliable = reliable
        self.absent = NONE_ABSENT
        self._frames, self._delivered = frames, 0

    def stopped(self) -> None:
        """Take note that nothing is to be acquired any more."""
        self.running = False

    def forget(self) -> None:
        """Want nothing any more, as a device that was reset."""
        self.settings.clear()
        self.running = self.stop_first = self.begun_anew = False
        self.run = None

    def broke_off(self, absent: Absence) -> None:
        """Take note of what a run that is over has left without a frame that tells it."""
        self.absent += absent

    def delivered(self, frames: list[Frame]) -> list[Frame]:
        """Take note of frames that have come; return them, the first with all that is absent."""
        if frames and self.absent != NONE_ABSENT:
            absent, self.absent = self.absent + frames[0].absent_before, NONE_ABSENT
            frames = [replace(frames[0], absent_before=absent), *frames[1:]]
        self._delivered += len(frames)
        over = bool(frames) and FrameFlag.LAST in frames[-1].flags
        if over or (self._frames and self._delivered >= self._frames):
            self.running = False
        return frames
