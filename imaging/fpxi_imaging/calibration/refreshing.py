"""Renewing the offset of a calibration from darks taken later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fpxi_imaging.calibration._dark_groups import SAME_TEMPERATURE_mC
from fpxi_imaging.calibration._offsets import Offsets, SAME_RUN_s, TEMPERATURE_STEP_mC
from fpxi_imaging.calibration._renewed_verdicts import renewed_verdicts
from fpxi_imaging.calibration.beam_checks import refuse_beam
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.dark_series import dark_map, require_usable_darks
from fpxi_imaging.calibration.frame_stack import FrameSeries
from fpxi_imaging.calibration.offset_refresh import OffsetRefresh
from fpxi_imaging.calibration.quality import OFFSET_MODEL, offset_verdicts, worst
from fpxi_imaging.conditions import Conditions, Tolerances
from fpxi_imaging.defects.thresholds import panel_noise
from fpxi_imaging.errors import (
    CalibrationError,
    CalibrationMismatchError,
    Mismatch,
    RegionMismatchError,
    ShapeMismatchError,
)
from fpxi_imaging.verdict import Grade, Verdict

if TYPE_CHECKING:
    from fpxi_imaging.calibration.calibration import Calibration

CHECK = "offset since the calibration"
AGE = "age of the darks"
_HOUR_s = 3600.0
_BEAM_UNKNOWN = (
    "; the calibration does not say for certain how noisy X-rays are at this gain setting, so that "
    "the beam would not have been recognised by its noise: see for yourself that it was off, or "
    "calibrate anew"
)


@dataclass(frozen=True, eq=False)
class _Renewal:
    """New darks, those of the calibration that they are compared with, and how the two differ."""

    old: DarkMap
    new: DarkMap
    replaces: bool
    """Whether the old ones go; else those stay, as they are of another temperature."""
    beam_known: bool
    """Whether X-rays would have been recognised."""
    median: float
    """New - old over the good pixels, counts,"""
    rms: float
    """its root mean square,"""
    noise: float
    """and the noise of a frame, median pixel, counts."""
    judged: tuple[Verdict, ...]
    """Number and drift of the new darks."""

    @property
    def text(self) -> str:
        """What was done, and how far the offset is from what it was."""
        at, before = self.new.conditions, self.old.conditions
        warmer_mC = at.temperature_mC - before.temperature_mC
        difference = (
            f"{self.median:+.2f} counts (median), {self.rms:.2f} RMS, where a frame's noise is "
            f"{self.noise:.2f}"
        )
        if abs(warmer_mC) <= TEMPERATURE_STEP_mC:
            moved = f"the offset has drifted by {difference}"
        else:
            way = "warmer" if warmer_mC > 0 else "colder"
            moved = (
                f"the offset differs by {difference}; the panel is {abs(warmer_mC) / 1000:.1f} K "
                f"{way} than it was"
            )
            if self.replaces:
                moved += ", so that this is not drift alone"
        did = "took the place of" if self.replaces else "joined"
        text = (
            f"{self.new.frames} darks of {at.exposure_us / 1000:g} ms at gain setting "
            f"{at.gain_setting}, {at.temperature_mC / 1000:.1f} degrees C, {did} those of "
            f"{self.old.taken:%Y-%m-%d %H:%M} UTC at {before.temperature_mC / 1000:.1f}: {moved}"
        )
        return text if self.beam_known else text + _BEAM_UNKNOWN

    @property
    def refresh(self) -> OffsetRefresh:
        """What the calibration keeps of it."""
        new = self.new
        return OffsetRefresh(
            new.taken, new.frames, new.conditions, self.median, self.rms, self.text
        )

    def verdict(self, dark_drift_sigmas: float) -> Verdict:
        """Judge the difference; one that comes of another temperature is no fault."""
        most = dark_drift_sigmas * self.noise if self.replaces else np.inf
        small = abs(self.median) <= most
        text = self.text
        if not small:
            text += (
                f"; up to {most:.2g} is good: frames taken in between are off by up to as much; "
                "let panel and lag settle before darks, and refresh right before work"
            )
        grade = Grade.GOOD if small and self.beam_known else Grade.USABLE
        return Verdict(CHECK, grade, abs(self.median), most, "counts", text)


def refreshed(
    calibration: Calibration, darks: Sequence[FrameSeries], tolerances: Tolerances
) -> Calibration:
    """Do as `Calibration.refreshed` says."""
    if not darks:
        raise CalibrationError("there are no darks to renew the offset by: give one series or more")
    renewals = [_renewal(calibration, each, tolerances) for each in darks]
    new = tuple(each.new for each in renewals)
    kept = tuple(
        old
        for old in calibration.darks
        if not any(_same(old.conditions, each.conditions) for each in new)
    )
    limits = calibration.limits
    furthest_first = sorted(renewals, key=lambda each: -abs(each.median))
    anew = (
        *worst(offset_verdicts(Offsets((*kept, *new)).models, limits)),
        *worst(each.verdict(limits.dark_drift) for each in furthest_first),
        _age_verdict(kept, new),
    )
    unchanged = renewed_verdicts(
        (v for v in calibration.verdicts if v.check not in {CHECK, AGE, OFFSET_MODEL}),
        [verdict for each in renewals for verdict in each.judged],
        replaced=len(kept) < len(calibration.darks),
        kept=bool(kept),
    )
    return replace(
        calibration,
        darks=(*kept, *new),
        verdicts=(*unchanged, *anew),
        refreshes=(*calibration.refreshes, *(each.refresh for each in renewals)),
    )


def counterpart(darks: Sequence[DarkMap], actual: Conditions, tolerances: Tolerances) -> DarkMap:
    """Return the newest of the darks that differ in no more than temperature, and least in that.

    Raises `CalibrationMismatchError`, naming how the nearest differ.
    """

    def differences(dark: DarkMap) -> tuple[Mismatch, ...]:
        at = replace(dark.conditions, temperature_mC=actual.temperature_mC)
        found = at.mismatches(actual, tolerances)
        if at.averaged == actual.averaged:
            return found
        return (*found, Mismatch("averaged", at.averaged, actual.averaged, 0))

    fitting = [each for each in darks if not differences(each)]
    if not fitting:
        raise CalibrationMismatchError(min(map(differences, darks), key=len))
    return min(
        fitting,
        key=lambda each: (
            abs(each.conditions.temperature_mC - actual.temperature_mC) > SAME_TEMPERATURE_mC,
            -each.taken.timestamp(),
        ),
    )


def _renewal(calibration: Calibration, dark: FrameSeries, tolerances: Tolerances) -> _Renewal:
    """Compare new darks with the calibration's own, if they can serve in place of these."""
    _require_region(calibration, dark)
    old = counterpart(calibration.darks, dark.conditions, tolerances)
    limits = calibration.limits
    judged = require_usable_darks(
        dark,
        not_imaging=calibration.not_imaging,
        saturation_level=calibration.saturation_level,
        limits=limits,
    )
    new = dark_map(dark)
    good = ~(calibration.defects.mask | calibration.not_imaging)
    photons = [
        gain.photon_noise(old, good)
        for gain in calibration.gains
        if gain.conditions.gain_setting == dark.conditions.gain_setting
    ]
    for each in photons:
        refuse_beam(old, new, good, each, limits)
    difference = (new.mean.astype(np.float64) - old.mean)[good]
    return _Renewal(
        old,
        new,
        replaces=any(_same(each.conditions, new.conditions) for each in calibration.darks),
        beam_known=any(each.least(limits.beam_certainty) > 0 for each in photons),
        median=float(np.median(difference)),
        rms=float(np.sqrt(np.mean(difference**2))),
        noise=panel_noise(old.noise.astype(np.float64), good),
        judged=judged,
    )


