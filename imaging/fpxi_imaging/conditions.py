"""The conditions a calibration holds for, and how far data may depart from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from fpxi_imaging.condition_words import NOT_STATED
from fpxi_imaging.errors import CalibrationMismatchError, Mismatch

_EXACT = ("panel", "serial_number", "binning", "cds", "oversampling")


@dataclass(frozen=True)
class Tolerances:
    """How far each of these conditions may differ; the others must be equal, but for the region."""

    exposure_us: int = 0
    gain_setting: int = 0
    bias_mV: int = 100
    temperature_mC: int = 2000
    """Dark current doubles in 6 to 8 K, so 2 K is a change of about a fifth."""


@dataclass(frozen=True)
class Conditions:
    """The state of the panel while frames were taken; `NOT_STATED` for a number nobody stated."""

    panel: str
    serial_number: str
    exposure_us: int
    gain_setting: int
    bias_mV: int
    temperature_mC: int
    first_row: int = 0
    """Panel row of the first sample; a calibration serves any region within its own."""
    first_column: int = 0
    """Panel column of the first sample."""
    binning: int = 1
    """Panel rows, and columns, to one sample."""
    cds: int = 1
    """1 with correlated double sampling, 0 without."""
    oversampling: int = 1
    """Conversions averaged for each pixel."""
    averaged: int = 1
    """Exposures that the panel averages to one frame: of no matter to values, but to their noise,
    whose variance is by as much less."""

    @classmethod
    def of_arrays(
        cls,
        panel: str = "",
        serial_number: str = "",
        *,
        exposure_us: int = NOT_STATED,
        gain_setting: int = NOT_STATED,
        bias_mV: int = NOT_STATED,
        temperature_mC: int = NOT_STATED,
        cds: int = NOT_STATED,
    ) -> Self:
        """Return what is known of frames that no recording states the conditions of.

        What is left out is kept as not stated, and does not match what is.
        """
        return cls(
            panel, serial_number, exposure_us, gain_setting, bias_mV, temperature_mC, cds=cds
        )

    def require_match(self, actual: Conditions, tolerances: Tolerances) -> None:
        """Raise `CalibrationMismatchError` naming every condition that is out of tolerance."""
        mismatches = self.mismatches(actual, tolerances)
        if mismatches:
            raise CalibrationMismatchError(mismatches)

    def mismatches(self, actual: Conditions, tolerances: Tolerances) -> tuple[Mismatch, ...]:
        """Return every condition of `actual` that is out of tolerance."""
        return _exact(self, actual) + _numbers(self, actual, tolerances)


def _exact(calibrated: Conditions, actual: Conditions) -> tuple[Mismatch, ...]:
    return tuple(
        Mismatch(name, was, now, 0)
        for name in _EXACT
        if (was := getattr(calibrated, name)) != (now := getattr(actual, name))
    )


def _numbers(
    calibrated: Conditions, actual: Conditions, tolerances: Tolerances
) -> tuple[Mismatch, ...]:
    return tuple(
        Mismatch(name, was, now, tolerance)
        for name, tolerance in vars(tolerances).items()
        if abs((was := getattr(calibrated, name)) - (now := getattr(actual, name))) > tolerance
    )


DEFAULT_TOLERANCES = Tolerances()
