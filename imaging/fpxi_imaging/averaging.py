"""Which average of frames a corrector makes."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fpxi_imaging.errors import SettingError


class AveragingMode(enum.Enum):
    """How earlier frames count."""

    NONE = "none"
    BLOCK = "block"
    RUNNING = "running"
    RECURSIVE = "recursive"


MOST_FRAMES = {
    AveragingMode.NONE: 1,
    AveragingMode.BLOCK: 10_000,
    AveragingMode.RUNNING: 1_000,
    AveragingMode.RECURSIVE: 3_000,
}


@dataclass(frozen=True)
class Averaging:
    """An average over `frames` frames, from 1 to `MOST_FRAMES`.

    Block: the plain mean of the frames since the block began; after `frames` a new block begins.
    Running: the plain mean of the last `frames`, which are kept: 4 bytes a pixel each.
    Recursive: the newest frame weighs 1/frames; until so many have come, all weigh the same.

    Raises `SettingError` for a number of frames out of range.
    """

    mode: AveragingMode = AveragingMode.NONE
    frames: int = 1

    def __post_init__(self) -> None:
        most = MOST_FRAMES[self.mode]
        if not 1 <= self.frames <= most:
            raise SettingError(
                f"frames of {self.mode.value} averaging", self.frames, f"1 to {most}"
            )

    @classmethod
    def block(cls, frames: int) -> Averaging:
        """Return the mean of successive blocks of `frames`."""
        return cls(AveragingMode.BLOCK, frames)

    @classmethod
    def running(cls, frames: int) -> Averaging:
        """Return the mean of the last `frames`."""
        return cls(AveragingMode.RUNNING, frames)

    @classmethod
    def recursive(cls, frames: int) -> Averaging:
        """Return an exponential average with time constant `frames`."""
        return cls(AveragingMode.RECURSIVE, frames)

    @property
    def hold_frames(self) -> int:
        """Frames for which a saturated or cut-off count keeps its pixel marked.

        In a block to its end, in a running average as long as it is in. In a recursive one for 5
        time constants, when a count weighs less than 1 % of what it did.
        """
        if self.mode is AveragingMode.RECURSIVE and self.frames > 1:
            return 5 * self.frames
        return self.frames


NO_AVERAGING = Averaging()
