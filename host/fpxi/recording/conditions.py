"""The conditions under which the frames of a recording were taken."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fpxi_imaging import Conditions
from fpxi_readout.protocol.generated import FrameFlag

from fpxi.errors import PatternFramesError
from fpxi.recording.columns import COLUMNS
from fpxi.recording.reader import RecordingReader

_COLUMN_OF = {
    "exposure_us": "exposure_time",
    "gain_setting": "gain_setting",
    "bias_mV": "bias_voltage",
    "temperature_mC": "temperature",
    **{
        name: name
        for name in ("first_row", "first_column", "binning", "cds", "oversampling", "averaged")
    },
}
_PER_UNIT = {column.name: column.per_unit for column in COLUMNS}


def recorded_numbers(reader: RecordingReader) -> dict[str, npt.NDArray[np.int64]]:
    """Return each numeric condition by its name in `Conditions`, one value a frame.

    Raises `PatternFramesError` where frames are no panel's.
    """
    patterns = int(np.count_nonzero(reader.column("flags") & FrameFlag.PATTERN))
    if patterns:
        raise PatternFramesError(reader.path, patterns)
    return {
        name: np.rint(reader.column(column) * _PER_UNIT[column]).astype(np.int64)
        for name, column in _COLUMN_OF.items()
    }


def recorded_conditions(reader: RecordingReader) -> list[Conditions]:
    """Return every state of the panel that occurs in a recording, once.

    Raises `PatternFramesError`.
    """
    return distinct_conditions(reader, recorded_numbers(reader))


def distinct_conditions(
    reader: RecordingReader, numbers: dict[str, npt.NDArray[np.int64]]
) -> list[Conditions]:
    """Return every state of the panel, once, of frames with these numbers."""
    distinct = np.unique(np.column_stack(list(numbers.values())), axis=0)
    panel, serial = reader.geometry.name, reader.facts.identity.serial_number
    return [
        Conditions(panel, serial, **dict(zip(numbers, row, strict=True)))
        for row in distinct.tolist()
    ]
