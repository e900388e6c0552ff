"""Which running average a corrector keeps."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fpxi_imaging.errors import SettingError

MOST_FRAMES = 10_000


class AveragingMode(enum.Enum):
    """How earlier frames count."""

    NONE = "none"
    EXPONENTIAL = "exponential"
    BLOCK = "block"


@dataclass(frozen=True)
class Averaging:
    """A running average over `frames` frames, 1 to 10000.

    Exponential: the newest frame weighs 1/frames; until so many have come, all weigh the same.
    Block: the plain mean of the frames since the block began; after `frames` a new block begins.

    Raises `SettingError` for a number of frames out of range.
    """

    mode: AveragingMode = AveragingMode.NONE
    frames: int = 1

    def __post_init__(self) -> None:
        most = 1 if self.mode is AveragingMode.NONE else MOST_FRAMES
        if not 1 <= self.frames <= most:
            raise SettingError(
                f"frames of {self.mode.value} averaging", self.frames, f"1 to {most}"
            )

    @classmethod
    def exponential(cls, frames: int) -> Averaging:
        """Return an exponential average with time constant `frames`."""
        return cls(AveragingMode.EXPONENTIAL, frames)

    @classmethod
    def block(cls, frames: int) -> Averaging:
        """Return the mean of successive blocks of `frames`."""
        return cls(AveragingMode.BLOCK, frames)

    @property
    def hold_frames(self) -> int:
        """Frames for which a saturated count keeps its pixel marked.

        In a block to its end. In an exponential average for 5 time constants, when a count weighs
        less than 1 % of what it did.
        """
        if self.mode is AveragingMode.EXPONENTIAL and self.frames > 1:
            return 5 * self.frames
        return self.frames


NO_AVERAGING = Averaging()
