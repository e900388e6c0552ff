"""Recorded frames as a panel's samples: whatever the file holds leaves the panel unchanged."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import tifffile
from fpxi_readout.protocol.generated import PanelDescription

from fpxi_hwsim.errors import RecordedFramesError
from fpxi_hwsim.specification import AtEnd

Samples = npt.NDArray[np.uint16]


class RecordedFrames:
    """Frames of one file, delivered one after another.

    Parameters
    ----------
    path
        `.npy`, `.tif`/`.tiff`, or `file.h5::/dataset`; one frame (rows, columns) or many
        (frames, rows, columns), of whole numbers within the panel's range.
    geometry
        The panel. Smaller frames are surrounded by zeros.
    place
        Row and column of the frame's first pixel; None: a frame of the panel's size fills it, a
        smaller one is centred inside the process ring.
    at_end
        `loop` begins again, `hold` repeats the last frame, `stop` delivers none any more.

    Raises
    ------
    RecordedFramesError
        The file cannot be read, or its frames do not fit the panel.

    """

    def __init__(
        self,
        path: str,
        geometry: PanelDescription,
        *,
        place: tuple[int, int] | None = None,
        at_end: AtEnd = "loop",
    ) -> None:
        self.path = path
        self.at_end = at_end
        self._geometry = geometry
        self._frames = self._check(_load(path))
        self._corner = self._corner_of(self._frames.shape[1:], place)
        self._next = 0

    def __len__(self) -> int:
        """Count the recorded frames."""
        return int(self._frames.shape[0])

    def take(self) -> Samples | None:
        """Return the next frame, uint16 (rows, columns); None past the end with `stop`."""
        if self._next == len(self):
            if self.at_end == "stop":
                return None
            self._next = 0 if self.at_end == "loop" else len(self) - 1
        frame = self._frames[self._next]
        self._next += 1
        return self._placed(frame)

    def _placed(self, frame: npt.NDArray[np.integer]) -> Samples:
        if frame.shape == self._geometry.shape:
            return frame.astype(np.uint16)
        panel = np.zeros(self._geometry.shape, np.uint16)
        row, column = self._corner
        panel[row : row + frame.shape[0], column : column + frame.shape[1]] = frame
        return panel

    def _check(self, array: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        frames = array[None] if array.ndim == 2 else array
        if frames.ndim != 3 or frames.size == 0:
            raise self._error(f"shape {array.shape} is neither one frame nor a stack of frames")
        if frames.dtype.kind not in "ui":
            raise self._error(f"samples are {frames.dtype}, not whole numbers of counts")
        least, most = int(frames.min()), int(frames.max())
        if least < 0 or most > self._geometry.full_scale:
            raise self._error(
                f"samples run from {least} to {most}; "
                f"the panel's converter goes from 0 to {self._geometry.full_scale}"
            )
        return frames

    def _corner_of(self, shape: tuple[int, ...], place: tuple[int, int] | None) -> tuple[int, int]:
        whole_panel = shape == self._geometry.shape
        ring = 0 if whole_panel or place is not None else self._geometry.process_ring
        rows, columns = (n - 2 * ring for n in self._geometry.shape)
        row, column = place or ((rows - shape[0]) // 2 + ring, (columns - shape[1]) // 2 + ring)
        fits = row + shape[0] <= rows + ring and column + shape[1] <= columns + ring
        if min(row - ring, column - ring) < 0 or not fits:
            where = f"at row {row}, column {column}" if place else f"in {rows} x {columns} pixels"
            raise self._error(f"frames of {shape[0]} x {shape[1]} do not fit {where} of the panel")
        return row, column

    def _error(self, reason: str) -> RecordedFramesError:
        return RecordedFramesError(self.path, reason)


def _load(path: str) -> npt.NDArray[np.integer]:
    file, separator, dataset = path.partition("::")
    suffix = Path(file).suffix.lower()
    try:
        if separator:
            return _load_hdf5(path, file, dataset)
        if suffix == ".npy":
            return np.asarray(np.load(file, mmap_mode="r"))
        if suffix in (".tif", ".tiff"):
            return np.asarray(tifffile.imread(file))
    except (OSError, EOFError, ValueError, tifffile.TiffFileError) as error:
        raise RecordedFramesError(path, f"not readable ({error})") from error
    raise RecordedFramesError(path, "give a .npy or .tif file, or file.h5::/dataset")


def _load_hdf5(path: str, file: str, dataset: str) -> npt.NDArray[np.integer]:
    with h5py.File(file, "r") as opened:
        node = opened.get(dataset)
        if not isinstance(node, h5py.Dataset):
            raise RecordedFramesError(path, f"the file has no dataset {dataset!r}")
        return np.asarray(node[()])
