from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from fpxi.recording.commit_file import CommitFile


class Disk(io.FileIO):
    """A file that keeps a copy of itself before every write, as a kill there would leave it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+")
        self.path = path
        self.snapshots: list[bytes] = []
        self.fails = False

    def write(self, data: object) -> int:
        self.snapshots.append(self.path.read_bytes())
        if self.fails:
            raise OSError(5, "Input/output error")
        return super().write(data)  # type: ignore[arg-type]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with Disk(tmp_path / "x") as opened:
        yield opened


def grow(file: h5py.File, count: int) -> None:
    """Add rows to a dataset of one chunk each, as recordings do, and to a column."""
    data, column = file["data"], file["column"]
    begin = len(data)
    column.resize(begin + count, axis=0)
    column[begin:] = range(begin, begin + count)
    data.resize(begin + count, axis=0)
    for place in range(begin, begin + count):
        data.id.write_direct_chunk((place, 0), np.full(4, place, "<u4").tobytes())


def test_after_any_write_the_file_is_the_last_commit_or_the_next(disk: Disk) -> None:
    kept = CommitFile(disk)
    committed = [0]
    with h5py.File(kept, "w", libver="earliest") as file:
        file.create_dataset("data", (0, 4), "<u4", maxshape=(None, 4), chunks=(1, 4))
        file.create_dataset("column", (0,), "<u4", maxshape=(None,), chunks=(16,))
        file.flush()
        kept.commit()
        first = len(disk.snapshots)
        for count in (1, 60, 10, 70, 40):  # the index splits at 64 chunks, and again
            grow(file, count)
            file.flush()
            kept.commit()
            committed.append(committed[-1] + count)
    lengths = set()
    for snapshot in disk.snapshots[first:]:
        with h5py.File(io.BytesIO(snapshot)) as file:
            length = len(file["data"])
            lengths.add(length)
            assert file["data"][:, 0].tolist() == list(range(length))
            assert file["column"][:].tolist() == list(range(length))
    assert lengths <= set(committed)
    assert len(lengths) == 5


def test_nothing_but_additions_reaches_the_disk_before_a_commit(disk: Disk) -> None:
    kept = CommitFile(disk)
    kept.write(b"0123456789")
    assert disk.path.read_bytes() == b""
    kept.commit()
    kept.seek(8)
    kept.write(b"xxyy")
    assert disk.path.read_bytes() == b"0123456789yy"
    kept.seek(0)
    assert kept.read(12) == b"01234567xxyy"
    kept.commit()
    assert disk.path.read_bytes() == b"01234567xxyy"


def test_what_is_not_committed_is_cut_off_on_closing(disk: Disk) -> None:
    kept = CommitFile(disk)
    kept.write(b"0123")
    kept.commit()
    kept.write(b"4567")
    kept.close()
    assert disk.path.read_bytes() == b"0123"


def test_h5py_can_close_an_abandoned_file_whose_disk_fails(disk: Disk) -> None:
    kept = CommitFile(disk)
    file = h5py.File(kept, "w", libver="earliest")
    file["x"] = [1, 2, 3]
    file.flush()
    kept.commit()
    disk.fails = True
    file["y"] = [4, 5, 6]
    file.flush()
    with pytest.raises(OSError, match="Input/output"):
        kept.commit()
    kept.abandon()
    file.close()
    kept.close()
    with h5py.File(disk.path) as read:
        assert list(read) == ["x"]
