"""What corrects frames taken under one set of conditions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import FULL_SCALE, require_saturation_level
from fpxi_imaging.conditions import Conditions
from fpxi_imaging.errors import (
    CalibrationError,
    SettingError,
    ShapeMismatchError,
)
from fpxi_imaging.frozen import freeze
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.linearity import Linearity, Piecewise, Polynomial
from fpxi_imaging.region import region_slices

_MAPS = {"offset": np.float32, "gain": np.float32, "defects": np.bool_, "not_imaging": np.bool_}


@dataclass(frozen=True, eq=False)
class ResolvedCalibration:
    """Offset, gain, defects, linearity and lag, as they hold for the frames at hand.

    value = f((raw - offset) * gain) in counts of the median pixel; f is `linearity`, or nothing.
    The arrays, all of shape (rows, cols), are kept as read-only copies.

    Raises `ShapeMismatchError` if the arrays differ in shape, `SettingError` for a value out of
    range, and `CalibrationError` if a pixel held to be good has no finite offset and gain.
    """

    offset: npt.NDArray[np.float32]
    """Counts."""
    gain: npt.NDArray[np.float32]
    """NaN where there is none."""
    defects: npt.NDArray[np.bool_]
    not_imaging: npt.NDArray[np.bool_]
    """The process ring."""
    normalisation: float
    """Median of (flat - dark) over the good imaging pixels, counts."""
    saturation_level: int
    """Counts at and above this, 1 to 65535, are saturated."""
    conditions: Conditions
    linearity: Linearity | None = None
    lag: LagModel | None = None
    dark_noise: float = 0.0
    """Median temporal standard deviation of a single dark, counts."""
    noise_per_count: float = 0.0
    """Temporal variance that each count of signal adds (photon transfer), counts."""
    notes: tuple[str, ...] = ()
    """What was interpolated to come to these conditions, in words."""

    def __post_init__(self) -> None:
        if np.ndim(self.offset) != 2 or np.size(self.offset) == 0:
            raise CalibrationError(
                f"offset must be a non-empty image, not of shape {np.shape(self.offset)}"
            )
        freeze(self, self.shape, **_MAPS)
        self._require_one_shape()
        self._require_settings()
        good = self.good
        if not np.isfinite(self.offset[good]).all() or not np.isfinite(self.gain[good]).all():
            raise CalibrationError(
                "a good pixel has no finite offset and gain; list such pixels as defects"
            )
        if not np.isfinite(self._bound()[good]).all():
            raise CalibrationError(
                "a good pixel's counts can become more than a number holds, or its linearity is no "
                "number; list such pixels as defects"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the frames this corrects."""
        rows, cols = np.shape(self.offset)
        return rows, cols

    @property
    def good(self) -> npt.NDArray[np.bool_]:
        """Where pixels have values of their own, bool (rows, cols)."""
        return ~(self.defects | self.not_imaging)

    def region(
        self, first_row: int, first_column: int, shape: tuple[int, int]
    ) -> ResolvedCalibration:
        """Return the part that corrects frames of a region; itself where that is all of it.

        `first_row` and `first_column` are the panel's pixels, `shape` is in samples, binned as this
        calibration is. Values stay in counts of the median pixel of the whole. Raises
        `RegionMismatchError` unless the region lies within this calibration's.
        """
        at = self.conditions
        if (first_row, first_column, shape) == (at.first_row, at.first_column, self.shape):
            return self
        part = (..., *region_slices(at, self.shape, first_row, first_column, shape))
        return replace(
            self,
            **{name: getattr(self, name)[part] for name in _MAPS},
            linearity=_linearity_part(self.linearity, part),
            lag=None if self.lag is None else self.lag.part(part),
            conditions=replace(at, first_row=first_row, first_column=first_column),
        )

    def _bound(self) -> npt.NDArray[np.float32]:
        """Return what no value exceeds, whatever the counts."""
        with np.errstate(over="ignore", invalid="ignore"):
            counts = np.maximum(np.abs(self.offset), np.abs(FULL_SCALE - self.offset))
            largest = counts * np.abs(self.gain)
            return largest if self.linearity is None else self.linearity.bound(largest)

    def _require_one_shape(self) -> None:
        if isinstance(self.linearity, Polynomial | Piecewise):
            for name, array in vars(self.linearity).items():
                if array.ndim != 3 or array.shape[1:] != self.shape:
                    raise ShapeMismatchError(self.shape, array.shape, name=name)
        if self.lag is not None and self.lag.multiplier is not None:
            actual = self.lag.multiplier.shape
            if actual != self.shape:
                raise ShapeMismatchError(self.shape, actual, name="lag multiplier")

    def _require_settings(self) -> None:
        require_saturation_level(self.saturation_level)
        if not (np.isfinite(self.normalisation) and self.normalisation > 0):
            raise SettingError("normalisation", self.normalisation, "a positive number of counts")


def _linearity_part(linearity: Linearity | None, part: tuple[object, ...]) -> Linearity | None:
    if linearity is None:
        return None
    maps = {name: array[part] for name, array in vars(linearity).items()}
    return replace(linearity, **maps)
