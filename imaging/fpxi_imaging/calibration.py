"""What a calibration is: reference images, defects, and the conditions they hold for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import require_saturation_level
from fpxi_imaging.conditions import DEFAULT_TOLERANCES, Conditions, Tolerances
from fpxi_imaging.defects import (
    DEFAULT_THRESHOLDS,
    DefectThresholds,
    cut_off,
    find_defects,
    median_noise,
)
from fpxi_imaging.errors import (
    CalibrationError,
    FlatNotBrighterError,
    NotEnoughFramesError,
    SaturatedError,
    SettingError,
    ShapeMismatchError,
    TooManyDefectsError,
)
from fpxi_imaging.frozen import frozen_copy
from fpxi_imaging.resolved import ResolvedCalibration
from fpxi_imaging.stack import StackMean

__all__ = [
    "Calibration",
    "Conditions",
    "DefectThresholds",
    "StackMean",
    "Tolerances",
    "build_calibration",
]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Everything that corrects the frames of one panel under one set of conditions.

    corrected = (raw - offset) * gain, in counts of the median pixel. The arrays, all of shape
    (rows, cols), are kept as read-only copies.

    Raises `ShapeMismatchError` if the arrays differ in shape, `SettingError` for a value out of
    range, and `CalibrationError` if a pixel held to be good has no finite offset and gain.
    """

    offset: npt.NDArray[np.float32]
    """Mean dark, counts."""
    gain: npt.NDArray[np.float32]
    """normalisation / (flat - dark); NaN where there is none."""
    defects: npt.NDArray[np.bool_]
    not_imaging: npt.NDArray[np.bool_]
    """The process ring."""
    normalisation: float
    """Median of (flat - dark) over the good imaging pixels, counts."""
    saturation_level: int
    """Counts at and above this, 1 to 65535, are saturated."""
    dark_frames: int
    flat_frames: int
    conditions: Conditions
    created: datetime
    """Aware, kept as UTC."""
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS
    """What the defects were found by."""

    def __post_init__(self) -> None:
        for name, dtype in _ARRAYS.items():
            object.__setattr__(self, name, frozen_copy(getattr(self, name), dtype))
        self._require_one_shape()
        self._require_settings()
        good = ~(self.defects | self.not_imaging)
        if not np.isfinite(self.offset[good]).all() or not np.isfinite(self.gain[good]).all():
            raise CalibrationError(
                "a good pixel has no finite offset and gain; list such pixels as defects"
            )
        object.__setattr__(self, "created", self.created.astimezone(UTC))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the frames this corrects."""
        rows, cols = self.offset.shape
        return rows, cols

    def resolve(
        self, actual: Conditions, tolerances: Tolerances = DEFAULT_TOLERANCES
    ) -> ResolvedCalibration:
        """Return what corrects frames taken under `actual`, less their region.

        Raises `CalibrationMismatchError`, naming every difference, where this calibration does not
        hold.
        """
        self.conditions.require_match(actual, tolerances)
        return ResolvedCalibration(
            offset=self.offset,
            gain=self.gain,
            defects=self.defects,
            not_imaging=self.not_imaging,
            normalisation=self.normalisation,
            saturation_level=self.saturation_level,
            conditions=self.conditions,
        )

    def _require_one_shape(self) -> None:
        if self.offset.ndim != 2 or self.offset.size == 0:
            raise CalibrationError(f"offset must be a non-empty image, not {self.offset.shape}")
        for name in _ARRAYS:
            actual = getattr(self, name).shape
            if actual != self.shape:
                raise ShapeMismatchError(self.shape, actual, name=name)

    def _require_settings(self) -> None:
        require_saturation_level(self.saturation_level)
        if not (np.isfinite(self.normalisation) and self.normalisation > 0):
            raise SettingError("normalisation", self.normalisation, "a positive number of counts")
        if self.created.tzinfo is None:
            raise SettingError("created", self.created, "a time with a time zone")


_ARRAYS: dict[str, Any] = {
    "offset": np.float32,
    "gain": np.float32,
    "defects": np.bool_,
    "not_imaging": np.bool_,
}


def build_calibration(
    dark: StackMean,
    flat: StackMean,
    *,
    not_imaging: npt.NDArray[np.bool_],
    saturation_level: int,
    conditions: Conditions,
    created: datetime,
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS,
) -> Calibration:
    """Make a calibration from stacks of dark and flat frames taken under the same conditions.

    gain = normalisation / (flat - dark), normalisation = median of (flat - dark) over good imaging
    pixels; gain is NaN at defects and in the process ring.

    Raises `ShapeMismatchError`, and of `CalibrationError`: `NotEnoughFramesError`,
    `SaturatedError`, `FlatNotBrighterError`, `TooManyDefectsError`.
    """
    _require_stacks(dark, flat, not_imaging)
    imaging = ~not_imaging
    clipped = _require_unsaturated(dark, flat, imaging, saturation_level, thresholds)
    clipped |= cut_off(dark, imaging, thresholds)
    response = flat.mean - dark.mean
    _require_response(response, dark.variance, imaging, thresholds)
    defects = find_defects(response, dark.variance, clipped, imaging, thresholds)
    _require_good_pixels(defects, imaging, thresholds)
    good = imaging & ~defects
    normalisation = float(np.median(response[good]))
    return Calibration(
        offset=dark.mean.astype(np.float32),
        gain=np.divide(normalisation, response, out=np.full(dark.shape, np.nan), where=good).astype(
            np.float32
        ),
        defects=defects,
        not_imaging=not_imaging,
        normalisation=normalisation,
        saturation_level=saturation_level,
        dark_frames=dark.frames,
        flat_frames=flat.frames,
        conditions=conditions,
        created=created,
        thresholds=thresholds,
    )


def _require_stacks(dark: StackMean, flat: StackMean, not_imaging: npt.NDArray[np.bool_]) -> None:
    for name, shape in (("flat", flat.shape), ("not_imaging", not_imaging.shape)):
        if shape != dark.shape:
            raise ShapeMismatchError(dark.shape, shape, name=name)
    for name, stack in (("dark", dark), ("flat", flat)):
        empty = np.flatnonzero(stack.count == 0)
        if empty.size:
            raise NotEnoughFramesError(name, tuple(empty.tolist()))
    if not_imaging.all():
        raise CalibrationError("every pixel is marked as not imaging; check the panel's geometry")


def _require_unsaturated(
    dark: StackMean,
    flat: StackMean,
    imaging: npt.NDArray[np.bool_],
    level: int,
    thresholds: DefectThresholds,
) -> npt.NDArray[np.bool_]:
    """Return the pixels that saturate in either stack."""
    for name, stack in (("dark", dark), ("flat", flat)):
        fraction = float(np.mean(stack.maximum[imaging] >= level))
        if fraction > thresholds.most_saturated:
            raise SaturatedError(name, fraction, thresholds.most_saturated)
    return np.maximum(dark.maximum, flat.maximum) >= level


def _require_response(
    response: npt.NDArray[np.float64],
    dark_variance: npt.NDArray[np.float64],
    imaging: npt.NDArray[np.bool_],
    thresholds: DefectThresholds,
) -> None:
    required = thresholds.least_flat_response * median_noise(dark_variance, imaging)
    median = float(np.median(response[imaging]))
    if median < required:
        raise FlatNotBrighterError(median, required)


def _require_good_pixels(
    defects: npt.NDArray[np.bool_],
    imaging: npt.NDArray[np.bool_],
    thresholds: DefectThresholds,
) -> None:
    fraction = float(np.mean(defects[imaging]))
    if fraction > thresholds.most_defective:
        raise TooManyDefectsError(fraction, thresholds.most_defective)
