"""What every object has: a place, and a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.plane import Pose

FARTHEST_MM = 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An object that can be turned about its middle and shifted.

    Its fields are the keys of its text. A size that is None follows the field of view.
    """

    angle_deg: float = 0.0
    x_mm: float = 0.0
    y_mm: float = 0.0

    one_thickness: ClassVar[bool] = False
    """whether the coverage alone describes it"""
    moves: ClassVar[bool] = False
    """whether it moves within itself"""

    def __post_init__(self) -> None:
        require("angle_deg", self.angle_deg)
        require_place("x_mm", self.x_mm)
        require_place("y_mm", self.y_mm)

    @property
    def pose(self) -> Pose:
        """Where it lies when nothing moves it."""
        return Pose(self.angle_deg, self.x_mm, self.y_mm)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return its maps; an object that is not there leaves air."""
        return canvas.maps({})


def require_place(name: str, value: float) -> None:
    """Accept a distance in mm from the middle of the field, within the room."""
    require(name, value, least=-FARTHEST_MM, most=FARTHEST_MM)


def require_thickness(name: str, value: float) -> None:
    """Accept a thickness in mm, within the room."""
    require(name, value, least=0, most=FARTHEST_MM)


def require_size(name: str, value: float | None, most: float = FARTHEST_MM) -> None:
    """Accept a length in mm above zero, or None for one that follows the field of view."""
    if value is not None:
        require(name, value, above=0, most=most)
