"""Choosing what corrects frames, of all that a calibration holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fpxi_imaging.conditions import Conditions, Tolerances
from fpxi_imaging.errors import CalibrationMismatchError, Mismatch
from fpxi_imaging.resolved import ResolvedCalibration

if TYPE_CHECKING:
    from fpxi_imaging.calibration import Calibration
    from fpxi_imaging.dark import DarkMap
    from fpxi_imaging.gain_model import GainModel

Answer = tuple[int, ...]
"""What tells one answer from another: here, which gain and which dark."""


def resolve(
    calibration: Calibration,
    answers: dict[Answer, ResolvedCalibration],
    actual: Conditions,
    tolerances: Tolerances,
) -> ResolvedCalibration:
    """Return the answer, one object for each. Raises `CalibrationMismatchError`."""
    dark = _fitting_dark(calibration.darks, actual, tolerances)
    gain = _fitting_gain(calibration.gains, actual, tolerances)
    key = (calibration.darks.index(dark), calibration.gains.index(gain))
    found = answers.get(key)
    if found is None:
        found = answers.setdefault(key, _combine(calibration, dark, gain))
    return found


def _fitting_dark(
    darks: tuple[DarkMap, ...], actual: Conditions, tolerances: Tolerances
) -> DarkMap:
    """Return the newest dark that fits."""
    fitting = [dark for dark in darks if not dark.conditions.mismatches(actual, tolerances)]
    if fitting:
        return max(fitting, key=lambda dark: dark.taken)
    raise CalibrationMismatchError(_least([dark.conditions for dark in darks], actual, tolerances))


def _fitting_gain(
    gains: tuple[GainModel, ...], actual: Conditions, tolerances: Tolerances
) -> GainModel:
    """Return the gain of the frames' gain setting; exposure and temperature are the darks'."""
    for gain in gains:
        at = replace(
            gain.conditions,
            exposure_us=actual.exposure_us,
            temperature_mC=actual.temperature_mC,
        )
        if not at.mismatches(actual, tolerances):
            return gain
    raise CalibrationMismatchError(_least([gain.conditions for gain in gains], actual, tolerances))


def _least(
    candidates: list[Conditions], actual: Conditions, tolerances: Tolerances
) -> tuple[Mismatch, ...]:
    """Return the differences from what differs least."""
    return min((each.mismatches(actual, tolerances) for each in candidates), key=len)


def _combine(calibration: Calibration, dark: DarkMap, gain: GainModel) -> ResolvedCalibration:
    return ResolvedCalibration(
        offset=dark.mean,
        gain=gain.gain,
        defects=calibration.defects.mask,
        not_imaging=calibration.not_imaging,
        normalisation=gain.normalisation,
        saturation_level=calibration.saturation_level,
        conditions=gain.conditions,
        linearity=gain.linearity,
        lag=calibration.lag,
        noise_per_count=gain.noise_per_count,
    )
