"""The named errors of frames that make no calibration; each message says what to do next."""

from __future__ import annotations

from fpxi_imaging.condition_words import condition_name, condition_words, stated_words
from fpxi_imaging.conditions import Conditions
from fpxi_imaging.errors import CalibrationError, Mismatch, SaturatedError


class TooFewFramesError(CalibrationError):
    """A series is so short that nothing is known of its noise."""

    def __init__(self, series: str, frames: int, required: int, advised: int) -> None:
        self.series = series
        self.frames = frames
        self.required = required
        super().__init__(
            f"the {series} series has {frames} frame(s), at least {required} are needed to know "
            f"its noise; take {advised} or more"
        )


class AllDeadError(CalibrationError):
    """Every pixel reads the same in every frame, dark or flat."""

    def __init__(self) -> None:
        super().__init__(
            "every imaging pixel reads one and the same value in all darks and flats: the panel "
            "gives no signal; check its cable, power and bias, and read it again"
        )


class AllSaturatedError(SaturatedError):
    """Every pixel of a series saturates."""


class UnevenFlatError(CalibrationError):
    """The flat varies more over the panel than a beam without an object does."""

    def __init__(self, reason: str, *, last_resort: str = "") -> None:
        """`last_resort` is what to do where it is so with nothing in the beam."""
        self.reason = reason
        super().__init__(
            f"the flat is uneven: {reason}. Take everything out of the beam, centre it, let it "
            f"cover the whole panel, and take the flats again{'. ' if last_resort else ''}"
            f"{last_resort}"
        )


class DriftError(CalibrationError):
    """The level changed while the frames were taken."""

    def __init__(self, series: str, drift: float, allowed: float, unit: str) -> None:
        self.series = series
        self.drift = drift
        self.allowed = allowed
        self.unit = unit
        super().__init__(
            f"the {series} drifted by {drift:+.3g} {unit} while they were taken, at most "
            f"{allowed:.3g} {unit} are allowed; let panel and tube warm up and settle after the "
            "last change of beam or bias, and take them again"
        )


class BeamOnInDarkError(CalibrationError):
    """X-rays fell on the panel while darks were taken."""

    def __init__(self, series: str, signal: float, reason: str) -> None:
        self.series = series
        self.signal = signal
        """Counts by which it is too bright."""
        self.reason = reason
        super().__init__(
            f"the {series} were taken with X-rays on the panel: {reason}. Close the shutter or "
            "switch the tube off, and take them again"
        )


class NoDarkForFlatError(CalibrationError):
    """No dark, nor a model of darks, gives the offset of a series of flats."""

    def __init__(self, flat: Conditions, mismatches: tuple[Mismatch, ...]) -> None:
        self.flat = flat
        self.mismatches = mismatches
        listed = "; ".join(
            f"{condition_name(each.name)}: darks at {each.calibrated_words}, flats at "
            f"{each.actual_words}{each.allowed_words}"
            for each in mismatches
        )
        super().__init__(
            f"no darks fit the flats of {stated_words('exposure_us', flat.exposure_us)} at gain "
            f"setting {condition_words('gain_setting', flat.gain_setting)}, "
            f"{stated_words('temperature_mC', flat.temperature_mC)} ({listed}); take darks "
            "under the conditions of the flats"
        )


class GainLevelsError(CalibrationError):
    """The levels of the flats do not make the gain that is asked for."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{reason}; take flats at levels from a tenth of the range to most of it")
