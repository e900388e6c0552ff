"""From recordings of darks and flats to a calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fpxi_imaging import (
    Calibration,
    CheckLimits,
    Conditions,
    DefectThresholds,
    FrameSeries,
    FrameStack,
    SaturatedError,
    Tolerances,
    build_calibration,
)

from fpxi.calibration.errors import (
    MixedConditionsError,
    UnmarkedRecordingError,
    WrongImageKeyError,
)
from fpxi.image_key import ImageKey
from fpxi.recording.conditions import recorded_numbers
from fpxi.recording.reader import RecordingReader, read_recording

DEFAULT_THRESHOLDS = DefectThresholds()
DEFAULT_LIMITS = CheckLimits()
DEFAULT_TOLERANCES = Tolerances()
_EXACT = dict.fromkeys(
    (
        "exposure_us",
        "gain_setting",
        "first_row",
        "first_column",
        "binning",
        "cds",
        "oversampling",
    ),
    0,
)
"""Settings whose darks and flats cannot be mixed, whatever is tolerated elsewhere."""


def calibration_from_recordings(
    dark: str | Path,
    flat: str | Path,
    *,
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    unmarked: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Make a calibration from a recording of darks and one of flats, which may be one file.

    Frames are taken by their image key. With `unmarked`, all frames are taken of a recording in
    which none is marked as dark or flat. Frames with missing rows count where they have rows.
    `progress` is called with the frames done and the frames in all.

    Panel, region, exposure, gain setting and sampling must be the same throughout; bias and
    temperature must agree within `tolerances`. The calibration's bias is that of the flats, its
    temperature is the mean of all frames.

    Raises `UnmarkedRecordingError`, `WrongImageKeyError`, `MixedConditionsError`,
    `NotARecordingError`, and `fpxi_imaging.CalibrationError` for frames that make no calibration,
    such as darks with the beam on.
    """
    with ExitStack() as stack:
        readers = [stack.enter_context(read_recording(path)) for path in (dark, flat)]
        keys = (ImageKey.DARK, ImageKey.FLAT)
        chosen = [_choose(reader, key, unmarked) for reader, key in zip(readers, keys, strict=True)]
        conditions = _conditions(readers, chosen, tolerances)
        total = sum(len(indices) for indices in chosen)
        stacks: list[FrameStack] = []
        for reader, indices in zip(readers, chosen, strict=True):
            done = sum(each.frames for each in stacks)
            stacks.append(_stack(reader, indices, done, total, progress))
        geometry = readers[0].geometry
        created = datetime.now(UTC)
        return build_calibration(
            [FrameSeries(stacks[0], conditions, created)],
            [FrameSeries(stacks[1], conditions, created)],
            not_imaging=readers[0].area.not_imaging(geometry),
            saturation_level=geometry.full_scale,
            created=created,
            thresholds=thresholds,
        )


def require_usable_darks(dark: str | Path, *, limits: CheckLimits = DEFAULT_LIMITS) -> None:
    """Judge a recording of darks before flats are taken.

    Raises `fpxi_imaging.SaturatedError` if more pixels saturate than a calibration may have.
    """
    with read_recording(dark) as reader:
        stack = _stack(reader, _choose(reader, ImageKey.DARK, unmarked=False), 0, 0, None)
        imaging = ~reader.area.not_imaging(reader.geometry)
        fraction = float(np.mean(stack.maximum[imaging] >= reader.geometry.full_scale))
    if fraction > limits.most_saturated:
        raise SaturatedError("dark", fraction, limits.most_saturated)


def _choose(reader: RecordingReader, key: ImageKey, unmarked: bool) -> npt.NDArray[np.intp]:
    """Return the indices of the frames recorded as `key`; of all if none is marked and may be."""
    found = reader.image_keys
    if len(found) == 0:
        return np.arange(0)
    if not np.any(found != ImageKey.IMAGE):
        if not unmarked:
            raise UnmarkedRecordingError(reader.path, key.name.lower())
        return np.arange(len(found))
    chosen = np.flatnonzero(found == key)
    if len(chosen) == 0:
        names = ", ".join(sorted({ImageKey(int(value)).name.lower() for value in found}))
        raise WrongImageKeyError(reader.path, key.name.lower(), names)
    return chosen


def _conditions(
    readers: list[RecordingReader],
    chosen: list[npt.NDArray[np.intp]],
    tolerances: Tolerances,
) -> Conditions:
    where = " and ".join(dict.fromkeys(str(reader.path) for reader in readers))
    names = [reader.geometry.name for reader in readers]
    serials = [reader.facts.identity.serial_number for reader in readers]
    shapes = [reader.area.shape for reader in readers]
    pairs = (("panel", names), ("serial_number", serials), ("the frames' shape", shapes))
    for name, pair in pairs:
        if pair[0] != pair[1]:
            raise MixedConditionsError(name, pair[0], pair[1], where)
    of_dark, of_flat = (
        {name: values[indices] for name, values in recorded_numbers(reader).items()}
        for reader, indices in zip(readers, chosen, strict=True)
    )
    allowed = {**asdict(tolerances), **_EXACT}
    for name in of_dark:
        _require_agreement(name, np.concatenate([of_dark[name], of_flat[name]]), allowed, where)
    stated = {name: of_flat[name] for name in of_dark}
    stated["temperature_mC"] = np.concatenate([of_dark["temperature_mC"], stated["temperature_mC"]])
    numbers = {name: _mean(values) for name, values in stated.items()}
    return Conditions(panel=names[0], serial_number=serials[0], **numbers)


def _require_agreement(
    name: str, values: npt.NDArray[np.int64], allowed: Mapping[str, int], where: str
) -> None:
    if len(values) and int(values.max()) - int(values.min()) > allowed[name]:
        raise MixedConditionsError(name, int(values.min()), int(values.max()), where)


def _mean(values: npt.NDArray[np.int64]) -> int:
    """Return the mean; 0 of none, which building a calibration refuses."""
    return round(float(values.mean())) if len(values) else 0


def _stack(
    reader: RecordingReader,
    indices: npt.NDArray[np.intp],
    done: int,
    total: int,
    progress: Callable[[int, int], None] | None,
) -> FrameStack:
    not_imaging = reader.area.not_imaging(reader.geometry)
    stack = FrameStack(reader.area.shape, not_imaging)
    for index in indices:
        frame = reader.frame(int(index))
        stack.add(frame.samples, frame.row_received)
        if progress is not None:
            progress(done + stack.frames, total)
    return stack
