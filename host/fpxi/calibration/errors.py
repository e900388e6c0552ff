"""The named errors of calibration files and of the runs that make calibrations."""

from __future__ import annotations

from pathlib import Path

from fpxi_imaging.condition_words import condition_name, condition_values

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
        one, other = (
            condition_values(name, [first, second])
            if isinstance(first, str | int) and isinstance(second, str | int)
            else (first, second)
        )
        super().__init__(
            f"{condition_name(name)} is {one} and {other} in {where}; a calibration needs darks "
            "and flats of one panel, region, sampling and bias, each series at a steady "
            "temperature: record them again"
        )


class NoCalibrationGivenError(HostError):
    """What is to be saved is no calibration; most often path and calibration are swapped."""

    def __init__(self, path: object, calibration: object) -> None:
        self.given = (type(path).__name__, type(calibration).__name__)
        super().__init__(
            f"save_calibration was given {' and '.join(self.given)}: call it as "
            "save_calibration(path, calibration), the path first"
        )


class ContentError(HostError):
    """A part of a file is missing, or not what it should be."""

    def __init__(self, place: str, problem: str) -> None:
        self.place = place
        self.problem = problem
        super().__init__(f"{place} {problem}")


class SettingWithoutFlatsError(HostError):
    """There are darks of a gain setting, but no flats."""

    def __init__(self, path: Path, setting: int, with_flats: tuple[int, ...]) -> None:
        self.path = path
        self.setting = setting
        self.with_flats = with_flats
        listed = ", ".join(str(each) for each in with_flats)
        super().__init__(
            f"{path} holds darks of gain setting {setting}, but the flats are of {listed}: record "
            f"flats of gain setting {setting}, or leave these darks out"
        )


class RelativeDosesError(HostError):
    """The doses given do not belong to the recordings of flats."""

    def __init__(self, doses: tuple[float, ...], recordings: int) -> None:
        self.doses = doses
        self.recordings = recordings
        listed = ", ".join(f"{dose:g}" for dose in doses)
        super().__init__(
            f"relative doses {listed} cannot be those of {recordings} recording(s) of flats: give "
            "one positive number for each, in the same order"
        )


class RecordingListError(HostError):
    """No recording is given, or one twice, which would count its noise as less than it is."""

    def __init__(self, what: str, paths: tuple[Path, ...]) -> None:
        self.what = what
        self.paths = paths
        named = ", ".join(str(path) for path in paths) or "nothing"
        super().__init__(
            f"{what} cannot be made from {named}: give one recording or more, each once"
        )
