"""A screen in which X-rays make light, and the optics and camera that see it.

A photon's light spreads and is detected photo-electron by photo-electron: their number, given the
energy absorbed, is Poisson in each pixel and independent between pixels (H. H. Barrett and
W. Swindell, Radiological Imaging, 1981: a Poisson number of quanta stays one under selection and
scattering). With g of them for each X-ray photon of one energy, the variance over the mean is
1 + g, and the signal-to-noise ratio squared of N photons is N g/(1 + g).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.photon_statistics import CompoundPoisson
from fpxi_hwsim.physics.conversion.sharing import Spread, require_spread
from fpxi_hwsim.physics.limits import require

Map = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Superlinearity:
    """Light that traps take from a weak beam and leave to a strong one, which keeps them full.

    The screen gives 1 - lost/(1 + D/half) of its light at the dose rate D.
    """

    lost: float = 0.0
    """the part that traps take from the weakest beam; 0: light is proportional to the dose rate"""
    half_rate_Gy_s: float = 1.0
    """dose rate at which they take half as much"""

    def __post_init__(self) -> None:
        require("lost", self.lost, least=0.0, most=1.0)
        require("half_rate_Gy_s", self.half_rate_Gy_s, least=1e-12, most=1e12)


LINEAR = Superlinearity()


@dataclass(frozen=True, slots=True)
class Scintillator:
    """A screen and the camera behind it. Neither asks for a bias."""

    absorber: Absorber
    light_yield_per_MeV: float
    """photons in a strong beam"""
    collected_fraction: float
    """of the light: what reaches the camera's sensor"""
    quantum_efficiency: float
    """photo-electrons for each photon that does"""
    excess_variance: float = 0.0
    """relative, from one X-ray photon to the next of the same energy: depth and grain"""
    superlinearity: Superlinearity = LINEAR
    spread: Spread = ()
    """of light"""

    def __post_init__(self) -> None:
        require("light_yield_per_MeV", self.light_yield_per_MeV, least=1e-2, most=1e6)
        require("collected_fraction", self.collected_fraction, least=1e-9, most=1.0)
        require("quantum_efficiency", self.quantum_efficiency, least=1e-6, most=1.0)
        require("excess_variance", self.excess_variance, least=0.0, most=3.0)
        require_spread("spread", self.spread)

    def electrons_per_keV(self, bias_V: float) -> float:  # noqa: ARG002 (a converter's form)
        """Return the mean number of photo-electrons for each keV, at any bias."""
        detected = self.collected_fraction * self.quantum_efficiency
        return self.light_yield_per_MeV * 1e-3 * detected

    def excess(self, bias_V: float) -> float:  # noqa: ARG002 (a converter's form)
        """Return the relative variance that the screen adds to a photon's light."""
        return self.excess_variance


def relative_light(superlinearity: Superlinearity, dose_rate_Gy_s: float | Map) -> Map:
    """Return the part of its light that a screen gives where this dose rate reaches it, 0 to 1."""
    rate = np.asarray(dose_rate_Gy_s, np.float32)
    full = 1 + rate / np.float32(superlinearity.half_rate_Gy_s)
    light: Map = 1 - np.float32(superlinearity.lost) / full
    return light


def detect_light(scintillator: Scintillator, pixel_keV: Map, random: np.random.Generator) -> Map:
    """Draw the photo-electrons of each pixel and return the energy that makes as many on average.

    `pixel_keV` is float32 (rows, columns), the energy whose light goes to each pixel.
    """
    per_keV = np.float32(scintillator.electrons_per_keV(0.0))
    one, none = np.ones_like(pixel_keV), np.zeros_like(pixel_keV)
    electrons = CompoundPoisson(pixel_keV * per_keV, one, none).draw(random)
    electrons /= per_keV
    return electrons
