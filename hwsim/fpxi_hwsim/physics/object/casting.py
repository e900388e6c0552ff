"""An aluminium casting with ribs, bosses, bores, a steel insert, and its flaws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.outlines import disk, hole, rectangle, rounded, stroke
from fpxi_hwsim.physics.object.parts import Parts
from fpxi_hwsim.physics.object.plane import Points
from fpxi_hwsim.physics.object.thing import Thing, require_size

DRAWN_MM = 40.0
"""side of the square in which the drawing below lies, in its mm"""
CORNERS = ((-13, -13), (13, -13), (13, 13), (-13, 13))
HUB = (-2.0, 1.5)
SHELLS = 4
"""flat disks that make up a round cavity"""
CAVITIES = (
    *((9.2, -3.0, 1.1), (7.4, -5.2, 0.8), (10.6, -5.6, 0.7), (8.8, -7.4, 0.5), (6.4, -3.4, 0.45)),
    *((-10.2, 6.8, 0.6), (-9.0, 8.4, 0.4), (4.8, 10.4, 0.9), (6.6, 9.2, 0.5), (-6.6, -9.6, 0.5)),
)
CRACK = ((-15.5, -3.0), (-13.6, -2.4), (-12.4, -3.4), (-10.8, -2.6), (-9.6, -3.2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting(Thing):
    """A square casting `size_mm` wide; all else, the depth too, in proportion."""

    angle_deg: float = 8.0
    size_mm: float | None = None

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        require_size("size_mm", self.size_mm)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the thickness of aluminium and of the steel insert."""
        scale = (self.size_mm or min(canvas.extent_mm)) / DRAWN_MM
        parts = Parts(canvas.enlarged(scale))
        _add_body(parts)
        _add_flaws(parts)
        return canvas.maps(parts.scaled(scale))


def _add_body(parts: Parts) -> None:
    """Add a plate with a rim, ribs to a hub, bosses with bores."""
    outer, inner = rounded(-17, -17, 17, 17, 4), rounded(-15.2, -15.2, 15.2, 15.2, 2.6)
    parts.flat("aluminium", 4, [outer])
    parts.flat("aluminium", 8, [outer, hole(inner)])
    for corner in CORNERS:
        parts.flat("aluminium", 5, stroke(_rib(corner), 1.3))
        parts.flat("aluminium", 8, [disk(*corner, 2.9)])
        parts.flat("aluminium", -12, [disk(*corner, 1.3)])
    parts.flat("aluminium", 9, [disk(*HUB, 6)])
    parts.flat("aluminium", -13, [disk(*HUB, 4)])
    parts.flat("steel", 3, [disk(*HUB, 4), hole(disk(*HUB, 3))])
    parts.flat("aluminium", -4, [rectangle(5, 2, 12, 5.5)])


def _rib(corner: tuple[float, float]) -> Points:
    """From the wall of the hub's bore to that of the boss's."""
    ends = np.array([HUB, corner], np.float64)
    along = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))
    return ends + np.outer((4.2, -1.5), along)


def _add_flaws(parts: Parts) -> None:
    """Take away gas cavities, each a ball, and a crack."""
    for x, y, radius in CAVITIES:
        height = (np.arange(SHELLS) + 0.5) / SHELLS
        for part in height:
            shell = disk(x, y, radius * np.sqrt(1 - part**2), 24)
            parts.flat("aluminium", -2 * radius / SHELLS, [shell])
    parts.flat("aluminium", -2.0, stroke(np.array(CRACK), 0.3))
