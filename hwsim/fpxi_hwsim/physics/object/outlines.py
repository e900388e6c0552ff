"""Outlines of flat shapes: closed polygons (n, 2) in mm, clockwise as seen, y down."""

from __future__ import annotations

import numpy as np

from fpxi_hwsim.physics.object.plane import Points


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """Return a rectangle between its sides."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def disk(x: float, y: float, radius: float, corners: int = 96) -> Points:
    """Return a regular polygon with the area of the circle."""
    turn = 2 * np.pi * np.arange(corners) / corners
    equal = radius * np.sqrt(2 * np.pi / corners / np.sin(2 * np.pi / corners))
    return np.stack([x + equal * np.cos(turn), y + equal * np.sin(turn)], axis=1)


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Points:
    """Return a rectangle with round corners."""
    corners = ((right, top, -90), (right, bottom, 0), (left, bottom, 90), (left, top, 180))
    turn = np.radians(np.linspace(0, 90, 12))
    quarters = []
    for x, y, start in corners:
        centre = (
            x - np.copysign(radius, x - (left + right) / 2),
            y - np.copysign(radius, y - (top + bottom) / 2),
        )
        angle = turn + np.radians(start)
        quarters.append(np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius + centre)
    return np.concatenate(quarters)


def hole(outline: Points) -> Points:
    """Return the outline run backwards: it takes its inside away."""
    return outline[::-1]


def stroke(points: Points, width: float) -> list[Points]:
    """Return the outlines of a line of this width through points, with mitred corners.

    The line ends flat; where the last point is the first it is closed, a ring.
    """
    closed = bool(np.array_equal(points[0], points[-1]))
    line = points[:-1] if closed else points
    offset = _mitres(line, closed=closed) * width / 2
    sides = line + offset, line - offset
    if not closed:
        return [_clockwise(np.concatenate([sides[0], sides[1][::-1]]))]
    outer, inner = sorted((_clockwise(side) for side in sides), key=area, reverse=True)
    return [outer, hole(inner)]


def area(outline: Points) -> float:
    """Return the area inside, negative if the outline runs anticlockwise."""
    x, y = outline.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def _clockwise(outline: Points) -> Points:
    return outline if area(outline) > 0 else hole(outline)


def _mitres(line: Points, *, closed: bool) -> Points:
    """From each point to the corner of a line of half width one."""
    after = np.roll(line, -1, axis=0) - line
    before = np.roll(after, 1, axis=0)
    if not closed:
        after[-1], before[0] = before[-1], after[0]
    normals = _normals(before), _normals(after)
    middle = normals[0] + normals[1]
    return np.asarray(2 * middle / np.sum(middle**2, axis=1, keepdims=True))


def _normals(directions: Points) -> Points:
    turned: Points = directions[:, ::-1] * (-1, 1) / np.hypot(*directions.T)[:, None]
    return turned
