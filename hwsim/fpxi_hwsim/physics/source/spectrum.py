"""Spectrum of the beam at the detector, as photons for each gray of air kerma."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.materials.elements import MOST_keV, SMALLEST_keV
from fpxi_hwsim.physics.source.air import kerma_Gy_cm2

Energies = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Photons/cm2 that come with one gray of air kerma, no object in the beam.

    Raises
    ------
    UnphysicalError
        Energies outside 3 to 250 keV or not rising, a negative or no fluence at all.

    """

    name: str
    energy_keV: Energies
    """float64 (K,): middles of bins 1 keV wide, or lines"""
    photons_per_Gy_cm2: Energies
    """float64 (K,)"""

    def __post_init__(self) -> None:
        """Refuse the impossible; keep copies that nobody can write to."""
        energy, photons = (
            np.array(values, dtype=np.float64)
            for values in (self.energy_keV, self.photons_per_Gy_cm2)
        )
        if energy.ndim != 1 or energy.size == 0 or photons.shape != energy.shape:
            raise UnphysicalError("bins of the spectrum", photons.size, "one for each energy")
        for value in energy:
            require("energy_keV", float(value), least=SMALLEST_keV, most=MOST_keV)
        for value in photons:
            require("photons_per_Gy_cm2", float(value), least=0)
        require("rise of energy_keV", float(np.diff(energy).min(initial=1.0)), above=0)
        require("photons_total", float(photons.sum()), above=0)
        for field, values in (("energy_keV", energy), ("photons_per_Gy_cm2", photons)):
            values.setflags(write=False)
            object.__setattr__(self, field, values)

    @property
    def photons_total(self) -> float:
        """Photons/(cm2 Gy) of all energies, known as phi/X."""
        return float(self.photons_per_Gy_cm2.sum())

    @property
    def mean_keV(self) -> float:
        """Mean energy of a photon."""
        return float(self.energy_keV @ self.photons_per_Gy_cm2) / self.photons_total

    def scaled_to(self, photons_per_Gy_cm2: float) -> Spectrum:
        """Return the same shape with another phi/X, such as a published one."""
        require("photons_per_Gy_cm2", photons_per_Gy_cm2, above=0)
        factor = photons_per_Gy_cm2 / self.photons_total
        return replace(self, photons_per_Gy_cm2=self.photons_per_Gy_cm2 * factor)


def spectrum_of_fluence(name: str, energy_keV: Energies, fluence: Energies) -> Spectrum:
    """Return the spectrum of this shape with as many photons as make one gray."""
    kerma = float(kerma_Gy_cm2(energy_keV) @ fluence)
    require("air kerma behind the filters", kerma, above=0)
    return Spectrum(name, energy_keV, fluence / kerma)
