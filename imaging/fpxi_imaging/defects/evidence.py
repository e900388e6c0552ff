"""What darks and flats say about each pixel, from which its defects are judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import CalibrationError, SettingError
from fpxi_imaging.frozen import freeze

_NEEDED = {
    "response": np.float64,
    "imaging": np.bool_,
    "dark_noise": np.float64,
    "zero_fraction": np.float64,
    "saturated": np.bool_,
}
_OPTIONAL = ("corrected_flat", "corrected_flat_noise", "after_exposure", "after_exposure_noise")


@dataclass(frozen=True, eq=False)
class DefectEvidence:
    """Measured maps of one panel, all of shape (rows, cols), kept as read-only copies.

    What is None was not measured: the classes that rest on it are not judged.

    Raises `ShapeMismatchError` if the arrays differ in shape, `CalibrationError` if they are no
    image or a map of noise stands without its image or its image without it, and `SettingError` for
    a negative number of darks.
    """

    response: npt.NDArray[np.float64]
    """Flat less dark, counts; NaN is held to be dead."""
    imaging: npt.NDArray[np.bool_]
    """Where the panel images; elsewhere is its process ring."""
    dark_noise: npt.NDArray[np.float64]
    """Temporal standard deviation of one dark, counts; NaN where unknown."""
    dark_frames: int
    """Darks that this standard deviation was taken over."""
    zero_fraction: npt.NDArray[np.float64]
    """Part of a pixel's darks that read 0, the converter's lowest code."""
    saturated: npt.NDArray[np.bool_]
    """Whether the pixel saturated in a dark or flat."""
    corrected_flat: npt.NDArray[np.float64] | None = None
    """A flat that the gain does not come from, corrected for offset and gain, any unit. One of
    another dose than the gain's shows non-linear pixels; the odd flats, corrected by the gain of
    the even ones, show only those that do not repeat themselves."""
    corrected_flat_noise: npt.NDArray[np.float64] | None = None
    """Standard error of `corrected_flat`, that of offset and gain included, in its unit."""
    of_one_level: bool = False
    """Whether `corrected_flat` is of the very dose that a gain by one level comes from."""
    after_exposure: npt.NDArray[np.float64] | None = None
    """First frame after the exposure has ended, less offset, counts."""
    after_exposure_noise: npt.NDArray[np.float64] | None = None
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
        given = {name: np.float64 for name in _OPTIONAL if getattr(self, name) is not None}
        freeze(self, self.shape, **_NEEDED, **given)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = np.shape(self.response)
        return rows, cols
