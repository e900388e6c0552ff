"""What darks and flats hold of each gain setting: gathered, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration._gain_building import LevelData, SettingData
from fpxi_imaging.calibration._offsets import Choice, Offsets
from fpxi_imaging.calibration.beam_checks import check_exposures, check_pattern
from fpxi_imaging.calibration.check_limits import CheckLimits
from fpxi_imaging.calibration.clear_beam import check_clear_beam
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.errors import NoDarkForFlatError
from fpxi_imaging.calibration.evenness import check_evenness
from fpxi_imaging.calibration.frame_checks import check_flat_drift
from fpxi_imaging.calibration.frame_stack import FrameSeries
from fpxi_imaging.calibration.gain_model import GainModel
from fpxi_imaging.conditions import Conditions, Tolerances
from fpxi_imaging.defects.thresholds import panel_noise
from fpxi_imaging.errors import CalibrationMismatchError, FlatNotBrighterError
from fpxi_imaging.verdict import Verdict

Mask = npt.NDArray[np.bool_]


def gather_settings(
    darks: Sequence[FrameSeries],
    flats: Sequence[FrameSeries],
    maps: Sequence[DarkMap],
    offsets: Offsets,
    *,
    tolerances: Tolerances,
    imaging: Mask,
    saturation_level: int,
) -> list[SettingData]:
    """Return what there is of each gain setting that has flats.

    `maps` and `offsets` are those of `darks`. Raises `NoDarkForFlatError`.
    """

    def of(setting: int) -> SettingData:
        own = [each for each in flats if each.conditions.gain_setting == setting]
        choices = [_choose(offsets, each.conditions, tolerances) for each in own]
        levels = [
            LevelData.of(
                series,
                offsets.offset(choice),
                offsets.uncertainty(choice),
                maps[choice.nearest].noise,
                darks[choice.nearest].stack,
                imaging & (series.stack.maximum < saturation_level),
            )
            for series, choice in zip(own, choices, strict=True)
        ]
        levels.sort(key=lambda level: float(np.median(level.maps.response[imaging])))
        own_darks = [each for each in darks if each.conditions.gain_setting == setting]
        return SettingData(
            levels=tuple(levels),
            dark=maps[min(choice.nearest for choice in choices)],
            saturated=_saturated(own_darks, levels, saturation_level),
            imaging=imaging,
        )

    return [
        of(setting) for setting in dict.fromkeys(each.conditions.gain_setting for each in flats)
    ]


def check_setting(data: SettingData, limits: CheckLimits) -> list[Verdict]:
    """Judge the flats of a gain setting.

    Raises `FlatNotBrighterError`, `DriftError`, `UnevenFlatError`.
    """
    verdicts: list[Verdict] = []
    required = limits.least_flat_response * panel_noise(data.dark_noise, data.imaging)
    for level in data.levels:
        median = float(np.median(level.maps.response[data.imaging]))
        if median < required:
            raise FlatNotBrighterError(median, required)
        stack, used = level.series.stack, level.maps.usable & ~data.saturated
        verdicts.append(check_flat_drift(stack, level.offset, data.imaging, limits))
        verdicts.append(check_clear_beam(stack, level.offset, used, limits))
    top = data.top
    verdicts += check_evenness(top.maps.response, top.maps.usable & ~data.saturated, limits)
    return verdicts


def check_beam(  # noqa: PLR0917 - darks and flats of a setting, and what to judge them by
    data: SettingData,
    maps: Sequence[DarkMap],
    model: GainModel,
    good: Mask,
    tolerances: Tolerances,
    limits: CheckLimits,
) -> list[Verdict]:
    """Judge whether the beam was off in the darks of a gain setting. Raises `BeamOnInDarkError`.

    Exposures are compared where the darks' temperature is that of the flats' offset.
    """
    own, photons = data.dark.conditions, model.photon_noise(data.dark, good)
    same = [dark for dark in maps if dark.conditions.gain_setting == own.gain_setting]
    response, variance = data.top.maps.response, data.top.series.stack.variance
    by_pattern = [check_pattern(each, response, variance, good, photons, limits) for each in same]
    near = (
        dark
        for dark in same
        if abs(dark.conditions.temperature_mC - own.temperature_mC) <= tolerances.temperature_mC
    )
    by_exposure = sorted(near, key=lambda dark: dark.conditions.exposure_us)
    return [
        max(by_pattern, key=lambda verdict: verdict.measured),
        *(
            check_exposures(short, long, good, photons, limits)
            for short, long in combinations(by_exposure, 2)
        ),
    ]


def _choose(offsets: Offsets, actual: Conditions, tolerances: Tolerances) -> Choice:
    try:
        return offsets.choose(actual, tolerances)
    except CalibrationMismatchError as error:
        raise NoDarkForFlatError(actual, error.mismatches) from error


def _saturated(
    darks: Sequence[FrameSeries], levels: Sequence[LevelData], saturation_level: int
) -> Mask:
    """Return the pixels that saturate in some dark, or at every level."""
    in_darks = np.any([each.stack.maximum >= saturation_level for each in darks], axis=0)
    at_every_level = ~np.any([level.maps.usable for level in levels], axis=0)
    saturated: Mask = in_darks | at_every_level
    return saturated
