"""Renewing the offset of a calibration from darks taken later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fpxi_imaging.calibration._offsets import Offsets, SAME_TEMPERATURE_mC
from fpxi_imaging.calibration.beam_checks import refuse_beam
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.dark_series import dark_map, require_usable_darks
from fpxi_imaging.calibration.frame_stack import FrameSeries
from fpxi_imaging.calibration.offset_refresh import OffsetRefresh
from fpxi_imaging.calibration.quality import OFFSET_MODEL, offset_verdicts, worst
from fpxi_imaging.conditions import Conditions, Tolerances
from fpxi_imaging.defects.thresholds import panel_noise
from fpxi_imaging.errors import CalibrationMismatchError, ShapeMismatchError
from fpxi_imaging.verdict import Grade, Verdict

if TYPE_CHECKING:
    from fpxi_imaging.calibration.calibration import Calibration

CHECK = "drift since the calibration"
_BEAM_UNKNOWN = (
    "; the calibration does not say for certain how noisy X-rays are at this gain setting, so that "
    "the beam would not have been recognised by its noise: see for yourself that it was off, or "
    "calibrate anew"
)


def refreshed(calibration: Calibration, dark: FrameSeries, tolerances: Tolerances) -> Calibration:
    """Do as `Calibration.refreshed` says."""
    if dark.stack.shape != calibration.shape:
        raise ShapeMismatchError(calibration.shape, dark.stack.shape, name="dark")
    old = _counterpart(calibration.darks, dark.conditions, tolerances)
    require_usable_darks(
        dark,
        not_imaging=calibration.not_imaging,
        saturation_level=calibration.saturation_level,
        limits=calibration.limits,
    )
    new = dark_map(dark)
    good = ~(calibration.defects.mask | calibration.not_imaging)
    photons = [
        gain.photon_noise(old, good)
        for gain in calibration.gains
        if gain.conditions.gain_setting == dark.conditions.gain_setting
    ]
    for each in photons:
        refuse_beam(old, new, good, each, calibration.limits)
    known = any(each.least(calibration.limits.beam_certainty) > 0 for each in photons)
    drift = (new.mean.astype(np.float64) - old.mean)[good]
    median, rms = float(np.median(drift)), float(np.sqrt(np.mean(drift**2)))
    noise = panel_noise(old.noise.astype(np.float64), good)
    replaced = [each for each in calibration.darks if _same(each.conditions, new.conditions)]
    kept = tuple(each for each in calibration.darks if each not in replaced)
    words = _words(old, new, median, rms, noise, bool(replaced), kept)
    if not known:
        words += _BEAM_UNKNOWN
    small = known and abs(median) <= calibration.limits.most_dark_drift * noise
    verdict = Verdict(
        CHECK,
        Grade.GOOD if small else Grade.USABLE,
        abs(median),
        calibration.limits.most_dark_drift * noise,
        "counts",
        words,
    )
    darks = (*kept, new)
    models = worst(offset_verdicts(Offsets(darks).models, calibration.limits))
    unchanged = (v for v in calibration.verdicts if v.check not in {CHECK, OFFSET_MODEL})
    return replace(
        calibration,
        darks=darks,
        verdicts=(*unchanged, *models, verdict),
        refreshes=(
            *calibration.refreshes,
            OffsetRefresh(new.taken, new.frames, new.conditions, median, rms, words),
        ),
    )


def _counterpart(darks: tuple[DarkMap, ...], actual: Conditions, tolerances: Tolerances) -> DarkMap:
    """Return the newest of the darks that differ in no more than temperature, and least in that."""

    def at_that_temperature(dark: DarkMap) -> Conditions:
        return replace(dark.conditions, temperature_mC=actual.temperature_mC)

    fitting = [
        each for each in darks if not at_that_temperature(each).mismatches(actual, tolerances)
    ]
    if not fitting:
        nearest = min(
            (at_that_temperature(each).mismatches(actual, tolerances) for each in darks), key=len
        )
        raise CalibrationMismatchError(nearest)
    return min(
        fitting,
        key=lambda each: (
            abs(each.conditions.temperature_mC - actual.temperature_mC) > SAME_TEMPERATURE_mC,
            -each.taken.timestamp(),
        ),
    )


def _same(old: Conditions, new: Conditions) -> bool:
    return (
        old.gain_setting == new.gain_setting
        and old.exposure_us == new.exposure_us
        and abs(old.temperature_mC - new.temperature_mC) <= SAME_TEMPERATURE_mC
    )


def _words(  # noqa: PLR0917 - one account of seven facts
    old: DarkMap,
    new: DarkMap,
    median: float,
    rms: float,
    noise: float,
    replaces: bool,
    others: Sequence[DarkMap],
) -> str:
    at, before = new.conditions, old.conditions
    did = "took the place of" if replaces else "joined"
    text = (
        f"{new.frames} darks of {at.exposure_us} us at gain setting {at.gain_setting}, "
        f"{at.temperature_mC / 1000:.1f} degrees C, {did} those of {old.taken:%Y-%m-%d %H:%M} UTC "
        f"at {before.temperature_mC / 1000:.1f}: the offset has drifted by {median:+.2f} counts "
        f"(median), {rms:.2f} RMS, where a frame's noise is {noise:.2f}"
    )
    if others:
        text += f"; {len(others)} other series of darks stay as they were measured"
    same = (each.conditions for each in others if each.conditions.gain_setting == at.gain_setting)
    exposures = sorted({each.exposure_us for each in same} - {at.exposure_us})
    if exposures:
        listed = ", ".join(str(each) for each in exposures)
        text += (
            f": exposures up to those of {listed} us get only part of the drift until these are "
            "refreshed too"
        )
    return text
