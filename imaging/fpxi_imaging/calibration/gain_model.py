"""How the pixels respond to radiation under one gain setting."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import as_utc
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.photon_transfer import PhotonNoise
from fpxi_imaging.conditions import Conditions
from fpxi_imaging.errors import CalibrationError, SettingError, ShapeMismatchError
from fpxi_imaging.frozen import freeze
from fpxi_imaging.linearity import Linearity


class GainMethod(enum.Enum):
    """How the response of a pixel is described."""

    ONE_LEVEL = "one-level"
    """A line through the dark and one flat."""
    LINEAR = "linear"
    """A line through the dark, fitted to several flats."""
    PIECEWISE = "piecewise"
    """Lines from the dark to the first flat, and from each flat to the next."""
    POLYNOMIAL = "polynomial"
    """A polynomial through the dark, fitted to several flats."""
    GIVEN = "given"
    """A map that was made elsewhere: how is not known."""


class Shading(enum.Enum):
    """What becomes of the smooth unevenness of the flats: heel effect, distance, film thickness."""

    REMOVED = "removed"
    """Corrected flats are flat."""
    KEPT = "kept"
    """Corrected flats show it; only differences between near pixels go."""
    NOT_STATED = "not-stated"
    """Of a gain that was made elsewhere."""


@dataclass(frozen=True)
class FlatLevel:
    """One series of flats that a gain was made from."""

    signal: float
    """Median of (flat - offset) over the good imaging pixels, counts."""
    target: float
    """The value that the median pixel is given at this level, counts."""
    frames: int
    """Of the row that was received least often; 0: not known."""
    clipped: float
    """Fraction of the imaging pixels that saturate, which were not used at this level."""
    conditions: Conditions
    taken: datetime
    """Aware, kept as UTC."""
    relative_dose: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "taken", as_utc("taken", self.taken))


@dataclass(frozen=True, eq=False)
class GainModel:
    """value = f((raw - offset) * gain), counts of the median pixel; f is `linearity`, or nothing.

    Arrays are of shape (rows, cols). Raises `ShapeMismatchError`, `SettingError` and
    `CalibrationError` for what does not fit together.
    """

    gain: npt.NDArray[np.float32]
    """NaN where a pixel does not respond, and in the process ring."""
    uncertainty: npt.NDArray[np.float32]
    """Relative standard uncertainty of a corrected value at the highest level by the calibration's
    own noise (k = 1); NaN where it is not known."""
    normalisation: float
    """The value of the median pixel at the highest level, counts."""
    noise_per_count: float
    """Temporal variance that each count of signal adds (photon transfer), counts; 0: not known."""
    method: GainMethod
    shading: Shading
    levels: tuple[FlatLevel, ...]
    """In rising order."""
    conditions: Conditions
    """Of the highest level."""
    linearity: Linearity | None = None

    def __post_init__(self) -> None:
        if np.ndim(self.gain) != 2 or np.size(self.gain) == 0:
            raise CalibrationError(
                f"gain must be a non-empty image, not of shape {np.shape(self.gain)}"
            )
        freeze(self, None, gain=np.float32)
        freeze(self, self.shape, uncertainty=np.float32)
        if not (np.isfinite(self.normalisation) and self.normalisation > 0):
            raise SettingError("normalisation", self.normalisation, "a positive number of counts")
        if not self.levels:
            raise CalibrationError("a gain needs at least one level of flats")
        for name, maps in vars(self.linearity).items() if self.linearity is not None else ():
            if maps.ndim != 3 or maps.shape[1:] != self.shape:
                raise ShapeMismatchError(self.shape, maps.shape, name=name)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.gain.shape
        return rows, cols

    @property
    def frames(self) -> int:
        """Flats of all levels."""
        return sum(level.frames for level in self.levels)

    def photon_noise(self, dark: DarkMap, good: npt.NDArray[np.bool_]) -> PhotonNoise:
        """Return how noisy photons are, as its highest level shows it over the `good` pixels."""
        top = self.levels[-1]
        return PhotonNoise.measured(
            self.noise_per_count,
            top.signal,
            float(np.nanmedian(dark.noise[good])),
            frames=min(top.frames, dark.frames),
            pixels=int(np.count_nonzero(good)),
        )
