"""Reading recordings, also those that a crash cut short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
import numpy.typing as npt
from fpxi_readout.errors import FpxiError
from fpxi_readout.frame import Frame, Sampling
from fpxi_readout.identity import DeviceIdentity
from fpxi_readout.protocol.generated import FrameFlag
from fpxi_readout.protocol.geometry import FrameArea, PanelGeometry

from fpxi.errors import FrameSelectionError, NotARecordingError
from fpxi.file_kind import why_unreadable
from fpxi.image_key import ImageKey
from fpxi.recording import layout
from fpxi.recording.columns import COLUMNS, Column
from fpxi.recording.facts import RecordingFacts, dictionary_from_text

_FRAME_FIELDS = {
    "number": "sequence_number",
    "timestamp_us": "timestamp",
    "exposure_us": "exposure_time",
    "gain_setting": "gain_setting",
    "bias_mV": "bias_voltage",
    "temperature_mC": "temperature",
    "flags": "flags",
}
_SAMPLING_FIELDS = tuple(field.name for field in fields(Sampling))
_COLUMNS = {column.name: column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """Something that happened while a recording was made."""

    time_s: float
    """Seconds since 1970, by the recording computer."""
    device_time_us: int | None
    """By the device's clock, if the device reported it."""
    frames_before: int
    """Frames of the recording that came before it."""
    text: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecordedFrame(Frame):
    """A frame that was recorded, with what it was recorded as."""

    image_key: ImageKey


