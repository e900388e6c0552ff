"""Spectrum of the beam at the detector, as photons for each gray of air kerma."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.materials.attenuation import attenuation_per_cm
from fpxi_hwsim.physics.materials.elements import MOST_keV, SMALLEST_keV
from fpxi_hwsim.physics.source.air import kerma_Gy_cm2

Energies = npt.NDArray[np.float64]

BISECTIONS = 50
"""of the half-value layer, to the last digits of a float"""


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

    @property
    def kerma_Gy(self) -> float:
        """Air kerma of these photons: 1, unless `scaled_to` set another fluence."""
        return float(kerma_Gy_cm2(self.energy_keV) @ self.photons_per_Gy_cm2)

    def scaled_to(self, photons_per_Gy_cm2: float) -> Spectrum:
        """Return the same shape with another phi/X, such as a published one."""
        require("photons_per_Gy_cm2", photons_per_Gy_cm2, above=0)
        factor = photons_per_Gy_cm2 / self.photons_total
        return replace(self, photons_per_Gy_cm2=self.photons_per_Gy_cm2 * factor)

    def filtered(self, material: str, thickness_mm: float) -> Spectrum:
        """Return the spectrum behind a filter, for each gray that is measured behind it.

        Raises
        ------
        UnknownMaterialError, BadValueError, UnphysicalError
            There is no such material; the thickness is negative, or lets no photon through.

        """
        passed = self.photons_per_Gy_cm2 * self._transmission(material, thickness_mm)
        kerma = kerma_Gy_cm2(self.energy_keV)
        left = float(kerma @ passed) / self.kerma_Gy
        require("kerma behind the filter", left, above=0)
        return replace(
            self,
            name=f"{self.name}, {thickness_mm:g} mm {material}",
            photons_per_Gy_cm2=passed / left,
        )

    def half_value_layer_mm(self, material: str = "aluminium") -> float:
        """Return the thickness of a material that halves the air kerma."""
        kerma = kerma_Gy_cm2(self.energy_keV) * self.photons_per_Gy_cm2
        per_mm = attenuation_per_cm(material, self.energy_keV) / 10
        low_mm, high_mm = 0.0, float(np.log(2) / per_mm.min())
        for _ in range(BISECTIONS):
            middle_mm = (low_mm + high_mm) / 2
            if kerma @ np.exp(-per_mm * middle_mm) > kerma.sum() / 2:
                low_mm = middle_mm
            else:
                high_mm = middle_mm
        return high_mm

    def _transmission(self, material: str, thickness_mm: float) -> Energies:
        require("thickness_mm", thickness_mm, least=0)
        return np.exp(-attenuation_per_cm(material, self.energy_keV) * thickness_mm / 10)


def spectrum_of_fluence(name: str, energy_keV: Energies, fluence: Energies) -> Spectrum:
    """Return the spectrum of this shape with as many photons as make one gray."""
    kerma = float(kerma_Gy_cm2(energy_keV) @ fluence)
    require("air kerma behind the filters", kerma, above=0)
    return Spectrum(name, energy_keV, fluence / kerma)