def _require_region(calibration: Calibration, dark: FrameSeries) -> None:
    shape, at, now = dark.stack.shape, calibration.conditions, dark.conditions
    if shape != calibration.shape:
        raise ShapeMismatchError(calibration.shape, shape, name="dark")
    if (at.first_row, at.first_column) != (now.first_row, now.first_column):
        raise RegionMismatchError(
            (at.first_row, at.first_column, *shape), (now.first_row, now.first_column, *shape)
        )


def _same(old: Conditions, new: Conditions) -> bool:
    return (
        old.gain_setting == new.gain_setting
        and old.exposure_us == new.exposure_us
        and abs(old.temperature_mC - new.temperature_mC) <= SAME_TEMPERATURE_mC
    )


def _age_verdict(kept: Sequence[DarkMap], new: Sequence[DarkMap]) -> Verdict:
    """Say which darks were not renewed.

    What drifted since is not added to them: darks of one exposure do not tell a change of the bias,
    which all exposures share, from one of the dark current, which grows with the exposure.
    """
    newest = max(each.taken for each in new)
    ages_s = {each: (newest - each.taken).total_seconds() for each in kept}
    old = [each for each in kept if ages_s[each] > SAME_RUN_s]
    oldest_s = max((ages_s[each] for each in old), default=0.0)
    if not old:
        text = "no darks are much older than those of the refresh"
    else:
        listed = "; ".join(_of_setting(old, each) for each in _settings(old))
        text = (
            f"{listed} were not renewed, and are up to {_in_words(oldest_s)} older: frames of "
            "these exposures get their old offset, and between them and the new ones only a part "
            "of the change is in it. Renew all exposures of a gain setting at once: "
            + ", ".join(f"--refresh FILE --set gain_setting={each}" for each in _settings(old))
        )
    return Verdict(
        AGE,
        Grade.USABLE if old else Grade.GOOD,
        oldest_s / _HOUR_s,
        SAME_RUN_s / _HOUR_s,
        "h",
        text,
    )


def _settings(darks: Sequence[DarkMap]) -> list[int]:
    return sorted({each.conditions.gain_setting for each in darks})


def _of_setting(darks: Sequence[DarkMap], setting: int) -> str:
    """Name the darks of a gain setting by exposure and temperature."""
    own = [each.conditions for each in darks if each.conditions.gain_setting == setting]
    own.sort(key=lambda at: (at.exposure_us, at.temperature_mC))
    listed = ", ".join(
        f"{at.exposure_us / 1000:g} ms ({at.temperature_mC / 1000:.1f} degrees C)" for at in own
    )
    return f"the darks of gain setting {setting}, {listed},"


def _in_words(seconds: float) -> str:
    hours = seconds / _HOUR_s
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.0f} days"
