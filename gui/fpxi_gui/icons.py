"""The few icons of the viewer, painted: no files, sharp at every scale."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from fpxi_gui.state import Level
from fpxi_gui.theme import LEVEL_COLOURS, TEXT

_SIDE = 64
_DISABLED = "#5a626d"


def start_icon() -> QIcon:
    """Return a triangle."""
    return _icon(_triangle, LEVEL_COLOURS[Level.GOOD])


def stop_icon() -> QIcon:
    """Return a square."""
    return _icon(lambda painter: painter.drawRect(QRectF(16, 16, 32, 32)), TEXT)


def trigger_icon() -> QIcon:
    """Return a shutter: a ring with a dot."""
    return _icon(_shutter, TEXT)


def record_icon() -> QIcon:
    """Return a disc."""
    return _icon(
        lambda painter: painter.drawEllipse(QPointF(32, 32), 17, 17), LEVEL_COLOURS[Level.ERROR]
    )


def flip_rows_icon() -> QIcon:
    """Return a shape and its reflection below."""
    return _icon(lambda painter: _reflected(painter, 0), TEXT)


def flip_columns_icon() -> QIcon:
    """Return a shape and its reflection beside it."""
    return _icon(lambda painter: _reflected(painter, -90), TEXT)


def rotate_icon() -> QIcon:
    """Return an arrow that goes round anticlockwise."""
    return _icon(_round_arrow, TEXT)


def window_icon() -> QIcon:
    """Return a panel of pixels."""
    return _icon(_pixels, LEVEL_COLOURS[Level.BUSY])


def _icon(draw: Callable[[QPainter], object], colour: str) -> QIcon:
    icon = QIcon(_pixmap(draw, colour))
    icon.addPixmap(_pixmap(draw, _DISABLED), QIcon.Mode.Disabled)
    return icon


def _pixmap(draw: Callable[[QPainter], object], colour: str) -> QPixmap:
    pixmap = QPixmap(_SIDE, _SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(colour))
    painter.setPen(Qt.PenStyle.NoPen)
    draw(painter)
    painter.end()
    return pixmap


def _triangle(painter: QPainter) -> None:
    painter.drawPolygon(QPolygonF([QPointF(18, 12), QPointF(18, 52), QPointF(52, 32)]))


def _shutter(painter: QPainter) -> None:
    painter.drawEllipse(QPointF(32, 32), 9, 9)
    painter.setPen(QPen(painter.brush().color(), 5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(32, 32), 20, 20)


def _reflected(painter: QPainter, angle_deg: float) -> None:
    painter.translate(32, 32)
    painter.rotate(angle_deg)
    painter.drawPolygon(QPolygonF([QPointF(-20, -6), QPointF(20, -6), QPointF(-20, -26)]))
    faint = painter.brush().color()
    faint.setAlpha(110)
    painter.setBrush(faint)
    painter.drawPolygon(QPolygonF([QPointF(-20, 6), QPointF(20, 6), QPointF(-20, 26)]))


def _round_arrow(painter: QPainter) -> None:
    colour = painter.brush().color()
    painter.drawPolygon(QPolygonF([QPointF(4, 22), QPointF(26, 22), QPointF(15, 40)]))
    painter.setPen(QPen(colour, 6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(QRectF(15, 10, 40, 40), -120 * 16, 300 * 16)


def _pixels(painter: QPainter) -> None:
    for index in range(9):
        colour = painter.brush().color()
        colour.setAlpha(90 + 20 * ((index * 5) % 9))
        painter.fillRect(QRectF(8 + 17 * (index % 3), 8 + 17 * (index // 3), 14, 14), colour)
