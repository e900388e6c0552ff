"""Choosing what corrects frames, of all that a calibration holds."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

import numpy as np

from fpxi_imaging.calibration._offsets import Choice, Offsets
from fpxi_imaging.calibration.gain_model import GainModel
from fpxi_imaging.condition_words import condition_words
from fpxi_imaging.conditions import Conditions, Tolerances
from fpxi_imaging.errors import CalibrationMismatchError, Mismatch
from fpxi_imaging.resolved import ResolvedCalibration

if TYPE_CHECKING:
    from fpxi_imaging.calibration.calibration import Calibration

_NONE = Tolerances(**dict.fromkeys(vars(Tolerances()), 0))
_KEPT = 8
"""Answers that are kept; the one that was made first goes first."""


class Resolver:
    """The answers of a calibration: one object for each, as callers ask for every frame."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self.offsets = Offsets(calibration.darks)
        self._answers: dict[tuple[int, Choice, int], ResolvedCalibration] = {}

    def resolve(self, actual: Conditions, tolerances: Tolerances) -> ResolvedCalibration:
        """Return what corrects frames of these conditions. Raises `CalibrationMismatchError`."""
        place, differences = self._gain(actual, tolerances)
        try:
            choice = self.offsets.choose(actual, tolerances)
        except CalibrationMismatchError as error:
            raise CalibrationMismatchError(_joined(error.mismatches, differences)) from None
        if differences:
            raise CalibrationMismatchError(differences)
        key = (place, choice, actual.averaged)
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= _KEPT:
                self._answers.pop(next(iter(self._answers)), None)
            found = self._answers.setdefault(key, self._combine(*key))
        return found

    def departures(self, actual: Conditions, tolerances: Tolerances) -> tuple[Mismatch, ...]:
        """Return what the tolerances let pass. Raises `CalibrationMismatchError`."""
        place, _ = self._gain(actual, tolerances)
        choice = self.offsets.choose(actual, tolerances)
        used = self._calibration.gains[place].conditions
        at = replace(
            self._calibration.darks[choice.nearest].conditions,
            exposure_us=choice.parts[0].exposure_us,
            temperature_mC=actual.temperature_mC
            if len(choice.parts) > 1
            else choice.temperature_mC,
        )
        alike = replace(used, exposure_us=at.exposure_us, temperature_mC=at.temperature_mC)
        found = at.mismatches(actual, _NONE) + alike.mismatches(actual, _NONE)
        return tuple(
            replace(each, tolerance=getattr(tolerances, each.name)) for each in dict.fromkeys(found)
        )

    def _gain(self, actual: Conditions, tolerances: Tolerances) -> tuple[int, tuple[Mismatch, ...]]:
        """Return the gain that differs least, exposure and temperature aside, and how."""
        differences = [
            replace(
                gain.conditions,
                exposure_us=actual.exposure_us,
                temperature_mC=actual.temperature_mC,
            ).mismatches(actual, tolerances)
            for gain in self._calibration.gains
        ]
        place = min(range(len(differences)), key=lambda each: len(differences[each]))
        return place, differences[place]

    def _combine(self, place: int, choice: Choice, averaged: int) -> ResolvedCalibration:
        """Put the answer together; `averaged` exposures in a frame have so much less variance."""
        calibration, gain = self._calibration, self._calibration.gains[place]
        part = choice.parts[0]
        dark = calibration.darks[choice.nearest]
        noise = dark.noise * np.sqrt(dark.conditions.averaged / averaged)
        mask = calibration.defects.mask
        known = noise[~(mask | calibration.not_imaging) & np.isfinite(noise)]
        conditions = replace(
            gain.conditions,
            exposure_us=part.exposure_us,
            temperature_mC=choice.temperature_mC,
            averaged=averaged,
        )
        return ResolvedCalibration(
            offset=self.offsets.offset(choice).astype(np.float32),
            gain=gain.gain,
            defects=mask,
            not_imaging=calibration.not_imaging,
            normalisation=gain.normalisation,
            saturation_level=calibration.saturation_level,
            conditions=conditions,
            linearity=gain.linearity,
            lag=calibration.lag,
            dark_noise=float(np.median(known)) if known.size else 0.0,
            noise_per_count=gain.noise_per_count * gain.conditions.averaged / averaged,
            notes=(*self.offsets.notes(choice), *_of_gain(gain, conditions)),
        )


def _of_gain(gain: GainModel, used: Conditions) -> tuple[str, ...]:
    """Say where the gain was measured under other conditions than it is used."""
    notes = []
    exposures = {level.conditions.exposure_us for level in gain.levels}
    if used.exposure_us not in exposures:
        listed = ", ".join(f"{each / 1000:g}" for each in sorted(exposures))
        now = condition_words("exposure_us", used.exposure_us)
        notes.append(f"gain measured at {listed} ms is taken to hold at {now}")
    flat_us = gain.conditions.exposure_us
    if used.exposure_us != flat_us:
        notes.append(_of_open_beam(used.exposure_us, flat_us))
    measured_mC = gain.conditions.temperature_mC
    if abs(measured_mC - used.temperature_mC) > Tolerances().temperature_mC:
        notes.append(
            f"gain measured at {measured_mC / 1000:.1f} degrees C is taken to hold at "
            f"{used.temperature_mC / 1000:.1f}"
        )
    return tuple(notes)


def _of_open_beam(exposure_us: int, flat_us: int) -> str:
    """Say what transmission is where nothing is in the beam; values are not scaled.

    A steady beam's signal goes with the exposure. Of pulses that a longer exposure need not have
    more of, nothing is known.
    """
    ratio = exposure_us / flat_us
    now, flat = (condition_words("exposure_us", each) for each in (exposure_us, flat_us))
    return (
        f"transmission is over the level of the flats at {flat}: at {now} an open beam of the "
        f"flats' tube current reads about {ratio:.3g}, not 1, and about {-log(ratio):.2g} in "
        "attenuation, not 0 (of a steady beam, whose signal goes with the exposure); for 1, take "
        "flats of this exposure"
    )


def _joined(first: tuple[Mismatch, ...], second: tuple[Mismatch, ...]) -> tuple[Mismatch, ...]:
    """Return both, one difference of each name."""
    named = {each.name for each in first}
    return first + tuple(each for each in second if each.name not in named)
