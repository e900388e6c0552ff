"""The line under the image: the pixel under the pointer, and what the signal colours mean."""

from __future__ import annotations

import math
from collections.abc import Mapping

from fpxi_imaging.correction.processing import Scale
from fpxi_imaging.flags import PixelFlag
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFontDatabase, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from fpxi_gui.layout import label
from fpxi_gui.render import FLAG_COLOURS, FLAG_NAMES
from fpxi_gui.state import Cursor

_SWATCH = 10
_SHOWN = {
    Scale.COUNTS: "corrected {:>8}",
    Scale.TRANSMISSION: "transmission {:>7}",
    Scale.ATTENUATION: "-ln {:>7}",
}


class LegendBar(QWidget):
    """Cursor on the left, legend on the right."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Mapping[PixelFlag, int] | None = None
        self._cursor = label("", "dim")
        self._cursor.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 2, 16, 6)
        layout.setSpacing(6)
        layout.addWidget(self._cursor, 1)
        self._names: dict[PixelFlag, QLabel] = {}
        self._swatches: dict[PixelFlag, QLabel] = {}
        for flag, colour in FLAG_COLOURS.items():
            self._swatches[flag], self._names[flag] = _swatch(colour), label("", "dim")
            layout.addWidget(self._swatches[flag])
            layout.addWidget(self._names[flag])
        self.setMinimumHeight(26)

    def show_cursor(self, cursor: Cursor | None, *, pitch_mm: float, axes_mm: bool) -> None:
        """Show the pixel under the pointer."""
        text = cursor_text(cursor, pitch_mm if axes_mm else None) if cursor else ""
        if text != self._cursor.text():
            self._cursor.setText(text)

    def show_legend(self, counts: Mapping[PixelFlag, int], *, mark_defects: bool) -> None:
        """Show the flags that pixels of the image carry, with how many do."""
        if counts == self._shown and self._defects_marked == mark_defects:
            return
        self._shown, self._defects_marked = dict(counts), mark_defects
        for flag, name in self._names.items():
            present = flag in counts
            name.setVisible(present)
            drawn = flag is not PixelFlag.DEFECT or mark_defects
            self._swatches[flag].setVisible(present and drawn)
            name.setText(f"{counts.get(flag, 0):,} {FLAG_NAMES[flag]}")

    _defects_marked = False


def cursor_text(cursor: Cursor, pitch_mm: float | None) -> str:
    """Return position, raw count, displayed value and flags; millimetres if a pitch is given."""
    last = cursor.binning - 1
    to_row, to_column = (f"-{at + last}" if last else "" for at in (cursor.row, cursor.column))
    parts = [f"row {cursor.row:>3}{to_row}  col {cursor.column:>3}{to_column}"]
    if pitch_mm is not None:
        y_mm, x_mm = ((at + last / 2) * pitch_mm for at in (cursor.row, cursor.column))
        parts.append(f"({y_mm:.2f}, {x_mm:.2f}) mm")
    parts.append("raw     –" if cursor.raw is None else f"raw {cursor.raw:>5}")
    if cursor.corrected:
        parts.append(_SHOWN[cursor.scale].format(_number(cursor.value, cursor.scale)))
    names = [FLAG_NAMES[flag] for flag in FLAG_NAMES if flag in cursor.flags]
    if cursor.defect:
        classes = [each.name.lower().replace("_", " ") for each in cursor.defect if each.name]
        names.append(f"({', '.join(classes)})")
    return "   ".join([*parts, *names])


def _number(value: float, scale: Scale) -> str:
    if not math.isfinite(value):
        return "none"
    return f"{value:.1f}" if scale is Scale.COUNTS else f"{value:.4f}"


def _swatch(colour: tuple[int, int, int]) -> QLabel:
    pixmap = QPixmap(QSize(_SWATCH, _SWATCH))
    pixmap.fill(QColor(*colour))
    swatch = QLabel()
    swatch.setPixmap(pixmap)
    swatch.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return swatch
