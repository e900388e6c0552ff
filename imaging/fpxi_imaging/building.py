"""From series of darks and flats to a calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration import Calibration
from fpxi_imaging.check_limits import DEFAULT_LIMITS, CheckLimits
from fpxi_imaging.dark import DarkMap
from fpxi_imaging.defect_finding import find_defects
from fpxi_imaging.defect_map import DefectMap
from fpxi_imaging.defect_verdicts import judge_evidence
from fpxi_imaging.defects import (
    DEFAULT_THRESHOLDS,
    DefectThresholds,
    panel_noise,
)
from fpxi_imaging.errors import (
    CalibrationError,
    FlatNotBrighterError,
    NotEnoughFramesError,
    SaturatedError,
    ShapeMismatchError,
    TooManyDefectsError,
)
from fpxi_imaging.frame_stack import FrameSeries, FrameStack
from fpxi_imaging.gain_model import FlatLevel, GainMethod, GainModel, Shading
from fpxi_imaging.measured_evidence import measured_evidence

Image = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class GainOptions:
    """How the gain is made."""

    method: GainMethod | None = None
    """None: by one level, or linear where there are several."""
    degree: int | None = None
    """Of the polynomial, 2 or 3; None: the lowest that describes the flats."""
    shading: Shading = Shading.REMOVED


DEFAULT_GAIN = GainOptions()


def build_calibration(
    darks: Sequence[FrameSeries],
    flats: Sequence[FrameSeries],
    *,
    not_imaging: Mask,
    saturation_level: int,
    created: datetime,
    gain: GainOptions = DEFAULT_GAIN,
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS,
    limits: CheckLimits = DEFAULT_LIMITS,
) -> Calibration:
    """Make a calibration from series of darks and flats.

    Raises `ShapeMismatchError`, and of `CalibrationError`: `NotEnoughFramesError`,
    `SaturatedError`, `FlatNotBrighterError`, `TooManyDefectsError`.
    """
    dark, flat = darks[0].stack, flats[0].stack
    _require_stacks(dark, flat, not_imaging)
    imaging = ~not_imaging
    _require_unsaturated(dark, flat, imaging, saturation_level, limits)
    response = flat.mean - dark.mean
    _require_response(response, dark.variance, imaging, limits)
    evidence = measured_evidence(dark, flat, imaging=imaging, saturation_level=saturation_level)
    classes = find_defects(evidence, thresholds)
    defects = classes != 0
    _require_good_pixels(defects, imaging, limits)
    model = _one_level(flats[0], np.where(imaging, response, np.nan), imaging & ~defects)
    return Calibration(
        darks=tuple(dark_map(series) for series in darks),
        gains=(model,),
        defects=DefectMap(classes),
        not_imaging=not_imaging,
        saturation_level=saturation_level,
        created=created,
        thresholds=thresholds,
        limits=limits,
        verdicts=judge_evidence(evidence, thresholds),
    )


def dark_map(series: FrameSeries) -> DarkMap:
    """Return mean and noise of a series of darks."""
    stack = series.stack
    return DarkMap(
        mean=stack.mean.astype(np.float32),
        noise=np.sqrt(stack.variance).astype(np.float32),
        frames=stack.least_count,
        conditions=series.conditions,
        taken=series.taken,
    )


def _one_level(flat: FrameSeries, response: Image, good: Mask) -> GainModel:
    normalisation = float(np.median(response[good]))
    gain = np.divide(normalisation, response, out=np.full(good.shape, np.nan), where=response > 0)
    level = FlatLevel(
        normalisation, normalisation, flat.stack.least_count, 0.0, flat.conditions, flat.taken
    )
    return GainModel(
        gain=gain.astype(np.float32),
        uncertainty=np.full(good.shape, np.nan, np.float32),
        normalisation=normalisation,
        noise_per_count=0.0,
        method=GainMethod.ONE_LEVEL,
        shading=Shading.REMOVED,
        levels=(level,),
        conditions=flat.conditions,
    )


def _require_stacks(dark: FrameStack, flat: FrameStack, not_imaging: Mask) -> None:
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
    dark: FrameStack, flat: FrameStack, imaging: Mask, level: int, limits: CheckLimits
) -> None:
    for name, stack in (("dark", dark), ("flat", flat)):
        fraction = float(np.mean(stack.maximum[imaging] >= level))
        if fraction > limits.most_saturated:
            raise SaturatedError(name, fraction, limits.most_saturated)


def _require_response(
    response: Image, dark_variance: Image, imaging: Mask, limits: CheckLimits
) -> None:
    required = limits.least_flat_response * panel_noise(np.sqrt(dark_variance), imaging)
    median = float(np.median(response[imaging]))
    if median < required:
        raise FlatNotBrighterError(median, required)


def _require_good_pixels(defects: Mask, imaging: Mask, limits: CheckLimits) -> None:
    fraction = float(np.mean(defects[imaging]))
    if fraction > limits.most_defective:
        raise TooManyDefectsError(fraction, limits.most_defective)
