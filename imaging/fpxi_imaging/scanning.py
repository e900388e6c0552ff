"""Pictures from a panel that was moved over its object: one frame for each step of the scan.

A point detector gives one pixel a step, a row of pixels one row, a small array one block; the
frames of neighbouring steps lie side by side in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import require_array
from fpxi_imaging.errors import ScanSizeError, ScanStepError, SettingError, ShapeMismatchError
from fpxi_imaging.flags import PixelFlag


@dataclass(frozen=True, slots=True)
class ScanPath:
    """The steps of a scan: row by row from the upper left, each row from the left.

    With `serpentine`, every second row is passed from the right. Raises `SettingError` for less
    than one row or column.
    """

    rows: int
    columns: int
    serpentine: bool = False

    def __post_init__(self) -> None:
        """Refuse an empty scan."""
        for name in ("rows", "columns"):
            if getattr(self, name) < 1:
                raise SettingError(name, getattr(self, name), "1 or more")

    @property
    def steps(self) -> int:
        """Steps of the whole scan."""
        return self.rows * self.columns

    def places(
        self, steps: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the row and the column of each step."""
        rows, columns = np.divmod(steps, self.columns)
        if self.serpentine:
            columns = np.where(rows % 2 == 1, self.columns - 1 - columns, columns)
        return rows, columns


def scan_path(
    steps: int, columns: int, rows: int | None = None, *, serpentine: bool = False
) -> ScanPath:
    """Return the path of a scan in which so many steps were taken, first to last.

    Without `rows` the steps must fill whole rows; with them they may end early.

    Raises `ScanSizeError` if the steps do not fit, `SettingError` for an empty scan.
    """
    path = ScanPath(rows if rows is not None else max(1, steps // max(1, columns)), columns)
    if steps > path.steps or (rows is None and steps != path.steps):
        raise ScanSizeError(steps, columns, rows)
    return ScanPath(path.rows, columns, serpentine)


def assemble_scan(
    values: npt.NDArray[Any],
    flags: npt.NDArray[np.uint8],
    steps: npt.NDArray[np.int64],
    path: ScanPath,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]:
    """Join the frames of a scan to one picture.

    `values` and `flags` have shape (frames, rows, columns) of the panel, `steps` (frames,) says
    which step each frame belongs to. Returns picture and flags of shape (path.rows * rows,
    path.columns * columns), the picture of the type of `values`. A step without a frame is NaN, or
    0 in a picture of whole numbers, and flagged `MISSING`.

    Raises `ShapeMismatchError` and `ArrayLayoutError` for arrays that do not belong together, and
    `ScanStepError` for a step outside the path or one that two frames claim.
    """
    if values.ndim != 3:
        raise ShapeMismatchError((-1, -1, -1), values.shape, name="values")
    require_array("flags", flags, np.dtype(np.uint8), values.shape)
    require_array("steps", steps, np.dtype(np.int64), values.shape[:1])
    _require_each_once(steps, path)
    blocks = (path.rows, path.columns, *values.shape[1:])
    nothing = np.nan if values.dtype.kind == "f" else 0
    picture = np.full(blocks, nothing, values.dtype)
    marks = np.full(blocks, PixelFlag.MISSING, np.uint8)
    places = path.places(steps)
    picture[places], marks[places] = values, flags
    return _joined(picture), _joined(marks)


def _require_each_once(steps: npt.NDArray[np.int64], path: ScanPath) -> None:
    outside = steps[(steps < 0) | (steps >= path.steps)]
    if outside.size:
        raise ScanStepError(int(outside[0]), f"the scan has steps 0 to {path.steps - 1}")
    found, counts = np.unique(steps, return_counts=True)
    if (counts > 1).any():
        raise ScanStepError(int(found[counts > 1][0]), "two frames claim it")


def _joined(blocks: npt.NDArray[Any]) -> npt.NDArray[Any]:
    rows, columns, height, width = blocks.shape
    return np.ascontiguousarray(blocks.swapaxes(1, 2)).reshape(rows * height, columns * width)
