"""A file whose changes reach the disk together, so that a killed process leaves no half of them.

HDF5 updates a file in many places, in the order of their addresses: headers that promise frames
before the index that finds them. This file object, which h5py writes through, keeps back whatever
would change committed bytes, and lets only additions behind their end through. `commit` then
brings the kept pieces to the disk in an order in which every step leaves a readable file.
"""

from __future__ import annotations

import io
import os

SUPERBLOCK_BYTES = 96
"""HDF5's first block, version 0; it says where the file ends."""

_Piece = tuple[int, bytes]


class CommitFile:
    """The part of a binary file's interface that h5py uses, and `commit`. One thread's own.

    What is there at the first commit is the front: all object headers, whose lengths decide how
    many frames a reader sees. The index of the frames always lies behind it.
    """

    def __init__(self, raw: io.FileIO) -> None:
        self.size = 0
        """Bytes that h5py believes to be in the file."""
        self._raw = raw
        self._position = 0
        self._kept: list[_Piece] = []
        self._front = 0
        self._committed = 0
        self._keeps_all = True
        self._error: OSError | None = None

    def fileno(self) -> int:
        """Return the file's descriptor."""
        return self._raw.fileno()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the place."""
        return self._position

    def read(self, count: int) -> bytes:
        """Read what was written, committed or not; 0 where nothing was."""
        begin = self._position
        self._position += count
        return self._read(begin, self._position)

    def readinto(self, buffer: memoryview) -> int:
        """Do as `read`, into a buffer."""
        buffer[:] = self.read(len(buffer))
        return len(buffer)

    def write(self, data: memoryview | bytes) -> int:
        """Add behind the committed end at once; keep back what lies before it."""
        piece = bytes(data)
        begin, end = self._position, self._position + len(piece)
        before = len(piece) if self._keeps_all else max(0, self._committed - begin)
        if before:
            self._kept.append((begin, piece[:before]))
        if before < len(piece):
            self._add(begin + before, piece[before:])
        self._position = end
        self.size = max(self.size, end)
        return len(piece)

    def truncate(self, size: int) -> int:
        """Take note of the file's size."""
        self.size = size
        return size

    def flush(self) -> None:
        """Do nothing: `commit` is what brings changes to the disk."""

    def commit(self) -> None:
        """Bring every change to the disk.

        First the superblock, which may say that the file is longer than any index knows; then
        index and columns, which may know more frames than the headers promise; at last, in one
        piece, the headers. Before the first commit the disk has nothing, then all.

        Raises `OSError` if the disk fails, also if it failed since the last commit; the file is
        to be abandoned then.
        """
        if self._error is not None:
            raise self._error
        if self._front == 0:
            self._front, self._keeps_all = self.size, False
            self._write_raw(0, self._read(0, self.size))
        else:
            front = self._read(0, self._front)
            self._write_raw(0, front[:SUPERBLOCK_BYTES])
            for begin, piece in self._kept:
                behind = max(0, self._front - begin)
                self._write_raw(begin + behind, piece[behind:])
            self._write_raw(0, front)
        self._kept = []
        self._committed = self.size

    def abandon(self) -> None:
        """Let nothing more reach the disk, so that h5py can close a file that cannot be written."""
        self._keeps_all = True

    def close(self) -> None:
        """Cut the file to its size and close it; what was not committed is gone."""
        if not self._raw.closed:
            os.ftruncate(self._raw.fileno(), self._committed)
            self._raw.close()

    def _add(self, begin: int, piece: bytes) -> None:
        """Write behind the end. HDF5 could not even close after an error, so `commit` raises it."""
        try:
            self._write_raw(begin, piece)
        except OSError as error:
            self._error = error
            self._keeps_all = True
            self._kept.append((begin, piece))

    def _read(self, begin: int, end: int) -> bytes:
        self._raw.seek(begin)
        data = bytearray(self._raw.read(end - begin))
        data.extend(bytes(end - begin - len(data)))
        for start, piece in self._kept:
            low, high = max(begin, start), min(end, start + len(piece))
            if low < high:
                data[low - begin : high - begin] = piece[low - start : high - start]
        return bytes(data)

    def _write_raw(self, begin: int, piece: bytes) -> None:
        left = memoryview(piece)
        self._raw.seek(begin)
        while left:
            left = left[self._raw.write(left) :]
