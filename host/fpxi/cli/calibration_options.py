"""The command line of `fpxi calibrate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import click
from fpxi_imaging import CheckLimits, DefectThresholds, GainMethod, GainOptions, Shading

GAINS = {
    "linear": GainMethod.LINEAR,
    "piecewise": GainMethod.PIECEWISE,
    "polynomial": GainMethod.POLYNOMIAL,
}
SHADINGS = {"removed": Shading.REMOVED, "kept": Shading.KEPT}
FITTED_LEVELS = 3
"""Levels of flats for a gain that is fitted to several, unless another number is given."""
_NAMES = {
    "settings": "set",
    "tolerances": "tolerance",
    "step_off": "step-off",
    "lag_on": "lag-on",
    "lag_off": "lag-off",
    "lag_exposed": "lag-exposed",
    "limits": "limit",
    "thresholds": "threshold",
}


class Figures(TypedDict):
    """Keyword arguments of whatever makes a calibration."""

    limits: CheckLimits
    thresholds: DefectThresholds


@dataclass(frozen=True)
class Options:
    """What the user gave, but for the URL and what is printed."""

    dark: tuple[str, ...]
    flat: tuple[str, ...]
    step_off: Path | None
    output: Path | None
    exposure: tuple[str, str] | None
    exposures: tuple[int, ...]
    levels: int | None
    gain: str | None
    shading: str
    lag: bool
    lag_on: float | None
    lag_off: float | None
    lag_exposed: float | None
    refresh: Path | None
    settings: tuple[tuple[str, str], ...]
    tolerances: tuple[tuple[str, str], ...]
    limits: CheckLimits | None
    thresholds: DefectThresholds | None
    unmarked: bool
    overwrite: bool

    def refuse(self, *names: str, why: str) -> None:
        """Raise `click.UsageError` if one of these was given; `why` it has no effect."""
        given = [f"--{_NAMES.get(name, name)}" for name in names if getattr(self, name)]
        if given:
            raise click.UsageError(f"{', '.join(given)}: {why}.")

    @property
    def written(self) -> Path:
        """The calibration to write. Raises `click.UsageError` if none is named."""
        if self.output is not None:
            return self.output
        if self.refresh is not None:
            return self.refresh
        raise click.UsageError("Name the calibration to write: -o FILE.")

    @property
    def level_count(self) -> int:
        """How many levels of flats to take. Raises `click.UsageError` if they are too few."""
        if self.levels is None:
            return 1 if self.gain is None else FITTED_LEVELS
        if self.gain is not None and self.levels < 2:
            raise click.UsageError(f"--gain {self.gain} needs flats of --levels 2 or more.")
        return self.levels

    @property
    def figures(self) -> Figures:
        """By what frames are checked and defects found."""
        return {
            "limits": self.limits or CheckLimits(),
            "thresholds": self.thresholds or DefectThresholds(),
        }

    @property
    def gain_options(self) -> GainOptions:
        """How the gain is made."""
        method = None if self.gain is None else GAINS[self.gain]
        return GainOptions(method=method, shading=SHADINGS[self.shading])
