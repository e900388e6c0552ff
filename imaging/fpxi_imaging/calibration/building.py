"""From series of darks and flats to a calibration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import require_saturation_level
from fpxi_imaging.calibration._gain_building import GainOptions, LevelData, SettingData, fit_gain
from fpxi_imaging.calibration._offsets import Offsets
from fpxi_imaging.calibration.beam_checks import check_exposures, check_pattern
from fpxi_imaging.calibration.calibration import Calibration
from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS, CheckLimits
from fpxi_imaging.calibration.clear_beam import check_clear_beam
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.dark_series import dark_map
from fpxi_imaging.calibration.errors import NoDarkForFlatError
from fpxi_imaging.calibration.evenness import check_evenness
from fpxi_imaging.calibration.frame_checks import (
    DARKS,
    FLATS,
    check_alive,
    check_dark_drift,
    check_flat_drift,
    check_series,
)
from fpxi_imaging.calibration.frame_stack import FrameSeries
from fpxi_imaging.calibration.photon_transfer import PhotonNoise
from fpxi_imaging.calibration.quality import quality_verdicts, worst
from fpxi_imaging.conditions import DEFAULT_TOLERANCES, Tolerances
from fpxi_imaging.defects.defect_map import DefectClass, DefectMap
from fpxi_imaging.defects.evidence import DefectEvidence
from fpxi_imaging.defects.finding import find_defects, with_groups
from fpxi_imaging.defects.thresholds import DEFAULT_THRESHOLDS, DefectThresholds, panel_noise
from fpxi_imaging.defects.verdicts import judge_evidence
from fpxi_imaging.errors import (
    CalibrationError,
    CalibrationMismatchError,
    FlatNotBrighterError,
    ShapeMismatchError,
    TooManyDefectsError,
)
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.verdict import Verdict

Image = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

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
    lost = _zero_fraction(darks)
    settings = [
        _setting_data(setting, darks, flats, maps, offsets, tolerances, imaging, saturation_level)
        for setting in dict.fromkeys(flat.conditions.gain_setting for flat in flats)
    ]
    classes = np.zeros(imaging.shape, np.uint16)
    for data in settings:
        verdicts += _check_setting(data, imaging, limits)
        evidence = DefectEvidence(
            response=data.top.maps.response,
            imaging=imaging,
            dark_noise=data.dark_noise,
            dark_frames=data.dark_frames,
            zero_fraction=lost,
            saturated=data.saturated,
            **data.corrected_flat(gain),
            of_one_level=len(data.levels) == 1,
            after_exposure=after_exposure,
            after_exposure_noise=after_exposure_noise,
        )
        verdicts += judge_evidence(evidence, thresholds)
        classes |= find_defects(evidence, thresholds)
    _require_good_pixels(classes != 0, imaging, limits)
    fits = [fit_gain(data, imaging & (classes == 0), gain, limits) for data in settings]
    for model, _ in fits:
        classes[imaging & (classes == 0) & ~np.isfinite(model.gain)] = DefectClass.NON_UNIFORM
    classes = with_groups(classes, imaging, thresholds)
    _require_good_pixels(classes != 0, imaging, limits)
    good = imaging & (classes == 0)
    for data, (model, _) in zip(settings, fits, strict=True):
        photons = model.photon_noise(data.dark, good)
        verdicts += _check_beam(maps, data, photons, good, limits)
    verdicts += quality_verdicts(offsets.models, fits, classes != 0, good, imaging, limits)
    return Calibration(
        darks=maps,
        gains=tuple(model for model, _ in fits),
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


def _setting_data(  # noqa: PLR0917 - gathers all that belongs to one gain setting
    setting: int,
    darks: Sequence[FrameSeries],
    flats: Sequence[FrameSeries],
    maps: tuple[DarkMap, ...],
    offsets: Offsets,
    tolerances: Tolerances,
    imaging: Mask,
    saturation_level: int,
) -> SettingData:
    levels, used = [], set()
    for series in flats:
        if series.conditions.gain_setting != setting:
            continue
        try:
            choice = offsets.choose(series.conditions, tolerances)
        except CalibrationMismatchError as error:
            raise NoDarkForFlatError(series.conditions, error.mismatches) from error
        used.add(choice.nearest)
        levels.append(
            LevelData.of(
                series,
                offsets.offset(choice),
                offsets.uncertainty(choice),
                maps[choice.nearest].noise.astype(np.float64),
                imaging & (series.stack.maximum < saturation_level),
            )
        )
    levels.sort(key=lambda level: float(np.median(level.maps.response[imaging])))
    nearest = maps[min(used)]
    dark_saturated = np.any(
        [
            series.stack.maximum >= saturation_level
            for series in darks
            if series.conditions.gain_setting == setting
        ],
        axis=0,
    )
    everywhere = ~np.any([level.maps.usable for level in levels], axis=0)
    return SettingData(
        levels=tuple(levels),
        dark=nearest,
        saturated=dark_saturated | everywhere,
        imaging=imaging,
    )


def _check_setting(data: SettingData, imaging: Mask, limits: CheckLimits) -> list[Verdict]:
    verdicts: list[Verdict] = []
    required = limits.least_flat_response * panel_noise(data.dark_noise, imaging)
    for level in data.levels:
        median = float(np.median(level.maps.response[imaging]))
        if median < required:
            raise FlatNotBrighterError(median, required)
        stack, used = level.series.stack, level.maps.usable & ~data.saturated
        verdicts.append(check_flat_drift(stack, level.offset, imaging, limits))
        verdicts.append(check_clear_beam(stack, level.offset, used, limits))
    top = data.top
    verdicts += check_evenness(top.maps.response, top.maps.usable & ~data.saturated, limits)
    return verdicts


def _check_beam(
    maps: tuple[DarkMap, ...],
    data: SettingData,
    photons: PhotonNoise,
    good: Mask,
    limits: CheckLimits,
) -> list[Verdict]:
    own = data.dark.conditions
    same = [dark for dark in maps if dark.conditions.gain_setting == own.gain_setting]
    response, variance = data.top.maps.response, data.top.series.stack.variance
    by_pattern = [check_pattern(each, response, variance, good, photons, limits) for each in same]
    verdicts = [max(by_pattern, key=lambda verdict: verdict.measured)]
    near = (
        dark
        for dark in same
        if abs(dark.conditions.temperature_mC - own.temperature_mC) <= Tolerances().temperature_mC
    )
    by_exposure = sorted(near, key=lambda dark: dark.conditions.exposure_us)
    for short, long in combinations(by_exposure, 2):
        verdicts.append(check_exposures(short, long, good, photons, limits))
    return verdicts


def _zero_fraction(darks: Sequence[FrameSeries]) -> Image:
    """Return the largest part of a series' darks that reads 0."""
    parts = [series.stack.zeros / series.stack.count[:, None] for series in darks]
    return np.asarray(np.max(parts, axis=0), np.float64)


def _require_good_pixels(defects: Mask, imaging: Mask, limits: CheckLimits) -> None:
    fraction = float(np.mean(defects[imaging]))
    if fraction > limits.most_defective:
        raise TooManyDefectsError(fraction, limits.most_defective)
