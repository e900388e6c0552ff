"""How far frames are from the conditions of what corrects them, where that is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fpxi_imaging.condition_words import (
    condition_name,
    condition_range,
    condition_words,
    difference_words,
)
from fpxi_imaging.conditions import DEFAULT_TOLERANCES, Tolerances
from fpxi_imaging.errors import Mismatch

SAID_FROM_mC = 250
"""Differences of temperature below this are not worth a note: dark current changes by 2.5 %."""


@dataclass(frozen=True)
class Departure:
    """A condition in which frames differ from a dark or gain that corrects them."""

    condition: str
    """Its name in `fpxi_imaging.Conditions`, with its unit."""
    calibrated: int
    frames_least: int
    frames_most: int
    """Of the frames that differ, least and most."""
    tolerance: int

    @property
    def apart(self) -> int:
        """The largest difference."""
        differences = (each - self.calibrated for each in (self.frames_least, self.frames_most))
        return max(map(abs, differences))

    @property
    def widened(self) -> bool:
        """It is more than is usually allowed."""
        return self.apart > int(getattr(DEFAULT_TOLERANCES, self.condition))

    @property
    def note(self) -> str | None:
        """What is to be said of it; None of a usual one without effect."""
        usual = int(getattr(DEFAULT_TOLERANCES, self.condition))
        if self.condition == "temperature_mC":
            return self._of_temperature(usual) if self.apart >= SAID_FROM_mC else None
        if not self.widened:
            return None
        name = self.condition
        frames = condition_range(name, self.frames_least, self.frames_most)
        return (
            f"{condition_name(name)} of the frames is {frames}, of the calibration "
            f"{condition_words(name, self.calibrated)}: let pass by a tolerance of "
            f"{difference_words(name, self.tolerance)}, which usually is "
            f"{difference_words(name, usual)}"
        )

    def _of_temperature(self, usual: int) -> str:
        name = self.condition
        frames = condition_range(name, self.frames_least, self.frames_most)
        tolerance = difference_words(name, self.tolerance)
        allowed = f"the tolerance is {tolerance}"
        if self.widened:
            allowed = f"let pass by a tolerance of {tolerance}, which usually is "
            allowed += difference_words(name, usual)
        return (
            f"frames at {frames} are corrected with darks at "
            f"{condition_words(name, self.calibrated)}: up to {self.apart / 1000:.1f} K apart, "
            f"{allowed}"
        )


def collected(mismatches: Iterable[Mismatch]) -> tuple[Departure, ...]:
    """Return one departure for each condition and calibrated value, of all frames' mismatches."""
    found: dict[tuple[str, int], Departure] = {}
    for each in mismatches:
        was, now = int(each.calibrated), int(each.actual)
        known = found.get((each.name, was), Departure(each.name, was, now, now, each.tolerance))
        found[each.name, was] = replace(
            known,
            frames_least=min(known.frames_least, now),
            frames_most=max(known.frames_most, now),
        )
    return tuple(found.values())


def notes_of(departures: Iterable[Departure]) -> tuple[str, ...]:
    """Return what is to be said of them."""
    return tuple(note for each in departures if (note := each.note) is not None)


@dataclass(frozen=True)
class Agreement:
    """What was allowed to differ between frames and calibration, and what did."""

    tolerances: Tolerances
    departures: tuple[Departure, ...]
