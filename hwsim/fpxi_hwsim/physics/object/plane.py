"""The plane in which the object lies, and the fine grid on which it is drawn.

Lengths are mm in that plane, x to the right and y down from the middle of the field. Angles are
in degrees and grow anticlockwise as the picture is seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.grid import SUBPIXELS
from fpxi_hwsim.physics.limits import require

Points = npt.NDArray[np.float64]
"""(n, 2): x and y of each"""
Map = npt.NDArray[np.float32]
"""(fine rows, fine columns)"""

MOST_OVERSAMPLING = 16
STILL_FINE_PIXELS = 2**18
MOVING_FINE_PIXELS = 2**14
SINGLE_PIXEL_EXTENT_MM = 12.8
MOST_MAGNIFICATION = 1000.0
MOST_PENUMBRA = 10.0
"""times the panel's longer side"""


@dataclass(frozen=True, slots=True)
class ImagePlane:
    """A panel of `shape` (rows, columns) and what it sees at the object.

    `magnification` is the distance from the source to the panel over that to the object.
    UnphysicalError for what no set-up can have.
    """

    shape: tuple[int, int]
    pitch_um: float
    magnification: float = 1.0
    focal_spot_um: float = 0.0

    def __post_init__(self) -> None:
        for count in self.shape:
            require("shape", count, least=1)
        require("pitch_um", self.pitch_um, above=0)
        require("magnification", self.magnification, least=1, most=MOST_MAGNIFICATION)
        require("focal_spot_um", self.focal_spot_um, least=0)
        penumbra_um = self.focal_spot_um * (self.magnification - 1)
        require(
            "penumbra_um on the panel",
            penumbra_um,
            most=MOST_PENUMBRA * max(self.shape) * self.pitch_um,
        )

    @property
    def pixel_mm(self) -> float:
        """Width of a pixel, projected back to the object."""
        return self.pitch_um * 1e-3 / self.magnification

    @property
    def field_mm(self) -> tuple[float, float]:
        """Height and width of what the panel sees at one moment."""
        return self.shape[0] * self.pixel_mm, self.shape[1] * self.pixel_mm

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Height and width that an object without a size of its own fills.

        The field; of a line, over which objects are moved, its length both ways; of a single
        pixel that of a small panel.
        """
        height, width = self.field_mm
        if max(self.shape) == 1:
            return SINGLE_PIXEL_EXTENT_MM, SINGLE_PIXEL_EXTENT_MM
        if min(self.shape) == 1:
            return max(height, width), max(height, width)
        return height, width


def oversampling_of(shape: tuple[int, int], *, moving: bool, one_thickness: bool) -> int:
    """Fine pixels a pixel and direction to draw with: a multiple of SUBPIXELS.

    An object of one thickness is exact by its coverage alone and needs no more than SUBPIXELS;
    others get as many as the budget of fine pixels allows.
    """
    if one_thickness:
        return SUBPIXELS
    most = MOVING_FINE_PIXELS if moving else STILL_FINE_PIXELS
    oversampling = MOST_OVERSAMPLING
    while oversampling > SUBPIXELS and shape[0] * shape[1] * oversampling**2 > most:
        oversampling //= 2
    return oversampling


@dataclass(frozen=True, slots=True)
class Pose:
    """A turn about the origin, then a shift."""

    angle_deg: float = 0.0
    x_mm: float = 0.0
    y_mm: float = 0.0

    def apply(self, points: Points) -> Points:
        """Take points of the object to where they lie in the plane."""
        return points @ self.rotation.T + (self.x_mm, self.y_mm)

    def after(self, first: Pose) -> Pose:
        """Return the pose that does the other first, then this."""
        (place,) = self.apply(np.array([[first.x_mm, first.y_mm]]))
        return Pose(self.angle_deg + first.angle_deg, float(place[0]), float(place[1]))

    @property
    def rotation(self) -> npt.NDArray[np.float64]:
        """(2, 2), for columns (x, y)."""
        angle = math.radians(self.angle_deg)
        return np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
