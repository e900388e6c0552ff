"""What the panel's converter absorbs of a beam behind an object."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.conversion.absorption import Absorption
from fpxi_hwsim.physics.conversion.expectation import expected_absorption
from fpxi_hwsim.physics.conversion.sharing import (
    Kernel,
    bin_to_pixels,
    make_kernel,
    make_noise_kernel,
    share,
)
from fpxi_hwsim.physics.grid import SUBPIXELS
from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.object import ImagePlane, SceneObject, ThicknessMaps, blur, make_object
from fpxi_hwsim.physics.source.field import relative_intensity

if TYPE_CHECKING:
    from fpxi_hwsim.presets.preset import Preset

Map = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spreading:
    """How energy spreads over a panel's pixels, and how much there is in the open beam."""

    kernel: Kernel
    """of what is expected"""
    noise_kernel: Kernel
    """of what is drawn"""
    open_keV_per_Gy: float
    """of a pixel"""


class Shadow:
    """What is absorbed at one moment, for each gray that the beam delivers."""

    def __init__(self, absorption: Absorption, spreading: Spreading) -> None:
        self.absorption = absorption
        self._spreading = spreading

    def pixels_keV(self, drawn_keV: Map) -> Map:
        """Spread the energy drawn for each fine pixel, and sum it: float32 (rows, columns)."""
        pixel_keV = bin_to_pixels(share(drawn_keV, self._spreading.noise_kernel))
        return pixel_keV if self._sharpening is None else pixel_keV * self._sharpening

    @cached_property
    def expected_keV_per_Gy(self) -> Map:
        """Energy expected in each pixel after its spread, float32 (rows, columns)."""
        return bin_to_pixels(share(self.absorption.energy_keV_per_Gy, self._spreading.kernel))

    @cached_property
    def brightness(self) -> Map:
        """Expected energy of each pixel relative to the open beam, float32 (rows, columns)."""
        return self.expected_keV_per_Gy * np.float32(1 / self._spreading.open_keV_per_Gy)

    @cached_property
    def _sharpening(self) -> Map | None:
        """What is expected over the mean of what is drawn: 1 but where the brightness bends."""
        if self._spreading.kernel == self._spreading.noise_kernel:
            return None
        drawn = bin_to_pixels(
            share(self.absorption.energy_keV_per_Gy, self._spreading.noise_kernel)
        )
        ratio = np.ones_like(drawn)
        return np.divide(self.expected_keV_per_Gy, drawn, out=ratio, where=drawn > 0)


class Projection:
    """An object in the beam of a preset, as its panel sees it.

    Raises
    ------
    ObjectError, UnknownKeyError, BadValueError, UnphysicalError
        There is no such object, none that could be, or the converter absorbs nothing.

    """

    def __init__(self, preset: Preset, object_text: str) -> None:
        beam, geometry = preset.beam, preset.geometry
        self._plane = ImagePlane(
            geometry.shape, geometry.pitch_um, beam.magnification, beam.focal_spot_um
        )
        self._object: SceneObject = make_object(object_text, self._plane)
        self._spectrum = beam.spectrum()
        self._intensity = relative_intensity(beam.field, geometry.shape, geometry.pitch_um)
        self._preset = preset
        spread = preset.converter.spread
        self._spreading = Spreading(
            make_kernel(spread, geometry.pitch_um),
            make_noise_kernel(spread, geometry.pitch_um),
            self._open_beam(),
        )
        # A moving object is drawn, too: what cannot be drawn is to be refused here, not later.
        first = self._cast(0.0)
        self._still = None if self._object.moving else first

    def at(self, time_s: float) -> Shadow:
        """Return the shadow at a time since the object was put in; a still object's is one."""
        return self._still or self._cast(time_s)

    def _cast(self, time_s: float) -> Shadow:
        absorption = self._behind(self._object.at(time_s)).mapped(self._spread_over_panel)
        return Shadow(absorption, self._spreading)

    def _behind(self, maps: ThicknessMaps) -> Absorption:
        return expected_absorption(
            self._spectrum, maps, self._preset.converter, self._preset.pixel_area_cm2
        )

    def _open_beam(self) -> float:
        """Return the energy that a pixel absorbs for each gray without an object."""
        air = ThicknessMaps((SUBPIXELS, SUBPIXELS), SUBPIXELS, {})
        open_keV_per_Gy = float(self._behind(air).energy_keV_per_Gy.sum())
        require("energy in keV that a pixel absorbs for each gray", open_keV_per_Gy, above=0.0)
        return open_keV_per_Gy

    def _spread_over_panel(self, fine: Map) -> Map:
        """Blur by the focal spot, and weaken where the beam is weaker."""
        blurred = blur(fine, self._plane)
        return blurred if self._intensity is None else blurred * self._intensity
