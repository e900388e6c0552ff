"""A bending joint: two bones with a cortical shell in soft tissue."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.plane import Map, Points
from fpxi_hwsim.physics.object.solids import turned
from fpxi_hwsim.physics.object.thing import Thing, require_size

DRAWN_MM = 30.0
"""length of the drawing below, whose numbers are mm of a finger; the hinge is in the middle"""
SHORTEST_PERIOD_S = 1e-3
SPONGE = 0.4
"""part of a bone's head that is bone"""


def _profile(*points: tuple[float, float]) -> Points:
    return np.array(points, np.float64)


# Along the limb, away from the hinge. The first bone's head is a knuckle about the hinge.
SKIN = _profile((0, 6.9), (6, 6.7), (16, 6.3), (60, 7.2))
HEAD = _profile(
    *((-4.7 * math.cos(turn), 4.7 * math.sin(turn)) for turn in np.linspace(0, 1.9, 16)),
    *((4, 3.8), (8, 3.2), (14, 3.0), (60, 3.4)),
)
BASE = _profile((5.5, 4.2), (5.8, 4.8), (6.6, 5.0), (7.6, 4.7), (11, 3.5), (18, 2.9), (60, 3.2))
SHAFT_WALL_MM = 1.8
HEAD_WALL_MM = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint(Thing):
    """A joint that bends from straight to `bend_deg` and back in `period_s`."""

    bend_deg: float = 70.0
    period_s: float = 2.0
    length_mm: float | None = None

    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        require("bend_deg", self.bend_deg, least=0, most=110)
        require("period_s", self.period_s, least=SHORTEST_PERIOD_S)
        require_size("length_mm", self.length_mm)

    def bend_at(self, time_s: float) -> float:
        """Return the angle in degrees between the bones' axes: straight at time 0."""
        return self.bend_deg * (1 - math.cos(2 * math.pi * time_s / self.period_s)) / 2

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the thickness of bone and of the tissue around and within it."""
        scale = (self.length_mm or min(canvas.extent_mm)) / DRAWN_MM
        drawing = canvas.enlarged(scale)
        half = self.bend_at(canvas.time_s) / 2
        limbs = [drawing.placed(angle_deg=angle) for angle in (180 - half, half)]
        skin = np.maximum(turned(limbs[0], SKIN), turned(limbs[1], SKIN))
        np.maximum(skin, turned(drawing, _sphere(SKIN[0, 1])), out=skin)
        bone = _bone(limbs[0], HEAD) + _bone(limbs[1], BASE)
        tissue = np.maximum(skin - bone, 0)
        return canvas.maps(
            {"bone": bone * np.float32(scale), "soft-tissue": tissue * np.float32(scale)}
        )


def _bone(canvas: Canvas, profile: Points) -> Map:
    """Return the bone in a shaft with a compact wall and a spongy head."""
    along, radius = profile.T
    wall = np.interp(along, (6, 16), (HEAD_WALL_MM, SHAFT_WALL_MM))
    inner = np.stack([along, np.maximum(radius - wall, 0.05)], axis=1)[1:]
    inner[0, 0] += HEAD_WALL_MM
    sponge = np.stack([inner[:, 0], inner[:, 1] * np.interp(inner[:, 0], (8, 16), (1, 0))], axis=1)
    marrow = turned(canvas, inner) - np.float32(SPONGE) * turned(canvas, sponge)
    solid: Map = np.maximum(turned(canvas, profile) - marrow, 0)
    return solid


def _sphere(radius: float) -> Points:
    along = np.linspace(-1, 1, 33)
    return np.stack([radius * along, radius * np.sqrt(1 - along**2)], axis=1)
