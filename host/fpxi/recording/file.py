"""The file of a recording while it is written, by one thread.

Written so that a killed process leaves a file that any HDF5 opens, with all but the last commit:

- the format is HDF5's oldest, which has no mark of being open that would refuse a reader later;
- a compressed chunk holds one frame and is written once: nothing that a committed index points to
  is ever moved or rewritten;
- all other changes go through a `CommitFile`, which brings them to the disk together.

Others may read the file meanwhile; they see the last commit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.geometry import FrameArea
from fpxi_readout.statistics import LinkStatistics

from fpxi.errors import (
    DiskFullError,
    RecordingAreaError,
    RecordingError,
    RecordingWriteError,
)
from fpxi.image_key import ImageKey
from fpxi.recording import layout
from fpxi.recording.columns import COLUMNS
from fpxi.recording.commit_file import CommitFile
from fpxi.recording.compression import compress
from fpxi.recording.creation import cannot_open, create
from fpxi.recording.facts import RecordingFacts
from fpxi.recording.nexus import nexus_group
from fpxi.recording.skeleton import write_skeleton
from fpxi.recording.space import FINISH_BYTES, FRAME_BYTES, is_full, require_space


@dataclass(frozen=True, slots=True)
class _Pending:
    frame: Frame
    chunk: bytes
    image_key: ImageKey


@dataclass(frozen=True, slots=True)
class _Event:
    time_s: float
    device_time_us: int
    frames_before: int
    text: str


class RecordingFile:
    """Frames are gathered by `append` and `note`, and reach the disk by `commit`.

    Raises `RecordingExistsError` and `RecordingOpenError` when it is made.
    """

    def __init__(self, path: Path, facts: RecordingFacts, *, overwrite: bool = False) -> None:
        self.path = path
        self.frames_written = 0
        """Frames of all commits: these survive a crash."""
        self.pending_bytes = 0
        self._pending: list[_Pending] = []
        self._events: list[_Event] = []
        # Those committed before the first frame.
        self._early_events: list[_Event] = []
        self._events_written = 0
        self._facts = facts
        self._raw = create(path, overwrite=overwrite)
        self._begin(FrameArea.whole(facts.dictionary.panel))

    def append(self, frame: Frame, image_key: ImageKey) -> None:
        """Compress a frame and keep it for the next commit.

        The first frame decides which area of the panel the recording shows. Raises
        `RecordingAreaError` for a frame of another.
        """
        if frame.area != self._area:
            self._change_area(frame)
        pending = _Pending(frame, compress(frame.samples), image_key)
        self._pending.append(pending)
        self.pending_bytes += len(pending.chunk)

    def note(self, time_s: float, text: str, device_time_us: int | None = None) -> None:
        """Keep an event of this `time.time()` for the next commit; it follows the frames so far."""
        frames_before = self.frames_written + len(self._pending)
        device_time_us = -1 if device_time_us is None else device_time_us
        self._events.append(_Event(time_s, device_time_us, frames_before, text))

    def commit(self) -> None:
        """Write what was gathered; afterwards a crash cannot take it away.

        Raises `DiskFullError` if there is no room, `RecordingWriteError` if the disk fails
        otherwise; all earlier commits stay as they are. `finish` is still to be called.
        """
        if not self._pending and not self._events:
            return
        self._require_space()
        try:
            self._write_frames()
            self._write_events()
            self._flush()
        except (OSError, RuntimeError) as error:
            self._abandon()
            raise self._named(error) from error
        self.frames_written += len(self._pending)
        self._events_written += len(self._events)
        self._early_events = [] if self.frames_written else [*self._early_events, *self._events]
        self._forget_pending()

    def finish(self, statistics: LinkStatistics, reason: str) -> None:
        """Commit, write the end time, counters and why it ended, and close.

        Raises as `commit` does; the file is closed in any case. After a failed disk it is closed
        already, and nothing is left to do.
        """
        if not self._file:
            return
        try:
            self.commit()
        finally:
            self._forget_pending()
            if self._file:
                self._end(statistics, reason)

    def _end(self, statistics: LinkStatistics, reason: str) -> None:
        try:
            self._write_end(statistics, reason)
            self._flush()
            self._file.close()
            self._commit_file.commit()
            self._commit_file.close()
        except (OSError, RuntimeError) as error:
            self._abandon()
            raise self._named(error) from error

    def _named(self, error: OSError | RuntimeError) -> RecordingError:
        if is_full(error):
            return DiskFullError(self.path, self.frames_written, str(error))
        return RecordingWriteError(self.path, self.frames_written, str(error))

    def _abandon(self) -> None:
        """Close, and leave the file on the disk as it is."""
        self._commit_file.abandon()
        self._file.close()
        self._commit_file.close()

    def _change_area(self, frame: Frame) -> None:
        """Begin again for the area of the first frame; nothing but events is in the file yet."""
        if self.frames_written or self._pending:
            raise RecordingAreaError(self.path, frame.number, str(self._area), str(frame.area))
        self._commit_file.abandon()
        self._file.close()
        self._raw.truncate(0)
        self._events, self._early_events = [*self._early_events, *self._events], []
        self._events_written = 0
        self._begin(frame.area)

    def _begin(self, area: FrameArea) -> None:
        self._area = area
        self._commit_file = CommitFile(self._raw)
        self._file = h5py.File(self._commit_file, "w", libver="earliest")
        try:
            require_space(self.path, self._commit_file.fileno(), 0, 2 * FINISH_BYTES)
            write_skeleton(self._file, self._facts, area)
            self._flush()
        except OSError as error:
            self._abandon()
            self.path.unlink()
            raise cannot_open(self.path, error) from error
        detector = self._file[layout.DETECTOR]
        self._data = detector["data"]
        self._received = detector["row_received"]
        self._keys = detector["image_key"]
        self._columns = [(column, detector[column.name]) for column in COLUMNS]

    def _flush(self) -> None:
        self._file.flush()
        self._commit_file.commit()

    def _require_space(self) -> None:
        rows = self._data.shape[1]
        more = self.pending_bytes + FINISH_BYTES + len(self._pending) * (FRAME_BYTES + 2 * rows)
        more += sum(len(event.text) + FRAME_BYTES for event in self._events)
        try:
            require_space(self.path, self._commit_file.fileno(), self._commit_file.size, more)
        except OSError as error:
            raise self._named(error) from error

    def _write_frames(self) -> None:
        if not self._pending:
            return
        begin, end = self.frames_written, self.frames_written + len(self._pending)
        frames = [pending.frame for pending in self._pending]
        for column, dataset in self._columns:
            _extend(dataset, begin, [column.value(frame) for frame in frames])
        _extend(self._received, begin, np.stack([frame.row_received for frame in frames]))
        _extend(self._keys, begin, [pending.image_key for pending in self._pending])
        self._data.resize(end, axis=0)
        for place, pending in enumerate(self._pending, begin):
            self._data.id.write_direct_chunk((place, 0, 0), pending.chunk)

    def _write_events(self) -> None:
        if not self._events:
            return
        group, begin = self._file[layout.EVENTS], self._events_written
        _extend(group["time"], begin, [event.time_s for event in self._events])
        _extend(group["device_time"], begin, [event.device_time_us for event in self._events])
        _extend(group["frames_before"], begin, [event.frames_before for event in self._events])
        _extend(group["text"], begin, [event.text for event in self._events])

    def _forget_pending(self) -> None:
        self._pending, self._events, self.pending_bytes = [], [], 0

    def _write_end(self, statistics: LinkStatistics, reason: str) -> None:
        entry = self._file[layout.ENTRY]
        entry["end_time"] = datetime.now(UTC).isoformat()
        entry["end_reason"] = reason
        group = nexus_group(self._file[layout.DEVICE], "link_statistics", "NXcollection")
        for name, value in asdict(statistics).items():
            group[name] = value


def _extend(dataset: h5py.Dataset, begin: int, values: object) -> None:
    """Write values at the end of a dataset that had `begin` entries."""
    dataset.resize(begin + len(values), axis=0)  # type: ignore[arg-type]
    dataset[begin:] = values
