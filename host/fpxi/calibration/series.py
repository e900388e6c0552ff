"""From recordings to series of frames that share their conditions.

Frames belong together by what they say themselves: exposure, gain setting and temperature. Panel,
region, binning, sampling, averaging and bias must be the same in all recordings of a calibration.

Darks of several recordings make one series where they share these; the flats of each recording are
a series of their own, as the dose, which no frame tells, is what differs between levels.

Temperatures that lie further apart than the tolerance, with none between, make two series; a series
whose temperature wanders further than the tolerance is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Conditions, FrameSeries, FrameStack, Tolerances

from fpxi.calibration.errors import (
    MixedConditionsError,
    UnmarkedRecordingError,
    WrongImageKeyError,
)
from fpxi.errors import FrameSelectionError
from fpxi.image_key import ImageKey
from fpxi.recording import layout
from fpxi.recording.conditions import recorded_numbers
from fpxi.recording.reader import RecordingReader

_COMMON = ("first_row", "first_column", "binning", "cds", "oversampling", "averaged")
"""What all frames of a calibration share exactly."""
_APART = ("exposure_us", "gain_setting")
"""What tells one series from another."""

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Frames of one recording that serve one purpose, and their conditions."""

    reader: RecordingReader
    key: ImageKey
    indices: Indices
    numbers: dict[str, npt.NDArray[np.int64]]
    """Of these frames, by the names in `Conditions`."""
    relative_dose: float | None = None

    @property
    def name(self) -> str:
        """Name the frames in a message."""
        return f"the {self.key.name.lower()}s of {self.reader.path}"

    @property
    def facts(self) -> dict[str, object]:
        """What no frame says of itself."""
        return {
            "panel": self.reader.geometry.name,
            "serial_number": self.reader.facts.identity.serial_number,
            "the frames' shape": self.reader.area.shape,
        }

    def part(self, which: npt.NDArray[np.bool_]) -> Chosen:
        """Return some of the frames."""
        numbers = {name: values[which] for name, values in self.numbers.items()}
        return replace(self, indices=self.indices[which], numbers=numbers)


Group = list[Chosen]
"""Frames that make one series, of one recording or several; never empty."""


def choose(reader: RecordingReader, key: ImageKey, *, unmarked: bool) -> Chosen:
    """Choose the frames recorded as `key`; all if none is marked as dark or flat, and may be.

    Raises `FrameSelectionError`, `UnmarkedRecordingError`, `WrongImageKeyError`,
    `PatternFramesError`.
    """
    indices = _indices(reader, key, unmarked)
    numbers = recorded_numbers(reader)
    return Chosen(reader, key, indices, {name: each[indices] for name, each in numbers.items()})


def require_one_panel(chosen: Sequence[Chosen], tolerances: Tolerances) -> None:
    """Raise `MixedConditionsError` unless all frames are of one panel, region, sampling, bias."""
    first = chosen[0]
    for count, each in enumerate(chosen, 1):
        where = first.name if each is first else f"{first.name} and {each.name}"
        for name, fact in each.facts.items():
            if fact != first.facts[name]:
                raise MixedConditionsError(name, first.facts[name], fact, where)
        for name in _COMMON:
            require_within(name, all_numbers([first, each], name), 0, where)
        biases = all_numbers(chosen[:count], "bias_mV")
        require_within("bias_mV", biases, tolerances.bias_mV, where)


def grouped(chosen: Sequence[Chosen], tolerances: Tolerances) -> list[Group]:
    """Return the groups, in the order in which they first occur.

    Raises `MixedConditionsError` for a temperature that wanders.
    """
    groups: dict[tuple[object, ...], Group] = {}
    for index, each in enumerate(chosen):
        settings = np.column_stack([each.numbers[name] for name in _APART])
        for values in dict.fromkeys(map(tuple, settings.tolist())):
            own = (index,) if each.key is ImageKey.FLAT else ()
            part = each.part((settings == values).all(axis=1))
            groups.setdefault((*values, *own), []).append(part)
    allowed = tolerances.temperature_mC
    return [part for group in groups.values() for part in _by_temperature(group, allowed)]


def conditions_of_group(group: Group) -> Conditions:
    """Return what the frames share; bias and temperature are their means."""
    reader = group[0].reader
    numbers = {name: round(float(all_numbers(group, name).mean())) for name in group[0].numbers}
    return Conditions(reader.geometry.name, reader.facts.identity.serial_number, **numbers)


def read_series(group: Group, each_frame: Callable[[], None]) -> FrameSeries:
    """Read the frames of a group; `each_frame` is called after every one."""
    reader = group[0].reader
    stack = FrameStack(reader.area.shape, reader.not_imaging)
    for part in group:
        for index in part.indices:
            frame = part.reader.frame(int(index))
            stack.add(frame.samples, frame.row_received)
            each_frame()
    taken = min(_taken(part) for part in group)
    return FrameSeries(stack, conditions_of_group(group), taken, group[0].relative_dose)


def _indices(reader: RecordingReader, key: ImageKey, unmarked: bool) -> Indices:
    found, wanted = reader.image_keys, key.name.lower()
    if len(found) == 0:
        raise FrameSelectionError(reader.path, f"a {wanted}", 0)
    if not np.any(found != ImageKey.IMAGE):
        if not unmarked:
            raise UnmarkedRecordingError(reader.path, wanted)
        return np.arange(len(found))
    chosen = np.flatnonzero(found == key)
    if len(chosen) == 0:
        names = ", ".join(sorted({ImageKey(int(value)).name.lower() for value in found}))
        raise WrongImageKeyError(reader.path, wanted, names)
    return chosen


def _by_temperature(group: Group, allowed: int) -> list[Group]:
    """Split where two neighbouring temperatures of all are further apart than is allowed."""
    temperatures = np.unique(all_numbers(group, "temperature_mC"))
    starts = temperatures[1:][np.diff(temperatures) > allowed]
    edges = [temperatures[0], *starts, temperatures[-1] + 1]
    parts = []
    for low, high in pairwise(edges):
        within = [_between(each, low, high) for each in group]
        part = [each for each in within if len(each.indices)]
        where = " and ".join(each.name for each in part)
        require_within("temperature_mC", all_numbers(part, "temperature_mC"), allowed, where)
        parts.append(part)
    return parts


def _between(chosen: Chosen, low: int, high: int) -> Chosen:
    temperatures = chosen.numbers["temperature_mC"]
    return chosen.part((temperatures >= low) & (temperatures < high))


def require_within(name: str, values: npt.NDArray[np.int64], allowed: int, where: str) -> None:
    """Raise `MixedConditionsError` if values of a condition differ by more than is allowed."""
    if not len(values):
        return
    low, high = int(values.min()), int(values.max())
    if high - low > allowed:
        raise MixedConditionsError(name, low, high, where)


def all_numbers(group: Sequence[Chosen], name: str) -> npt.NDArray[np.int64]:
    """Return the values of a condition in all frames of a group."""
    return np.concatenate([each.numbers[name] for each in group])


def _taken(chosen: Chosen) -> datetime:
    """Return when the first of the frames was taken: device time after the recording's begin."""
    reader = chosen.reader
    text = reader.group(layout.ENTRY)["start_time"].asstr()[()]
    stamps = reader.column("timestamp")
    later = max(0, int(stamps[chosen.indices[0]]) - int(stamps[0]))  # a device may start anew
    return datetime.fromisoformat(text).astimezone(UTC) + timedelta(microseconds=later)
