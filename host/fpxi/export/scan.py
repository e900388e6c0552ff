"""The frames of a scan as one image: each frame is a step, and frame numbers tell which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from fpxi_imaging import PixelFlag, ScanPath, assemble_scan, scan_path

from fpxi.errors import ExportError
from fpxi.export.sources import Flags, ImageSource


@dataclass(frozen=True, slots=True)
class Scan:
    """How a panel was moved over its object: row by row, each from the left."""

    columns: int
    """Steps in a row; 1 for a line detector that is moved across its line."""
    rows: int | None = None
    """None: as many as the frames fill."""
    serpentine: bool = False
    """Every second row was passed from the right."""
    step_um: float | None = None
    """From one step to the next; None: by the panel's own size, so that the frames adjoin."""


class ScanSource:
    """One image, joined from the frames of a scan; steps of which no frame came are missing.

    Raises `fpxi_imaging.ScanSizeError` and `ScanStepError` if the frames' numbers do not fit the
    scan, and `ExportError` for a step length that the frames' size leaves no choice of.
    """

    frame_count = 1

    def __init__(
        self,
        source: ImageSource,
        indices: Sequence[int],
        scan: Scan,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._source = source
        self._indices = indices
        self._steps = source.numbers[indices] - source.numbers[indices[0]]
        self.path: ScanPath = scan_path(
            int(self._steps.max()) + 1, scan.columns, scan.rows, serpentine=scan.serpentine
        )
        height, width = source.shape
        self.shape = (self.path.rows * height, self.path.columns * width)
        self.pitch_um = _pitch(source, scan)
        self.dtype = source.dtype
        self.kind = source.kind
        self.rows_across = source.rows_across
        self.notes = source.notes
        self.frames_in = np.ones(1, np.int64)
        self.numbers = source.numbers[indices[:1]]
        self._rows_missing = 0
        self._progress = progress

    def image(self, _index: int) -> tuple[npt.NDArray[Any], Flags]:
        """Return the picture of the scan."""
        shape = (len(self._indices), *self._source.shape)
        values, flags = np.empty(shape, self.dtype), np.empty(shape, np.uint8)
        for done, index in enumerate(self._indices):
            values[done], flags[done] = self._source.image(index)
            if self._progress is not None:
                self._progress(done + 1, len(self._indices))
        missing = (flags & PixelFlag.MISSING).any(axis=1 if self._source.rows_across else 2)
        self._rows_missing = int(np.count_nonzero(missing))
        return assemble_scan(values, flags, self._steps, self.path)

    def missing(self) -> list[str]:
        """Return what never arrived, in words; rows of frames are known once there is a picture."""
        counts = {"steps": self.path.steps - len(self._indices), "rows": self._rows_missing}
        return [f"{count} {what}" for what, count in counts.items() if count]


def _pitch(source: ImageSource, scan: Scan) -> tuple[float, float]:
    """Return how far the picture's rows, and its columns, are apart, in um."""
    if scan.step_um is None:
        return source.pitch_um
    if not 0 < scan.step_um < np.inf:
        raise ExportError(f"a step of {scan.step_um:g} um is none: give its length in um")
    height, width = source.shape
    stepped = (height == 1, width == 1 and scan.columns > 1)
    if not any(stepped):
        raise ExportError(
            f"frames of {height} x {width} pixels adjoin only if they are moved by their own size; "
            "leave out the step's length"
        )
    along = zip(stepped, source.pitch_um, strict=True)
    rows_um, columns_um = (scan.step_um if free else pitch for free, pitch in along)
    return rows_um, columns_um
