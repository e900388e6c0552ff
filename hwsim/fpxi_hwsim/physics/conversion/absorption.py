"""What the converter absorbs for each gray of air kerma that the beam delivers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Absorption:
    """Photons absorbed by each fine pixel for each gray, and the first moments of their energies.

    Maps are float32 (2 rows, 2 columns). Sums over a spectrum are linear in its intensity, so that
    the beam's profile and the blur of the focal spot act on each of the three (`mapped`).
    """

    photons_per_Gy: Map
    energy_keV_per_Gy: Map
    """sum of the photons' energies"""
    energy2_keV2_per_Gy: Map
    """sum of their squares"""
    mean_keV: Map = field(init=False)
    """mean energy that a photon leaves; 0 where none arrives"""
    relative_variance: Map = field(init=False)
    """variance of that energy over the square of its mean; 0 where no photon arrives"""

    def __post_init__(self) -> None:
        mean = _ratio(self.energy_keV_per_Gy, self.photons_per_Gy)
        square = _ratio(self.energy2_keV2_per_Gy, self.photons_per_Gy)
        relative = np.maximum(_ratio(square, mean * mean), 1) - np.float32(1)
        object.__setattr__(self, "mean_keV", mean)
        object.__setattr__(self, "relative_variance", relative)

    @property
    def variance_keV2(self) -> Map:
        """Variance of the energy that a photon leaves."""
        variance: Map = self.relative_variance * self.mean_keV**2
        return variance

    def mapped(self, change: Callable[[Map], Map]) -> Absorption:
        """Return the absorption from a beam whose intensity a linear operation has changed."""
        return Absorption(
            change(self.photons_per_Gy),
            change(self.energy_keV_per_Gy),
            change(self.energy2_keV2_per_Gy),
        )


def _ratio(numerator: Map, denominator: Map) -> Map:
    ratio = np.zeros_like(numerator)
    return np.divide(numerator, denominator, out=ratio, where=denominator > 0)
