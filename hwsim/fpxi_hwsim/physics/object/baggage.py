"""A bag as a security scanner sees it, in miniature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.outlines import disk, hole, rectangle, rounded, stroke
from fpxi_hwsim.physics.object.parts import Parts
from fpxi_hwsim.physics.object.plane import Points
from fpxi_hwsim.physics.object.solids import turned
from fpxi_hwsim.physics.object.thing import Thing, require_size

DRAWN_MM = 40.0
"""width of the drawing below, in its mm"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baggage(Thing):
    """A bag `size_mm` wide; all else, the depth too, in proportion."""

    size_mm: float | None = None

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        require_size("size_mm", self.size_mm)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the thickness of textiles, plastics, water and metals."""
        scale = (self.size_mm or min(canvas.extent_mm)) / DRAWN_MM
        parts = Parts(canvas.enlarged(scale))
        for add in (_add_bag, _add_bottle, _add_scissors, _add_telephone, _add_keys):
            add(parts)
        return canvas.maps(parts.scaled(scale))


def _line(*points: tuple[float, float]) -> Points:
    return np.array(points, np.float64)


def _add_bag(parts: Parts) -> None:
    """Add the bag with its frame, handle and zip."""
    outer, inner = rounded(-19, -11, 19, 16, 4), rounded(-18, -10, 18, 15, 3)
    parts.flat("polyethylene", 2, [outer])
    parts.flat("polyethylene", 6, [outer, hole(inner)])
    handle = _line((-6, -11), (-6, -14.5), (-4.5, -16), (4.5, -16), (6, -14.5), (6, -11))
    parts.flat("polyethylene", 5, stroke(handle, 1.4))
    teeth = [rectangle(x, -9.2, x + 0.35, -8.3) for x in np.arange(-15, 15, 0.8)]
    parts.flat("brass", 0.3, teeth)


def _add_bottle(parts: Parts) -> None:
    """Add a plastic bottle, half full, standing in the bag."""
    bottle = _line((-6, 3.2), (5, 3.2), (8, 1.4), (10.5, 1.3))
    drawing = parts.canvas
    turned_up = drawing.placed(angle_deg=90, x_mm=-13.2, y_mm=7.0)
    wall = turned(turned_up, bottle) - turned(turned_up, bottle - (0, 0.3))
    parts.body("polyethylene", np.maximum(wall, 0))
    parts.body("water", turned(turned_up, _line((-5.7, 2.9), (2.5, 2.9))))
    parts.flat("polyethylene", 2.5, [rectangle(-14.8, -4.9, -11.6, -3.0)])


def _add_scissors(parts: Parts) -> None:
    """Add open scissors of steel with plastic loops."""
    blades = (
        _line((-6.9, -6.9), (2.2, 1.2), (6.2, 6.2), (4.8, 7.2), (-0.4, 2.2)),
        _line((8.1, -6.9), (1.6, 2.2), (-3.6, 7.2), (-5.0, 6.2), (-1.0, 1.2)),
    )
    for blade in blades:
        parts.flat("steel", 1.0, [blade])
    parts.flat("steel", 1.6, [disk(0.6, 0.9, 0.9)])
    for x in (-6.4, 7.4):
        parts.flat("ABS", 4, [disk(x, 9.6, 3.3), hole(disk(x, 9.6, 2.1))])


def _add_telephone(parts: Parts) -> None:
    """Add a telephone: case, battery, board, camera."""
    parts.flat("ABS", 2, [rounded(9.5, -6.5, 17, 6.5, 1.2)])
    parts.flat("aluminium", 1.2, [rounded(10.2, -1.0, 14.6, 5.8, 0.4)])
    parts.flat("copper", 0.25, [rounded(10.2, -1.0, 14.6, 5.8, 0.4)])
    parts.flat("glass", 0.8, [rectangle(10.2, -5.9, 16.3, -1.5)])
    parts.flat("copper", 0.3, [rectangle(x, -4.6, x + 1.1, -3.0) for x in (10.8, 12.6, 14.6)])
    parts.flat("steel", 1.2, [disk(11.4, -5.3, 0.55), hole(disk(11.4, -5.3, 0.3))])


def _add_keys(parts: Parts) -> None:
    """Add a ring with two keys, and coins."""
    parts.flat("steel", 0.8, [disk(11.5, 9.8, 1.7), hole(disk(11.5, 9.8, 1.35))])
    for angle, x, y in ((-20.0, 12.8, 10.4), (-75.0, 11.8, 11.3)):
        key = parts.canvas.placed(angle_deg=angle, x_mm=x, y_mm=y)
        teeth = [rectangle(left, -0.1, left + 0.35, 0.75) for left in (2.4, 3.1, 3.6)]
        bow = [disk(0.6, 0, 1.0), hole(disk(0.2, 0, 0.35))]
        for outlines in (bow, [rectangle(1.5, -0.35, 4.3, 0.15)], teeth):
            parts.body("brass", np.float32(0.7) * key.coverage(outlines))
    for x, y, radius in ((-4.0, 12.6, 1.1), (-2.6, 13.2, 0.9), (0.8, 12.9, 1.2)):
        parts.flat("copper", 0.6, [disk(x, y, radius)])
