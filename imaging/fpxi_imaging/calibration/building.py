"""From series of darks and flats to a calibration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import require_saturation_level
from fpxi_imaging.calibration._gain_building import GainOptions, SettingData, fit_gain
from fpxi_imaging.calibration._gain_settings import check_beam, check_setting, gather_settings
from fpxi_imaging.calibration._offsets import Offsets
from fpxi_imaging.calibration.calibration import Calibration
from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS, CheckLimits
from fpxi_imaging.calibration.dark_series import dark_map
from fpxi_imaging.calibration.frame_checks import (
    DARKS,
    FLATS,
    check_alive,
    check_dark_drift,
    check_series,
)
from fpxi_imaging.calibration.frame_stack import FrameSeries
from fpxi_imaging.calibration.gain_model import GainModel
from fpxi_imaging.calibration.quality import quality_verdicts, worst
from fpxi_imaging.conditions import DEFAULT_TOLERANCES, Tolerances
from fpxi_imaging.defects.defect_map import DefectClass, DefectMap
from fpxi_imaging.defects.evidence import DefectEvidence
from fpxi_imaging.defects.finding import find_defects, with_groups
from fpxi_imaging.defects.thresholds import DEFAULT_THRESHOLDS, DefectThresholds
from fpxi_imaging.defects.verdicts import judge_evidence
from fpxi_imaging.errors import (
    CalibrationError,
    ShapeMismatchError,
    TooManyDefectsError,
)
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.verdict import Verdict

Image = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Classes = npt.NDArray[np.uint16]

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
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    lag: LagModel | None = None,
    after_exposure: Image | None = None,
    after_exposure_noise: Image | None = None,
) -> Calibration:
    """Make a calibration from series of darks and flats, in any order.

    Darks may be of several exposures, temperatures and gain settings, flats of several levels and
    gain settings; each gain setting with flats gets a gain. The offset of a flat is the dark that
    fits it within `tolerances`, or what lies between darks as `Calibration.resolve` has it.
    `after_exposure`, counts above dark, is the first frame after an exposure, by which persistent
    pixels are known; `after_exposure_noise` is its standard error, unless it is of a single frame.

    Raises `ShapeMismatchError`, and of `CalibrationError`: `NotEnoughFramesError`,
    `TooFewFramesError`, `SaturatedError`, `AllDeadError`, `FlatNotBrighterError`, `DriftError`,
    `BeamOnInDarkError`, `UnevenFlatError`, `NoDarkForFlatError`, `GainLevelsError`,
    `TooManyDefectsError`.
    """
    require_saturation_level(saturation_level)
    imaging = _require_stacks(darks, flats, not_imaging)
    verdicts = _check_each(darks, flats, imaging, saturation_level, limits)
    maps = tuple(dark_map(series) for series in darks)
    offsets = Offsets(maps)
    settings = gather_settings(
        darks,
        flats,
        maps,
        offsets,
        tolerances=tolerances,
        imaging=imaging,
        saturation_level=saturation_level,
    )
    verdicts += [each for data in settings for each in check_setting(data, limits)]
    classes, judged = _judge_pixels(
        settings,
        gain,
        thresholds,
        zero_fraction=_zero_fraction(darks),
        after_exposure=after_exposure,
        after_exposure_noise=after_exposure_noise,
    )
    verdicts += judged
    _require_good_pixels(classes != 0, imaging, limits)
    fits = [fit_gain(data, imaging & (classes == 0), gain, limits) for data in settings]
    models = tuple(model for model, _ in fits)
    classes = _with_unfitted(classes, models, imaging, thresholds)
    _require_good_pixels(classes != 0, imaging, limits)
    good = imaging & (classes == 0)
    verdicts += [
        each
        for data, model in zip(settings, models, strict=True)
        for each in check_beam(data, maps, model, good, tolerances, limits)
    ]
    del settings  # its maps are not needed any more, and the offset's models are large
    verdicts += quality_verdicts(offsets.models, fits, classes != 0, good, imaging, limits)
    return Calibration(
        darks=maps,
        gains=models,
        defects=DefectMap(classes),
        not_imaging=not_imaging,
        saturation_level=saturation_level,
        created=created,
        thresholds=thresholds,
        limits=limits,
        lag=lag,
        verdicts=worst(verdicts),
    )


def _require_stacks(
    darks: Sequence[FrameSeries], flats: Sequence[FrameSeries], not_imaging: Mask
) -> Mask:
    """Return the imaging pixels."""
    if not darks or not flats:
        raise CalibrationError("a calibration needs at least one series of darks and one of flats")
    shape = darks[0].stack.shape
    named = [("dark", series.stack.shape) for series in darks]
    named += [("flat", series.stack.shape) for series in flats]
    for name, actual in (*named, ("not_imaging", not_imaging.shape)):
        if actual != shape:
            raise ShapeMismatchError(shape, actual, name=name)
    if not_imaging.all():
        raise CalibrationError("every pixel is marked as not imaging; check the panel's geometry")
    return ~not_imaging


def _check_each(
    darks: Sequence[FrameSeries],
    flats: Sequence[FrameSeries],
    imaging: Mask,
    saturation_level: int,
    limits: CheckLimits,
) -> list[Verdict]:
    verdicts = []
    for name, many in ((DARKS, darks), (FLATS, flats)):
        for series in many:
            verdicts.append(check_series(series, name, imaging, saturation_level, limits))
    check_alive([each.stack for each in darks], [each.stack for each in flats], imaging)
    verdicts += [check_dark_drift(series.stack, imaging, limits) for series in darks]
    return verdicts


def _judge_pixels(
    settings: Sequence[SettingData],
    options: GainOptions,
    thresholds: DefectThresholds,
    *,
    zero_fraction: Image,
    after_exposure: Image | None,
    after_exposure_noise: Image | None,
) -> tuple[Classes, list[Verdict]]:
    """Return the classes that pixels have at any gain setting, and how well they are known."""
    classes = np.zeros(zero_fraction.shape, np.uint16)
    verdicts: list[Verdict] = []
    for data in settings:
        evidence = DefectEvidence(
            response=data.top.maps.response,
            imaging=data.imaging,
            dark_noise=data.dark_noise,
            dark_frames=data.dark_frames,
            zero_fraction=zero_fraction,
            saturated=data.saturated,
            **data.corrected_flat(options),
            of_one_level=len(data.levels) == 1,
            after_exposure=after_exposure,
            after_exposure_noise=after_exposure_noise,
        )
        verdicts += judge_evidence(evidence, thresholds)
        classes |= find_defects(evidence, thresholds)
    return classes, verdicts


def _with_unfitted(
    classes: Classes,
    models: Sequence[GainModel],
    imaging: Mask,
    thresholds: DefectThresholds,
) -> Classes:
    """Return the classes with those pixels too for which no gain could be found."""
    unfitted = ~np.all([np.isfinite(model.gain) for model in models], axis=0)
    sound = imaging & (classes == 0)
    non_uniform = np.where(sound & unfitted, np.uint16(DefectClass.NON_UNIFORM), classes)
    return with_groups(non_uniform, imaging, thresholds)


def _zero_fraction(darks: Sequence[FrameSeries]) -> Image:
    """Return the largest part of a series' darks that reads 0."""
    largest = np.zeros(darks[0].stack.shape)
    for series in darks:
        np.maximum(largest, series.stack.zeros / series.stack.count[:, None], out=largest)
    return largest


def _require_good_pixels(defects: Mask, imaging: Mask, limits: CheckLimits) -> None:
    fraction = float(np.mean(defects[imaging]))
    if fraction > limits.most_defective:
        raise TooManyDefectsError(fraction, limits.most_defective)
