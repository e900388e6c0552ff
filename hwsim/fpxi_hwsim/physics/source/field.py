"""How the beam's intensity falls off over a flat detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.grid import SUBPIXELS
from fpxi_hwsim.physics.limits import require

FineMap = npt.NDArray[np.float32]
Side = Literal["top", "bottom", "left", "right"]


@dataclass(frozen=True, slots=True)
class BeamField:
    """Where the focal spot is, and how much of its own rays the anode absorbs.

    Raises
    ------
    UnphysicalError
        A value that no tube has.

    """

    source_distance_mm: float = 0.0
    """from the focal spot to the detector's middle, on its normal; 0: rays are parallel"""
    anode_angle_deg: float = 12.0
    self_absorption: float = 0.0
    """of a ray that leaves the anode at a right angle: attenuation times depth; 0: none

    0.031 gives tungsten at 70 kV behind 2.5 mm Al within 2.5 % of spekpy, over 17 degrees."""
    anode_side: Side = "left"
    """the side of the image over which the anode is; the beam is weaker there"""

    def __post_init__(self) -> None:
        """Refuse what no tube is."""
        if self.source_distance_mm != 0:
            require("source_distance_mm", self.source_distance_mm, least=1, most=1e6)
        require("anode_angle_deg", self.anode_angle_deg, least=1, most=90)
        require("self_absorption", self.self_absorption, least=0, most=10)


def relative_intensity(field: BeamField, shape: tuple[int, int], pitch_um: float) -> FineMap | None:
    """Return the air kerma over the detector, of mean 1: float32 (2 rows, 2 columns).

    Inverse square and obliquity give cos^3 of the angle from the central ray. A ray at the angle
    a + b to the anode's surface, with a the anode's and b its own towards the cathode, crosses
    1 / sin(a + b) times the depth at which it arose; none comes from below the surface.

    Parameters
    ----------
    field
        geometry of the beam
    shape
        rows and columns of pixels
    pitch_um
        of the pixels

    Returns
    -------
    None if the field is even: the rays are parallel.

    Raises
    ------
    UnphysicalError
        The pitch is not positive.

    """
    require("pitch_um", pitch_um, above=0)
    if field.source_distance_mm == 0:
        return None
    rows, columns = (_positions(pixels, pitch_um, field.source_distance_mm) for pixels in shape)
    vertical, horizontal = rows[:, np.newaxis], columns[np.newaxis, :]
    intensity = (1 + vertical**2 + horizontal**2) ** -1.5
    if field.self_absorption > 0:
        towards_cathode = {
            "top": vertical,
            "bottom": -vertical,
            "left": horizontal,
            "right": -horizontal,
        }[field.anode_side]
        intensity = intensity * _heel(field, towards_cathode)
    return np.asarray(intensity / intensity.mean(), dtype=np.float32)


def _positions(pixels: int, pitch_um: float, distance_mm: float) -> npt.NDArray[np.float64]:
    """Middles of fine pixels from the centre, over the distance of the source: tangents."""
    fine = SUBPIXELS * pixels
    from_centre = np.arange(fine) - (fine - 1) / 2
    return np.asarray(from_centre * (pitch_um / 1000 / SUBPIXELS / distance_mm))


def _heel(field: BeamField, tangent: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    angle = np.radians(field.anode_angle_deg) + np.arctan(tangent)
    outside = np.sin(angle)
    absorbed = field.self_absorption / np.where(outside > 0, outside, 1)
    return np.where(outside > 0, np.exp(-absorbed), 0.0)
