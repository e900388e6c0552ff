"""What is done to raw frames, described apart from any panel, so that it can be kept and sent."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Self

from fpxi_imaging.correction.averaging import NO_AVERAGING, Averaging, require_sigma
from fpxi_imaging.correction.processing_json import from_json, to_json
from fpxi_imaging.errors import SettingError


class Scale(enum.Enum):
    """What the values are."""

    COUNTS = "counts"
    """Counts of the median pixel, above dark."""
    TRANSMISSION = "transmission"
    """Over the level of the flat: 1 where nothing is in the beam."""
    ATTENUATION = "attenuation"
    """-ln of the transmission; NaN, flagged, where that is not above 0."""


@dataclass(frozen=True)
class Orientation:
    """How the picture is turned, last of all: rows and columns flipped, then rotated."""

    flip_rows: bool = False
    """Top to bottom."""
    flip_columns: bool = False
    """Left to right."""
    rotate_deg: int = 0
    """Anticlockwise: 0, 90, 180 or 270."""

    def __post_init__(self) -> None:
        if self.rotate_deg not in {0, 90, 180, 270}:
            raise SettingError("rotate_deg", self.rotate_deg, "0, 90, 180 or 270")


@dataclass(frozen=True)
class Processing:
    """The steps in the order in which they are taken; one that is off is left out.

    raw, offset, gain and linearity, lag, zingers, averaging, defects, scale, orientation.
    """

    lag: bool = False
    """Take out the lag, as the calibration's model has it."""
    zinger_sigma: float | None = None
    """Reject what stands out from earlier frames by so many standard deviations of the noise."""
    averaging: Averaging = NO_AVERAGING
    repair: bool = True
    """Interpolate defects; else they are NaN and flagged `UNREPAIRABLE`."""
    scale: Scale = Scale.COUNTS
    orientation: Orientation = Orientation()

    def __post_init__(self) -> None:
        """Raise `SettingError` if `zinger_sigma` is not above 0 and at most `MOST_SIGMA`."""
        if self.zinger_sigma is not None:
            require_sigma("zinger_sigma", self.zinger_sigma)

    @property
    def needs_noise(self) -> bool:
        """Whether a step asks how noisy frames are."""
        return self.zinger_sigma is not None or self.averaging.motion_sigma is not None

    def to_json(self) -> str:
        """Return the description as JSON, to be kept and sent."""
        return to_json(self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what `to_json` described. Raises `ProcessingFormatError`."""
        described: Self = from_json(cls, text)
        return described


DEFAULT_PROCESSING = Processing()
"""Offset, gain and defects."""
