"""The conditions a calibration holds for, and how far data may depart from them."""

from __future__ import annotations

from dataclasses import dataclass

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
    """The state of the panel while frames were taken."""

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
    """1 with correlated double sampling."""
    oversampling: int = 1
    """Conversions averaged for each pixel."""
    averaged: int = 1
    """Exposures that the panel averages to one frame: of no matter to values, but to their noise,
    whose variance is by as much less."""

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
