"""Files that appear whole under their name, or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from fpxi.errors import OutputError, OutputFullError
from fpxi.recording.space import is_full


@contextmanager
def whole_files(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Give a part file beside each path to write to; all take their names when the block ends.

    If it ends in an error the part files are removed, and what had these names before is as it
    was. Raises `OutputFullError` if there was no room, `OutputError` if a part file cannot be made.
    """
    parts = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in paths}
    try:
        yield [parts[path] for path in paths]
        for path, part in parts.items():
            part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        if is_full(error):
            raise OutputFullError(paths[0], os.strerror(error.errno or 0)) from error
        if error.filename in {str(part) for part in parts.values()} | set(parts.values()):
            raise OutputError(paths[0], reason) from error
        raise
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def require_apart(out: Path, sources: Iterable[str | Path]) -> None:
    """Make sure that a file does not replace one that it is made from. Raises `OutputError`."""
    if out.exists() and any(out.samefile(path) for path in sources if Path(path).exists()):
        raise OutputError(out, "the new file is made from it", "choose another name")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Do as `whole_files` for a single path."""
    with whole_files([path]) as (part,):
        yield part


class SteadyFile(io.FileIO):
    """A file through which HDF5 can be closed although the disk is full.

    HDF5 loses its way when a write fails. Here the first error is kept, and what is written
    afterwards goes nowhere; `require_sound` raises the error.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of it, unless the disk has failed."""
        left = memoryview(data).cast("B")
        size = len(left)
        try:
            while left and self.error is None:
                left = left[super().write(left) :]
        except OSError as error:
            self.error = error
        return size

    def readinto(self, buffer: Any) -> int:
        """Read; what never reached the disk is 0."""
        view = memoryview(buffer).cast("B")
        count = super().readinto(view) or 0
        view[count:] = bytes(len(view) - count)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size, unless the disk has failed."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0

    def require_sound(self) -> None:
        """Raise the `OSError` of the first write that failed."""
        if self.error is not None:
            raise self.error


@contextmanager
def whole_hdf5(path: Path) -> Iterator[tuple[h5py.File, SteadyFile]]:
    """Write an HDF5 file as `whole_file` does; long writers ask `require_sound` now and then."""
    with whole_file(path) as part, SteadyFile(part, "w+") as raw:
        try:
            with h5py.File(raw, "w", libver="earliest") as file:
                yield file, raw
        except Exception:
            raw.require_sound()  # why HDF5 could no longer make sense of its file
            raise
        raw.require_sound()