class RecordingReader:
    """An open recording; a context manager. Not thread safe.

    After a crash the datasets may differ in length by part of the last commit: `frame_count` is
    what all of them hold. Raises `NotARecordingError`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._file = h5py.File(self.path, "r")
        except OSError as error:
            raise _not_a_recording(self.path, error) from error
        try:
            self.layout = self._read_layout()
            self.facts = self._read_facts()
            self.frame_count = self._count_frames()
            # A value at a time, h5py is slower than the rest of reading a frame.
            self._columns = {name: self._read_column(column) for name, column in _COLUMNS.items()}
            self._keys = self.image_keys
        except (KeyError, OSError, ValueError, FpxiError) as error:
            self._file.close()
            if isinstance(error, NotARecordingError):
                raise
            raise _not_a_recording(self.path, error) from error

    @property
    def geometry(self) -> PanelGeometry:
        """The pixel array."""
        return self.facts.dictionary.panel

    @property
    def area(self) -> FrameArea:
        """The part of the panel that the frames show; every frame of a recording shows the same."""
        rows, columns = self.data.shape[1:]
        if not self.frame_count:
            return FrameArea(0, 0, rows, columns)
        first_row, first_column, binning = (
            int(self._columns[name][0]) for name in ("first_row", "first_column", "binning")
        )
        return FrameArea(first_row, first_column, rows, columns, binning)

    @property
    def not_imaging(self) -> npt.NDArray[np.bool_]:
        """(rows, cols) of a frame: True in the process ring."""
        return self.area.not_imaging(self.geometry)

    @property
    def complete(self) -> bool:
        """False if the recording was cut short by a crash."""
        return "end_time" in self._file[layout.ENTRY]

    @property
    def data(self) -> h5py.Dataset:
        """Raw counts, uint16 (frames, rows, columns); mind `frame_count` after a crash."""
        return self._file[layout.DATA]

    @property
    def image_keys(self) -> npt.NDArray[np.uint8]:
        """What each frame shows: `ImageKey` values."""
        return self._read("image_key")

    def group(self, path: str) -> h5py.Group:
        """Return a group of the file, for what this class has no name for."""
        return self._file[path]

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return one value a frame, in the unit of the dataset, such as `exposure_time` in s."""
        return self._columns[name].copy()

    def events(self) -> list[RecordedEvent]:
        """Return what happened while the recording was made."""
        group = self._file[layout.EVENTS]
        columns = [group[name] for name in ("time", "device_time", "frames_before")]
        texts = group["text"].asstr()
        count = min(len(dataset) for dataset in (*columns, group["text"]))
        return [
            RecordedEvent(
                time_s=float(columns[0][i]),
                device_time_us=None if columns[1][i] < 0 else int(columns[1][i]),
                frames_before=int(columns[2][i]),
                text=str(texts[i]),
            )
            for i in range(count)
        ]

    def link_statistics(self) -> dict[str, int]:
        """Return the link's counters at the recording's end; empty after a crash."""
        group = self._file[layout.DEVICE].get("link_statistics", {})
        return {name: int(group[name][()]) for name in group}

    def frame(self, index: int) -> RecordedFrame:
        """Return one frame as it was received. Raises `FrameSelectionError`."""
        if not 0 <= index < self.frame_count:
            raise FrameSelectionError(self.path, f"frame {index}", self.frame_count)
        said: dict[str, Any] = {
            field: self._said(name, index) for field, name in _FRAME_FIELDS.items()
        }
        said["flags"] = FrameFlag(said["flags"])
        sampling: dict[str, Any] = {name: self._said(name, index) for name in _SAMPLING_FIELDS}
        sampling["cds"] = bool(sampling["cds"])
        return RecordedFrame(
            **said,
            sampling=Sampling(**sampling),
            samples=self.data[index],
            row_received=self._file[layout.ROW_RECEIVED][index].astype(np.bool_),
            image_key=self.image_key(index),
        )

    def image_key(self, index: int) -> ImageKey:
        """Return what a frame shows."""
        return ImageKey(int(self._keys[index]))

    def __len__(self) -> int:
        return self.frame_count

    def __iter__(self) -> Iterator[RecordedFrame]:
        return (self.frame(index) for index in range(self.frame_count))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _detector(self) -> h5py.Group:
        return self._file[layout.DETECTOR]

    def _said(self, name: str, index: int) -> int:
        return _COLUMNS[name].said(self._columns[name][index])

    def _read_column(self, column: Column) -> npt.NDArray[Any]:
        if column.since <= self.layout:
            return self._read(column.name)
        return np.full(self.frame_count, column.before, column.dtype)

    def _read(self, name: str) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = self._detector[name][: self.frame_count]
        return values

    def _text(self, path: str) -> str:
        return str(self._file[path].asstr()[()])

    def _read_layout(self) -> int:
        written_by = int(self._file.attrs[layout.LAYOUT_ATTRIBUTE])
        if not 1 <= written_by <= layout.LAYOUT:
            raise NotARecordingError(
                self.path,
                f"its layout is version {written_by}, known are 1 to {layout.LAYOUT}; "
                "update fpxi if the file is a newer one's",
            )
        return written_by

    def _read_facts(self) -> RecordingFacts:
        device = self._file[layout.DEVICE]
        identity = DeviceIdentity(
            protocol_version=tuple(device["protocol_version"][()].tolist()),
            firmware_version=tuple(device["firmware_version"][()].tolist()),
            serial_number=self._text(f"{layout.DETECTOR}/serial_number"),
            schema_hash=bytes.fromhex(self._text(f"{layout.DEVICE}/schema_hash")),
            reset_cause=int(device["reset_cause"][()]),
            fault=int(device["fault"][()]),
            reset_fault=int(device["reset_fault"][()]),
        )
        parameters = {name: int(value[()]) for name, value in device["parameters"].items()}
        dictionary = dictionary_from_text(self._text(f"{layout.DEVICE}/dictionary"))
        return RecordingFacts(self._text(f"{layout.DEVICE}/url"), identity, dictionary, parameters)

    def _count_frames(self) -> int:
        """Return how many frames every dataset holds; a torn last commit is left out."""
        received, keys = self._file[layout.ROW_RECEIVED], self._file[layout.IMAGE_KEY]
        columns = [column.name for column in COLUMNS if column.since <= self.layout]
        datasets = (self.data, received, keys, *(self._detector[name] for name in columns))
        count = min(len(dataset) for dataset in datasets)
        while count and not self._has_image(count - 1):
            count -= 1
        return count

    def _has_image(self, index: int) -> bool:
        with suppress(OSError, RuntimeError):
            info = self.data.id.get_chunk_info_by_coord((index, 0, 0))
            if info.byte_offset is not None:
                self.data[index]
                return True
        return False


def _not_a_recording(path: Path, error: Exception) -> NotARecordingError:
    return NotARecordingError(path, why_unreadable(path, layout.LAYOUT_ATTRIBUTE, str(error)))


def read_recording(path: str | Path) -> RecordingReader:
    """Open a recording; use it in a `with`. Raises `NotARecordingError`."""
    return RecordingReader(path)
