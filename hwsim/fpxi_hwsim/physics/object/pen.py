"""The front half of a ball-point pen: barrel, spring, refill with its brass tip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.plane import Map, Points
from fpxi_hwsim.physics.object.solids import tube, turned, wires
from fpxi_hwsim.physics.object.thing import Thing, require_size

DRAWN_MM = 29.0
"""length of the drawing below, whose numbers are mm of a common pen, its point to the right"""
LONGEST_MM = 300.0
PART_OF_EXTENT = 1.3
BACK = -14.5


def _profile(*points: tuple[float, float]) -> Points:
    return np.array(points, np.float64)


BARREL = _profile((BACK, 4.75), (3, 4.75), (12.0, 2.2), (12.6, 2.0))
BORE = _profile((BACK, 3.6), (3, 3.6), (10.0, 1.45), (12.6, 1.25))
TIP = _profile((1, 1.0), (4.5, 1.0), (4.6, 1.5), (5.6, 1.5), (5.7, 1.15), (12.0, 1.1), (14.0, 0.45))
BALL_MM = 0.35
REFILL_END = 4.5
REFILL_RADII = (1.5, 1.0)
SPRING_ENDS = (-10.5, 6.6)
SPRING_RADIUS = 2.0
WIRE_RADIUS = 0.2
OPEN_TURNS = 8
CLOSED_TURNS = 2
"""at each end"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen(Thing):
    """A pen `length_mm` from the point to where the drawing ends; all else in proportion."""

    angle_deg: float = 40.0
    length_mm: float | None = None

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        require_size("length_mm", self.length_mm, most=LONGEST_MM)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the thickness of plastic, ink, brass, steel and the tungsten ball."""
        scale = (self.length_mm or PART_OF_EXTENT * min(canvas.extent_mm)) / DRAWN_MM
        drawing = canvas.enlarged(scale)
        ends = BACK, REFILL_END
        barrel = np.maximum(turned(drawing, BARREL) - turned(drawing, BORE), 0)
        ink = turned(drawing, _profile((BACK, REFILL_RADII[1]), (1, REFILL_RADII[1])))
        parts: dict[str, Map] = {
            "ABS": barrel,
            "polypropylene": tube(drawing, ends, REFILL_RADII),
            "water": ink,
            "brass": turned(drawing, TIP),
            "steel": wires(drawing, [spring()], WIRE_RADIUS),
            "tungsten": turned(drawing, _ball()),
        }
        return canvas.maps({name: part * np.float32(scale) for name, part in parts.items()})


def spring() -> Points:
    """Return the spring's path (n, 3): open turns between closed ends."""
    turns = OPEN_TURNS + 2 * CLOSED_TURNS
    closed = CLOSED_TURNS * 2 * WIRE_RADIUS
    phase = np.linspace(0, turns, 48 * turns)
    along = np.interp(
        phase,
        (0, CLOSED_TURNS, CLOSED_TURNS + OPEN_TURNS, turns),
        (SPRING_ENDS[0], SPRING_ENDS[0] + closed, SPRING_ENDS[1] - closed, SPRING_ENDS[1]),
    )
    turn = 2 * np.pi * phase
    return np.stack([along, SPRING_RADIUS * np.cos(turn), SPRING_RADIUS * np.sin(turn)], axis=1)


def _ball() -> Points:
    along = np.linspace(-1, 1, 17)
    return np.stack([14.05 + BALL_MM * along, BALL_MM * np.sqrt(1 - along**2)], axis=1)
