"""What darks and flats say about each pixel, from which its defects are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import CalibrationError, SettingError
from fpxi_imaging.frozen import freeze

Map = npt.NDArray[np.float32] | npt.NDArray[np.float64]

_MASKS = ("imaging", "saturated")
_NEEDED = ("response", "dark_noise", "zero_fraction")
_OPTIONAL = ("corrected_flat", "corrected_flat_noise", "after_exposure", "after_exposure_noise")


@dataclass(frozen=True, eq=False)
class DefectEvidence:
    """Measured maps of one panel, all of shape (rows, cols).

    They are kept as read-only copies, float32 as it is and other numbers as float64. What is None
    was not measured: the classes that rest on it are not judged.

    Raises `ShapeMismatchError` if the arrays differ in shape, `CalibrationError` if they are no
    image or a map of noise stands without its image or its image without it, and `SettingError` for
    a negative number of darks.
    """

    response: Map
    """Flat less dark, counts; NaN is held to be dead."""
    imaging: npt.NDArray[np.bool_]
    """Where the panel images; elsewhere is its process ring."""
    dark_noise: Map
    """Temporal standard deviation of one dark, counts; NaN where unknown."""
    dark_frames: int
    """Darks that this standard deviation was taken over."""
    zero_fraction: Map
    """Part of a pixel's darks that read 0, the converter's lowest code."""
    saturated: npt.NDArray[np.bool_]
    """Whether the pixel saturated in a dark or flat."""
    corrected_flat: Map | None = None
    """A flat that the gain does not come from, corrected for offset and gain, any unit. One of
    another dose than the gain's shows non-linear pixels; the odd flats, corrected by the gain of
    the even ones, show only those that do not repeat themselves."""
    corrected_flat_noise: Map | None = None
    """Standard error of `corrected_flat`, that of offset and gain included, in its unit."""
    of_one_level: bool = False
    """Whether `corrected_flat` is of the very dose that a gain by one level comes from."""
    after_exposure: Map | None = None
    """First frame after the exposure has ended, less offset, counts."""
    after_exposure_noise: Map | None = None
    """Standard error of `after_exposure`, counts; None: `dark_noise`, as of a single frame."""

    def __post_init__(self) -> None:
        if np.ndim(self.response) != 2 or np.size(self.response) == 0:
            raise CalibrationError(
                f"response must be a non-empty image, not of shape {np.shape(self.response)}"
            )
        if self.dark_frames < 0:
            raise SettingError("dark_frames", self.dark_frames, "0 or more")
        if (self.corrected_flat is None) != (self.corrected_flat_noise is None):
            raise CalibrationError("give corrected_flat and corrected_flat_noise, or neither")
        if self.after_exposure is None and self.after_exposure_noise is not None:
            raise CalibrationError("give after_exposure with its after_exposure_noise")
        given = [name for name in _OPTIONAL if getattr(self, name) is not None]
        kinds = {name: _kind(getattr(self, name)) for name in (*_NEEDED, *given)}
        freeze(self, self.shape, **dict.fromkeys(_MASKS, np.bool_), **kinds)

    @property
    def after_exposure_error(self) -> Map:
        """Standard error of `after_exposure`, also where it is of a single frame."""
        given = self.after_exposure_noise
        return self.dark_noise if given is None else given

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = np.shape(self.response)
        return rows, cols


def _kind(array: Map) -> type[np.floating[Any]]:
    return np.float32 if array.dtype == np.float32 else np.float64
