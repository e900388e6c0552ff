"""The named errors of imaging; each message says what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_readout.errors import FpxiError

from fpxi_imaging.condition_words import (
    NOT_STATED,
    condition_name,
    condition_range,
    condition_values,
    difference_words,
)


class ImagingError(FpxiError):
    """Base of every deliberate error of the imaging room."""


class ShapeMismatchError(ImagingError):
    """An array does not have the shape of the panel or calibration it is used with."""

    def __init__(
        self, expected: tuple[int, ...], actual: tuple[int, ...], *, name: str = "array"
    ) -> None:
        self.name = name
        self.expected = expected
        self.actual = actual
        super().__init__(
            f"{name} has shape {actual}, expected {expected}; "
            "use data and calibration of the same panel, region and binning"
        )


class ArrayLayoutError(ImagingError):
    """An array has a type or memory layout that the kernels do not take."""

    def __init__(self, name: str, expected: str, actual: str) -> None:
        self.name = name
        self.expected = expected
        self.actual = actual
        super().__init__(f"{name} must be {expected}, got {actual}; convert it before the call")


class SettingError(ImagingError):
    """A setting of a correction lies outside its range."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        self.name = name
        self.value = value
        self.allowed = allowed
        super().__init__(f"{name} is {value!r}, but must be {allowed}")


class DefectOutsideError(ImagingError):
    """A pixel said to be defective, or good, lies outside the panel."""

    def __init__(self, place: tuple[int, int], shape: tuple[int, int]) -> None:
        self.place = place
        """Row and column."""
        self.shape = shape
        super().__init__(
            f"row {place[0]}, column {place[1]} is no pixel of {shape[0]} rows x {shape[1]} "
            "columns, counted from 0; check the numbers and which of them is the row"
        )


