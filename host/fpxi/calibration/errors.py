"""The named errors of calibration files and of the runs that make calibrations."""

from __future__ import annotations

from pathlib import Path

from fpxi.errors import HostError


class UnmarkedRecordingError(HostError):
    """A recording that does not say that it shows darks, or flats, is to serve as such."""

    def __init__(self, path: Path, wanted: str) -> None:
        self.path = path
        self.wanted = wanted
        super().__init__(
            f"no frame of {path} is marked as a {wanted}: record {wanted}s with "
            f"`fpxi capture --{wanted}`; if these are {wanted}s all the same, say so with "
            "--unmarked (unmarked=True)"
        )


class NotACalibrationError(HostError):
    """A file is no calibration of ours, or of a layout that this version cannot read."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is not a readable fpxi calibration: {reason}; make one with `fpxi calibrate`"
        )


class WrongImageKeyError(HostError):
    """A recording was made as something else than it is now used for."""

    def __init__(self, path: Path, wanted: str, found: str) -> None:
        self.path = path
        self.wanted = wanted
        self.found = found
        super().__init__(
            f"{path} holds frames recorded as {found}, none as {wanted}; "
            "check that darks and flats were not swapped"
        )


class MixedConditionsError(HostError):
    """Frames that should share their conditions do not."""

    def __init__(self, name: str, first: object, second: object, where: str) -> None:
        self.name = name
        self.first = first
        self.second = second
        super().__init__(
            f"{name} is {first} and {second} in {where}; a calibration needs darks and flats "
            "of one panel at one exposure, gain, bias and temperature: record them again"
        )
