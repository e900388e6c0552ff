"""From recordings of darks and flats to a calibration."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fpxi_imaging import (
    Calibration,
    Conditions,
    DefectThresholds,
    StackMean,
    Tolerances,
    build_calibration,
)

from fpxi.errors import MixedConditionsError, WrongImageKeyError
from fpxi.image_key import ImageKey
from fpxi.recording.conditions import recorded_numbers
from fpxi.recording.reader import RecordingReader, read_recording

DEFAULT_THRESHOLDS = DefectThresholds()
DEFAULT_TOLERANCES = Tolerances()


def calibration_from_recordings(
    dark: str | Path,
    flat: str | Path,
    *,
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Make a calibration from a recording of darks and one of flats, which may be one file.

    Frames are taken by their image key; in a file where every frame is keyed as an image, all
    are. Frames with missing rows count where they have rows. `progress` is called with the frames
    done and the frames in all.

    Raises `WrongImageKeyError`, `MixedConditionsError` unless panel, exposure, gain, bias and
    temperature agree within `tolerances`, `NotARecordingError`, and
    `fpxi_imaging.CalibrationError` for frames that make no calibration, such as darks with the
    beam on.
    """
    with ExitStack() as stack:
        readers = [stack.enter_context(read_recording(path)) for path in (dark, flat)]
        keys = (ImageKey.DARK, ImageKey.FLAT)
        chosen = [_choose(reader, key) for reader, key in zip(readers, keys, strict=True)]
        conditions = _conditions(readers, chosen, tolerances)
        total = sum(len(indices) for indices in chosen)
        stacks: list[StackMean] = []
        for reader, indices in zip(readers, chosen, strict=True):
            done = sum(each.frames for each in stacks)
            stacks.append(_stack(reader, indices, done, total, progress))
        geometry = readers[0].geometry
        return build_calibration(
            *stacks,
            not_imaging=geometry.not_imaging,
            saturation_level=geometry.full_scale,
            conditions=conditions,
            created=datetime.now(UTC),
            thresholds=thresholds,
        )


def _choose(reader: RecordingReader, key: ImageKey) -> npt.NDArray[np.intp]:
    """Return the indices of the frames recorded as `key`, or of all if no frame says anything."""
    found = reader.image_keys
    if not np.any(found != ImageKey.IMAGE):
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
    for name, pair in (("panel", names), ("serial_number", serials)):
        if pair[0] != pair[1]:
            raise MixedConditionsError(name, pair[0], pair[1], where)
    of_dark, of_flat = (recorded_numbers(reader) for reader in readers)
    numbers = {
        name: _agreed(
            name,
            np.concatenate([of_dark[name][chosen[0]], of_flat[name][chosen[1]]]),
            getattr(tolerances, name),
            where,
        )
        for name in of_dark
    }
    return Conditions(panel=names[0], serial_number=serials[0], **numbers)


def _agreed(name: str, values: npt.NDArray[np.int64], tolerance: int, where: str) -> int:
    """Return the mean of values that agree; 0 of none, which building a calibration refuses."""
    if len(values) == 0:
        return 0
    lowest, highest = int(values.min()), int(values.max())
    if highest - lowest > tolerance:
        raise MixedConditionsError(name, lowest, highest, where)
    return round(float(values.mean()))


def _stack(
    reader: RecordingReader,
    indices: npt.NDArray[np.intp],
    done: int,
    total: int,
    progress: Callable[[int, int], None] | None,
) -> StackMean:
    stack = StackMean((reader.geometry.rows, reader.geometry.columns))
    for index in indices:
        frame = reader.frame(int(index))
        stack.add(frame.samples, frame.row_received)
        if progress is not None:
            progress(done + stack.frames, total)
    return stack
