"""The live image: square pixels, row 0 at the top, each at its place on the panel.

A turned picture's axes are turned with it, so they go on counting the panel's rows and columns.

A picture of few rows, or few columns, would be a thread: its pixels are drawn longer than wide.

The view's coordinates are the panel's: the centre of panel pixel (row, column) is on its numbers;
where the picture is rotated by 90 or 270 degrees, rows go from left to right.
"""

from __future__ import annotations

import math

import pyqtgraph as pg
from fpxi_readout.protocol.geometry import FrameArea
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fpxi_gui.colour_maps import colour_table
from fpxi_gui.pixel_axis import PixelAxis
from fpxi_gui.render import colourise
from fpxi_gui.state import Picture
from fpxi_gui.theme import WINDOW
from fpxi_gui.turn import Turn

MOST_ELONGATED = 8
"""times that a picture is drawn longer than wide, or wider than long, at most"""


class ImageView(QWidget):
    """Draws pictures, and tells which pixel is under the pointer."""

    cursor_moved = Signal(object)
    """(row, column) of the frame, or None outside it; on mouse moves only"""

    def __init__(self) -> None:
        super().__init__()
        self._drawn: Picture | None = None
        self._pitch_mm = 1.0
        self._axes_mm = False
        self._turn = Turn()
        self._across = PixelAxis("bottom", "column")
        self._down = PixelAxis("left", "row")
        axes = {"bottom": self._across, "left": self._down}
        self._plot = pg.PlotWidget(background=WINDOW, axisItems=axes)
        self._item = pg.ImageItem(axisOrder="row-major")
        self._box = self._plot.getViewBox()
        self._box.addItem(self._item)
        self._box.setAspectLocked(True)
        self._box.invertY(True)
        self._box.setMenuEnabled(False)
        self._box.setDefaultPadding(0.0)
        self._plot.hideButtons()
        self._plot.setCursor(Qt.CursorShape.CrossCursor)
        self._plot.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self._plot.viewport().installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 0)
        layout.addWidget(self._plot)

    def show_picture(self, picture: Picture | None) -> None:
        """Draw a picture, unless it is the one drawn already."""
        if picture is None or picture == self._drawn:
            return
        drawn = self._drawn
        moved = drawn is None or _place_of(drawn) != _place_of(picture)
        rgb = colourise(picture, colour_table(picture.colour_map))
        self._drawn, self._turn = picture, Turn.of(picture.orientation)
        self._item.setImage(self._turn.ascending(rgb), autoLevels=False)
        if moved:
            self._place(picture.area)
            self.reset_zoom()

    def set_axes(self, *, pitch_mm: float, axes_mm: bool) -> None:
        """Count along the axes in pixels, or in millimetres from the centre of pixel (0, 0)."""
        if (pitch_mm, axes_mm) == (self._pitch_mm, self._axes_mm):
            return
        self._pitch_mm, self._axes_mm = pitch_mm, axes_mm
        for axis in (self._across, self._down):
            axis.set_unit(pitch_mm=pitch_mm, in_mm=axes_mm)

    def reset_zoom(self) -> None:
        """Show the whole image."""
        if self._drawn is not None:
            self._box.setRange(self._rectangle(self._drawn.area), padding=0.01)

    def pixel_at(self, position: QPointF) -> tuple[int, int] | None:
        """Return the frame's (row, column) at a place in the plot's scene, or None beside it."""
        if self._drawn is None or not self._box.sceneBoundingRect().contains(position):
            return None
        point = self._box.mapSceneToView(position)
        y, x = self._turn.panel_place(point.y(), point.x())
        area = self._drawn.area
        row = math.floor((y + 0.5 - area.first_row) / area.binning)
        column = math.floor((x + 0.5 - area.first_column) / area.binning)
        return (row, column) if 0 <= row < area.rows and 0 <= column < area.columns else None

    def scene_position(self, row: float, column: float) -> QPointF:
        """Return the place in the plot's scene of a panel pixel; whole numbers are centres."""
        down, across = self._turn.panel_place(row, column)
        centre: QPointF = self._box.mapViewToScene(QPointF(across, down))
        return centre

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note that the pointer left the image; a double click shows all of it."""
        if event.type() == QEvent.Type.Leave:
            self.cursor_moved.emit(None)
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.reset_zoom()
        return super().eventFilter(watched, event)

    def _on_mouse_moved(self, position: QPointF) -> None:
        self.cursor_moved.emit(self.pixel_at(position))

    def _place(self, area: FrameArea) -> None:
        """Make room for an area of the panel."""
        edges = self._rectangle(area)
        self._item.setRect(edges)
        self._across.set_edges(edges.left(), edges.right())
        self._down.set_edges(edges.top(), edges.bottom())
        self._across.set_quantity("row" if self._turn.rows_across else "column")
        self._down.set_quantity("column" if self._turn.rows_across else "row")
        self._box.invertX(self._turn.leftwards)
        self._box.invertY(not self._turn.upwards)  # without inversion Qt's plots count upwards
        self._box.setAspectLocked(True, ratio=_pixel_aspect(edges))

    def _rectangle(self, area: FrameArea) -> QRectF:
        """Return what an area covers, edge to edge."""
        width, height = area.columns * area.binning, area.rows * area.binning
        left, top = area.first_column - 0.5, area.first_row - 0.5
        if self._turn.rows_across:
            return QRectF(top, left, height, width)
        return QRectF(left, top, width, height)


def _place_of(picture: Picture) -> tuple[object, ...]:
    return picture.area, picture.orientation


def _pixel_aspect(edges: QRectF) -> float:
    """Return a pixel's drawn width over its height: 1 unless the picture is a thread."""
    elongation = edges.width() / edges.height()
    return min(max(elongation, 1 / MOST_ELONGATED), MOST_ELONGATED) / elongation