class DefectRecordError(ImagingError):
    """What is on record of people's decisions about defects contradicts itself."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"the record of defects cannot be right: {problem}; use a copy of the calibration from "
            "before it was changed"
        )


@dataclass(frozen=True)
class Mismatch:
    """One condition that differs between a calibration and the data it should correct."""

    name: str
    """Of the condition, with its unit, as in `fpxi_imaging.Conditions`."""
    calibrated: str | int
    actual: str | int
    tolerance: int
    calibrated_most: int | None = None
    """Where a range is covered, `calibrated` being its lower end."""

    @property
    def calibrated_words(self) -> str:
        """What the calibration has, in words, with its unit."""
        most = self.calibrated if self.calibrated_most is None else self.calibrated_most
        if most != self.calibrated:
            return condition_range(self.name, self.calibrated, most)
        return condition_values(self.name, [self.calibrated, self.actual])[0]

    @property
    def actual_words(self) -> str:
        """What the data have."""
        return condition_values(self.name, [self.calibrated, self.actual])[1]

    @property
    def allowed_words(self) -> str:
        """` (at most 2 K apart)`; empty where nothing may differ."""
        if not self.tolerance:
            return ""
        return f" (at most {difference_words(self.name, self.tolerance)} apart)"

    def __str__(self) -> str:
        return (
            f"{condition_name(self.name)}: {self.calibrated_words} in the calibration, "
            f"{self.actual_words} in the data{self.allowed_words}"
        )


class CalibrationMismatchError(ImagingError):
    """The calibration was taken under other conditions than the data."""

    def __init__(self, mismatches: tuple[Mismatch, ...]) -> None:
        self.mismatches = mismatches
        listed = "; ".join(str(mismatch) for mismatch in mismatches)
        super().__init__(f"calibration does not fit this data: {listed}. {_remedy(mismatches)}")


def _remedy(mismatches: tuple[Mismatch, ...]) -> str:
    """Return the least that has to be done."""
    names = {each.name for each in mismatches}
    if any(each.calibrated in {NOT_STATED, ""} for each in mismatches):
        return (
            "State all conditions where the calibration is made (fpxi_imaging.Conditions), or "
            "calibrate with darks and flats that were recorded"
        )
    if names & {"panel", "serial_number"}:
        return "Use a calibration of the panel that the data are of"
    if names == {"temperature_mC"}:
        return (
            "Darks at the temperature of the data are enough: take them with the X-rays off by "
            "`fpxi calibrate URL --refresh CALIBRATION`, or refresh it by a recording of such darks"
        )
    return (
        "Collect new darks and flats under the conditions of the data, or set the panel as it was "
        "calibrated"
    )


class RegionMismatchError(ImagingError):
    """The calibration does not cover the region that the data show."""

    def __init__(
        self, calibrated: tuple[int, int, int, int], actual: tuple[int, int, int, int]
    ) -> None:
        self.calibrated = calibrated
        """Panel row and column of the first sample, rows and columns of samples."""
        self.actual = actual
        was, now = (
            f"{rows} x {columns} samples from row {row}, column {column}"
            for row, column, rows, columns in (calibrated, actual)
        )
        super().__init__(
            f"the calibration is of {was}, the data are of {now}; calibrate that region, or the "
            "whole panel"
        )


class CalibrationError(ImagingError):
    """The frames or values given cannot make a usable calibration."""


class NotEnoughFramesError(CalibrationError):
    """A row was received in no frame of a stack."""

    def __init__(self, stack: str, rows: tuple[int, ...]) -> None:
        self.stack = stack
        self.rows = rows
        shown = ", ".join(str(row) for row in rows[:8]) + (", ..." if len(rows) > 8 else "")
        super().__init__(
            f"the {stack} stack has no received frame for {len(rows)} row(s): {shown}; "
            f"collect more {stack} frames, by a link without loss if need be"
        )


class FlatNotBrighterError(CalibrationError):
    """The flat does not rise above the dark: beam off, or dark and flat swapped."""

    def __init__(self, response: float, required: float) -> None:
        self.response = response
        self.required = required
        super().__init__(
            f"the flat is {response:.1f} counts above the dark (median), at least {required:.1f} "
            "are needed; check that the beam was on for the flat and off for the dark, "
            "that the two were not swapped, and that the panel had its bias"
        )


class SaturatedError(CalibrationError):
    """Too many pixels of a stack reach the saturation level."""

    def __init__(self, stack: str, fraction: float, allowed: float) -> None:
        self.stack = stack
        self.fraction = fraction
        self.allowed = allowed
        super().__init__(
            f"{fraction:.1%} of the imaging pixels of the {stack} saturate, at most {allowed:.1%} "
            "may; lower the dose, exposure or gain and collect again"
        )


class TooManyDefectsError(CalibrationError):
    """So many pixels were found defective that the frames, not the pixels, are suspect."""

    def __init__(self, fraction: float, allowed: float) -> None:
        self.fraction = fraction
        self.allowed = allowed
        super().__init__(
            f"{fraction:.1%} of the imaging pixels were found defective, at most {allowed:.1%} "
            "may be; check beam uniformity, bias and cabling; for a panel that is so bad, widen "
            "the defects' thresholds (--threshold, DefectThresholds) or raise the limit (--limit "
            "most_defective=..., CheckLimits)"
        )


class MapValueError(CalibrationError):
    """A map has values with which no pixel can be corrected, at pixels said to be good."""

    def __init__(
        self, name: str, allowed: str, pixels: int, first: tuple[int, int], value: float
    ) -> None:
        self.name = name
        self.allowed = allowed
        self.pixels = pixels
        self.first = first
        """Row and column."""
        self.value = value
        """Of that pixel."""
        super().__init__(
            f"{name} must be {allowed} at good pixels, and is not at {pixels} of them, the first "
            f"at row {first[0]}, column {first[1]}, where it is {value:g}: mark such pixels in "
            "defects, or in not_imaging"
        )


class DefectMaskError(CalibrationError):
    """A mask marks so many pixels as defective that it may be meant the other way round."""

    def __init__(self, good: int, pixels: int, allowed: float) -> None:
        self.good = good
        self.pixels = pixels
        """Those that image."""
        self.allowed = allowed
        super().__init__(
            f"defects leaves {good} good pixels of {pixels} that image; at most {allowed:.0%} may "
            "be defective. True is defective: if the mask has True where pixels are good, give "
            "~mask; else raise CheckLimits.most_defective"
        )


class NoLagModelError(CalibrationError):
    """Lag is to be taken out, and the calibration does not know it."""

    def __init__(self) -> None:
        super().__init__(
            "the calibration has no lag model: calibrate the lag from a step-off recording, or "
            "correct without lag"
        )


class TooLittleMemoryError(ImagingError):
    """What a processing remembers of earlier frames does not fit in memory."""

    def __init__(self, needed: int) -> None:
        self.needed = needed
        super().__init__(
            f"this processing keeps {needed / 1e9:.1f} GB of earlier frames, more than there is "
            "memory for: average fewer frames, or use block or recursive averaging, which keep one"
        )


class NoNoiseModelError(CalibrationError):
    """Zingers or motion are looked for, and the calibration does not know the noise."""

    def __init__(self) -> None:
        super().__init__(
            "the calibration does not say how noisy frames are: calibrate with at least two dark "
            "and two flat frames, give calibration_from_maps dark_noise and noise_per_count, or "
            "process without zinger rejection and motion detection"
        )


class RecalibrationError(CalibrationError):
    """What a corrector remembers of earlier frames does not fit another calibration."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"what is remembered of earlier frames is of another calibration, which differs in "
            f"{what}; make a new corrector"
        )


class FrameTimeError(ImagingError):
    """Lag is to be taken out of a frame that does not say when it was taken."""

    def __init__(self) -> None:
        super().__init__(
            "the correction of lag needs the time of each frame: give time_us, the device's time "
            "stamp in microseconds"
        )


class ProcessingFormatError(ImagingError):
    """A description of a processing has something that this program does not know."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field = field
        self.value = value
        self.allowed = allowed
        super().__init__(
            f"{field} of the processing is {value!r}, but must be {allowed}; correct the "
            "description, or use a version of fpxi that knows it"
        )


class ScanSizeError(ImagingError):
    """The steps of a scan do not fill the rows that it is said to have."""

    def __init__(self, steps: int, columns: int, rows: int | None) -> None:
        self.steps = steps
        self.columns = columns
        self.rows = rows
        if rows is not None:
            problem = f"are more than the {rows * columns} of {rows} rows of {columns}"
        else:
            whole = steps // columns * columns
            problem = (
                f"are no whole number of rows of {columns}: {steps - whole} more than {whole}, "
                f"{whole + columns - steps} less than {whole + columns}"
            )
        super().__init__(
            f"the frames' {steps} steps, lost ones counted, {problem}; check the scan's columns, "
            "choose the frames that belong to it, or name its rows if it ended early"
        )


class ScanStepError(ImagingError):
    """A frame belongs to no step of the scan, or to another frame's."""

    def __init__(self, step: int, reason: str) -> None:
        self.step = step
        self.reason = reason
        super().__init__(f"step {step} of the scan: {reason}; take the frames of one scan only")
