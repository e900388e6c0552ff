"""From a preview and the display choices to the picture, histogram and cursor to show."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fpxi.preview import PreviewImage
from fpxi_imaging.calibration.calibration import Calibration
from fpxi_imaging.correction.turning import turned_back
from fpxi_imaging.defects.defect_map import DefectClass
from fpxi_imaging.flags import PixelFlag
from fpxi_imaging.levels import NO_LEVELS, histogram, robust_levels

from fpxi_gui.intent import DisplayIntent
from fpxi_gui.render import ALWAYS_MARKED
from fpxi_gui.state import Cursor, Histogram, Picture

_BINS = 128
_AUTO_PERCENTILES = (2.0, 98.0)
_SPAN_PERCENTILES = (0.1, 99.9)
_SPAN_MARGIN = 0.15


class LevelFinder:
    """Levels of the newest picture. Kernels that are not compiled yet must not hold up the GUI.

    Until `kernels_ready` the whole range of the good pixels is shown.
    """

    def __init__(self) -> None:
        self.kernels_ready = False

    def levels(
        self,
        values: npt.NDArray[np.float32],
        flags: npt.NDArray[np.uint8],
        percentiles: tuple[float, float],
    ) -> tuple[float, float]:
        """Return the levels at two percentiles of the good pixels, low < high."""
        if self.kernels_ready:
            return robust_levels(values, flags, percentiles)
        good = values[(flags == 0) & np.isfinite(values)]
        if good.size == 0:
            return NO_LEVELS
        low, high = float(good.min()), float(good.max())
        return (low, high) if low < high else (low - 0.5, low + 0.5)


def make_picture(preview: PreviewImage, display: DisplayIntent, finder: LevelFinder) -> Picture:
    """Resolve the display choices against one preview."""
    auto = finder.levels(preview.values, preview.flags, _AUTO_PERCENTILES)
    defects = PixelFlag.DEFECT if display.mark_defects else PixelFlag(0)
    return Picture(
        generation=preview.generation,
        values=preview.values,
        flags=preview.flags,
        levels=auto if display.auto_levels else display.manual_levels,
        colour_map=display.colour_map,
        marked=ALWAYS_MARKED | defects,
        corrected=preview.corrected,
        area=preview.frame.area,
        scale=preview.scale,
        orientation=preview.orientation,
    )


def make_histogram(picture: Picture, finder: LevelFinder) -> Histogram | None:
    """Count the good pixels over a span that no hot pixel widens and that holds the levels."""
    if not finder.kernels_ready:
        return None
    low, high = finder.levels(picture.values, picture.flags, _SPAN_PERCENTILES)
    margin = _SPAN_MARGIN * (high - low)
    span = (low - margin, high + margin)
    counts = histogram(picture.values, picture.flags, span, _BINS)
    return Histogram(picture.generation, counts, span, picture.levels)


def make_cursor(
    preview: PreviewImage,
    position: tuple[int, int] | None,
    calibration: Calibration | None = None,
) -> Cursor | None:
    """Read the pixel under the pointer, a row and column of the frame; None where none is.

    `calibration` is what the preview, if it is corrected, is corrected with.

    A picture of one pixel is read wherever the pointer is.
    """
    rows, columns = preview.frame.samples.shape
    if (rows, columns) == (1, 1):
        position = (0, 0)
    if position is None:
        return None
    row, column = position
    if not (0 <= row < rows and 0 <= column < columns):
        return None
    received = bool(preview.frame.row_received[row])
    area = preview.frame.area
    return Cursor(
        row=area.first_row + row * area.binning,
        column=area.first_column + column * area.binning,
        binning=area.binning,
        raw=int(preview.frame.samples[row, column]) if received else None,
        value=float(turned_back(preview.values, preview.orientation)[row, column]),
        corrected=preview.corrected,
        flags=PixelFlag(int(turned_back(preview.flags, preview.orientation)[row, column])),
        scale=preview.scale,
        defect=_defect(preview, calibration, row, column),
    )


def _defect(
    preview: PreviewImage, calibration: Calibration | None, row: int, column: int
) -> DefectClass:
    """Return the classes of a sample's defect, where a defect is what it is taken for."""
    if calibration is None or not preview.corrected:
        return DefectClass(0)
    at, area = calibration.conditions, preview.frame.area
    row += (area.first_row - at.first_row) // area.binning
    column += (area.first_column - at.first_column) // area.binning
    rows, columns = calibration.shape
    if not (0 <= row < rows and 0 <= column < columns):
        return DefectClass(0)  # the settings name another calibration since the picture was made
    return DefectClass(int(calibration.defects.classes[row, column]))
