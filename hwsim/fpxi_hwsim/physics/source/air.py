"""Air kerma of photons."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.constants import JOULE_PER_keV
from fpxi_hwsim.physics.materials.attenuation import attenuation_per_cm
from fpxi_hwsim.physics.materials.catalogue import MATERIALS

Energies = npt.NDArray[np.float64]


AIR_keV = (3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200)
# fmt: off
AIR_CM2_G = (
    161.4, 76.36, 39.31, 22.70, 9.446, 4.742, 1.334, 0.5389, 0.1537, 0.06833, 0.04098, 0.03041,
    0.02407, 0.02325, 0.02496, 0.02672,
)
"""mass energy-absorption coefficient of dry air: Hubbell and Seltzer, NISTIR 5632, table 4"""
# fmt: on


def kerma_Gy_cm2(energy_keV: npt.ArrayLike) -> Energies:
    """Return the air kerma of one photon of each energy per cm2, float64; 3 to 250 keV.

    Between the energies of the published table the coefficient follows that of the elements in
    air, from which it departs by 1.4 % at most.

    Raises
    ------
    UnphysicalError
        An energy is outside.

    """
    energies = np.asarray(energy_keV, dtype=np.float64)
    log_keV, departure = _departure()
    cm2_g = _by_elements_cm2_g(energies) * np.interp(np.log(energies), log_keV, departure)
    return np.asarray(energies * JOULE_PER_keV * 1000 * cm2_g)


@cache
def _departure() -> tuple[Energies, Energies]:
    """Logarithms of the table's energies, and what factor leads from the elements to it."""
    energies = np.array(AIR_keV, dtype=np.float64)
    return np.log(energies), np.array(AIR_CM2_G) / _by_elements_cm2_g(energies)


def _by_elements_cm2_g(energies: Energies) -> Energies:
    air = MATERIALS["air"]
    return attenuation_per_cm(air, energies, "energy_absorption") / air.density_g_cm3
