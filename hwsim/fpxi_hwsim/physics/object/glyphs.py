"""Letters and digits as strokes: lines through points in a cell one wide and high, y down.

A stroke ends inside another or flat in the open, never beside another's end, so that the part
both cover is the product of their parts.
"""

from __future__ import annotations

import numpy as np

from fpxi_hwsim.physics.object.plane import Points

STROKE = 0.17
"""width of a stroke, of the cell's width"""

_L, _R, _T, _B, _M = 0.1, 0.9, 0.085, 0.915, 0.5


def _line(*points: tuple[float, float]) -> Points:
    return np.array(points, np.float64)


def _arc(
    x: float, y: float, radius_x: float, radius_y: float, turn_deg: tuple[float, float]
) -> Points:
    """Part of an ellipse; angles grow from right to down."""
    begin_deg, end_deg = turn_deg
    angle = np.radians(np.linspace(begin_deg, end_deg, max(6, round(abs(end_deg - begin_deg) / 8))))
    return np.stack([x + radius_x * np.cos(angle), y + radius_y * np.sin(angle)], axis=1)


def _ring(x: float, y: float, radius_x: float, radius_y: float) -> Points:
    turned = _arc(x, y, radius_x, radius_y, (0, 352))
    return np.concatenate([turned, turned[:1]])


def _through(*parts: Points) -> Points:
    return np.concatenate(parts)


_STEM = _line((0.2, 0), (0.2, 1))
_BOWL = _through(
    _line((0.2, _T), (0.6, _T)),
    _arc(0.6, 0.31, 0.27, 0.225, (-80, 80)),
    _line((0.6, 0.535), (0.2, 0.535)),
)

STROKES: dict[str, list[Points]] = {
    "A": [_line((0.08, 1), (0.5, 0.16), (0.92, 1)), _line((0.24, 0.68), (0.76, 0.68))],
    "B": [
        _STEM,
        _through(
            _line((0.2, _T), (0.55, _T)),
            _arc(0.55, 0.29, 0.24, 0.205, (-80, 80)),
            _line((0.55, 0.495), (0.2, 0.495)),
        ),
        _through(
            _line((0.56, 0.495), (0.6, 0.495)),
            _arc(0.6, 0.705, 0.27, 0.21, (-80, 80)),
            _line((0.6, _B), (0.2, _B)),
        ),
    ],
    "C": [_arc(0.53, 0.5, 0.42, 0.415, (-48, -312))],
    "D": [
        _STEM,
        _through(
            _line((0.2, _T), (0.45, _T)),
            _arc(0.45, 0.5, 0.42, 0.415, (-85, 85)),
            _line((0.45, _B), (0.2, _B)),
        ),
    ],
    "E": [_line((0.87, _T), (0.22, _T), (0.22, _B), (0.87, _B)), _line((0.22, _M), (0.75, _M))],
    "F": [_line((0.87, _T), (0.22, _T), (0.22, 1)), _line((0.22, _M), (0.75, _M))],
    "G": [_through(_arc(0.53, 0.5, 0.42, 0.415, (-48, -335)), _line((0.915, 0.55), (0.55, 0.55)))],
    "H": [_line((0.15, 0), (0.15, 1)), _line((0.85, 0), (0.85, 1)), _line((0.15, _M), (0.85, _M))],
    "I": [_line((0.5, 0), (0.5, 1))],
    "J": [_through(_line((0.75, 0), (0.75, 0.6)), _arc(0.44, 0.61, 0.31, 0.305, (10, 160)))],
    "K": [
        _line((0.18, 0), (0.18, 1)),
        _line((0.82, 0), (0.18, 0.6)),
        _line((0.42, 0.375), (0.86, 1)),
    ],
    "L": [_line((0.22, 0), (0.22, _B), (0.87, _B))],
    "M": [_line((0.1, 1), (0.1, 0.12), (0.5, 0.62), (0.9, 0.12), (0.9, 1))],
    "N": [_line((0.15, 1), (0.15, 0.18), (0.85, 0.82), (0.85, 0))],
    "O": [_ring(0.5, 0.5, 0.41, 0.415)],
    "P": [_STEM, _BOWL],
    "Q": [_ring(0.5, 0.48, 0.41, 0.395), _line((0.58, 0.62), (0.9, 1))],
    "R": [_STEM, _BOWL, _line((0.52, 0.535), (0.88, 1))],
    "S": [
        _through(_arc(0.5, 0.29, 0.34, 0.205, (-30, -250)), _arc(0.5, 0.7, 0.36, 0.215, (-70, 152)))
    ],
    "T": [_line((0.05, _T), (0.95, _T)), _line((0.5, _T), (0.5, 1))],
    "U": [
        _through(
            _line((0.15, 0), (0.15, 0.56)),
            _arc(0.5, 0.57, 0.35, 0.345, (172, 8)),
            _line((0.85, 0.56), (0.85, 0)),
        )
    ],
    "V": [_line((0.08, 0), (0.5, 0.84), (0.92, 0))],
    "W": [_line((0.08, 0), (0.27, 0.85), (0.5, 0.3), (0.73, 0.85), (0.92, 0))],
    "X": [_line((0.1, 0), (0.9, 1)), _line((0.9, 0), (0.1, 1))],
    "Y": [_line((0.08, 0), (0.5, 0.5), (0.92, 0)), _line((0.5, 0.45), (0.5, 1))],
    "Z": [_line((0.1, _T), (0.78, _T), (0.22, _B), (0.9, _B))],
    "0": [_ring(0.5, 0.5, 0.33, 0.415)],
    "1": [_line((0.22, 0.3), (0.55, 0.12), (0.55, 1))],
    "2": [_through(_arc(0.5, 0.33, 0.33, 0.245, (-165, 35)), _line((0.24, _B), (0.87, _B)))],
    "3": [
        _through(
            _line((0.14, _T), (0.78, _T), (0.47, 0.44)), _arc(0.46, 0.68, 0.36, 0.235, (-80, 150))
        )
    ],
    "4": [_line((0.68, 1), (0.68, 0.15), (0.16, 0.7), (0.92, 0.7))],
    "5": [
        _through(
            _line((0.82, _T), (0.26, _T), (0.23, 0.45)), _arc(0.48, 0.65, 0.35, 0.265, (-110, 140))
        )
    ],
    "6": [_ring(0.5, 0.66, 0.34, 0.255), _line((0.175, 0.6), (0.32, 0.28), (0.68, 0.02))],
    "7": [_line((0.1, _T), (0.82, _T), (0.38, 1))],
    "8": [_ring(0.5, 0.29, 0.29, 0.205), _ring(0.5, 0.705, 0.34, 0.21)],
    "9": [_ring(0.5, 0.34, 0.34, 0.255), _line((0.825, 0.4), (0.68, 0.72), (0.32, 0.98))],
    "-": [_line((0.2, 0.55), (0.8, 0.55))],
    " ": [],
}
