"""The conditions a calibration holds for, and how far data may depart from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fpxi_imaging.errors import CalibrationMismatchError, Mismatch


@dataclass(frozen=True)
class Tolerances:
    """How far each numeric condition may differ; texts must be equal."""

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

    def require_match(self, actual: Conditions, tolerances: Tolerances) -> None:
        """Raise `CalibrationMismatchError` naming every condition that is out of tolerance."""
        mismatches = _texts(self, actual) + _numbers(self, actual, tolerances)
        if mismatches:
            raise CalibrationMismatchError(mismatches)


def _texts(calibrated: Conditions, actual: Conditions) -> tuple[Mismatch, ...]:
    pairs = (
        ("panel", calibrated.panel, actual.panel),
        ("serial_number", calibrated.serial_number, actual.serial_number),
    )
    return tuple(Mismatch(name, was, now, 0) for name, was, now in pairs if was != now)


def _numbers(
    calibrated: Conditions, actual: Conditions, tolerances: Tolerances
) -> tuple[Mismatch, ...]:
    was, now = asdict(calibrated), asdict(actual)
    return tuple(
        Mismatch(name, was[name], now[name], tolerance)
        for name, tolerance in asdict(tolerances).items()
        if abs(was[name] - now[name]) > tolerance
    )


DEFAULT_TOLERANCES = Tolerances()
