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
    MEDIAN = "median"


MOST_FRAMES = {
    AveragingMode.NONE: 1,
    AveragingMode.BLOCK: 10_000,
    AveragingMode.RUNNING: 1_000,
    AveragingMode.RECURSIVE: 3_000,
    AveragingMode.MEDIAN: 31,
}

MOST_SIGMA = 1e6
"""standard deviations that a value may have to stand out by: single precision holds its square"""

MOST_FOLLOWED_FRAMES = 64
"""Most `frames` of an average that begins anew where the image moves: it is kept in float32."""


def require_sigma(name: str, sigma: float) -> None:
    """Raise `SettingError` unless standard deviations are above 0 and at most `MOST_SIGMA`."""
    if not 0 < sigma <= MOST_SIGMA:
        allowed = f"a positive number of standard deviations, at most {MOST_SIGMA:.0f}"
        raise SettingError(name, sigma, allowed)


@dataclass(frozen=True)
class Averaging:
    """An average over `frames` frames, from 1 to `MOST_FRAMES`.

    Block: the plain mean of the frames since the block began; after `frames` a new block begins.
    Running: the plain mean of the last `frames`, which are kept: 4 bytes a pixel each.
    Recursive: the newest frame weighs 1/frames; until so many have come, all weigh the same.
    Median: the median of the last `frames`, which are kept.

    Raises `SettingError` for a number of frames out of range, and for `motion_sigma` that is not a
    positive number, belongs to an average that is not recursive, or to one of more than
    `MOST_FOLLOWED_FRAMES`.
    """

    mode: AveragingMode = AveragingMode.NONE
    frames: int = 1
    motion_sigma: float | None = None
    """A recursive average begins anew at a pixel where the frame differs from it, in the mean of
    the absolute values over 3x3 pixels, by more than so many standard deviations of the noise of
    one pixel's difference. Where nothing moves this is 0.8, with a standard deviation of 0.2."""

    def __post_init__(self) -> None:
        most = MOST_FRAMES[self.mode]
        if not 1 <= self.frames <= most:
            raise SettingError(
                f"frames of {self.mode.value} averaging", self.frames, f"1 to {most}"
            )
        if self.motion_sigma is not None:
            self._require_motion_sigma(self.motion_sigma)

    @classmethod
    def block(cls, frames: int) -> Averaging:
        """Return the mean of successive blocks of `frames`."""
        return cls(AveragingMode.BLOCK, frames)

    @classmethod
    def running(cls, frames: int) -> Averaging:
        """Return the mean of the last `frames`."""
        return cls(AveragingMode.RUNNING, frames)

    @classmethod
    def recursive(cls, frames: int, motion_sigma: float | None = None) -> Averaging:
        """Return an exponential average with time constant `frames`."""
        return cls(AveragingMode.RECURSIVE, frames, motion_sigma)

    @classmethod
    def median(cls, frames: int) -> Averaging:
        """Return the median of the last `frames`."""
        return cls(AveragingMode.MEDIAN, frames)

    @property
    def hold_frames(self) -> int:
        """Frames for which a saturated or cut-off count, or a zinger, keeps its pixel flagged.

        In a block to its end, in a running average as long as it is in. In a recursive one for 5
        time constants, when a count weighs less than 1 % of what it did.
        """
        if self.mode is AveragingMode.RECURSIVE and self.frames > 1:
            return 5 * self.frames
        return self.frames

    def _require_motion_sigma(self, sigma: float) -> None:
        if self.mode is not AveragingMode.RECURSIVE:
            raise SettingError(
                f"motion_sigma of {self.mode.value} averaging",
                sigma,
                "None: only a recursive average can begin anew where the image moves",
            )
        if self.frames > MOST_FOLLOWED_FRAMES:
            raise SettingError(
                "frames of averaging with motion_sigma", self.frames, f"1 to {MOST_FOLLOWED_FRAMES}"
            )
        require_sigma("motion_sigma", sigma)


NO_AVERAGING = Averaging()
