"""X-ray tubes as their labels describe them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import BadValueError
from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.materials.attenuation import attenuation_per_cm
from fpxi_hwsim.physics.materials.catalogue import find_material
from fpxi_hwsim.physics.source.air import kerma_Gy_cm2
from fpxi_hwsim.physics.source.emission import ANODES, MOST_kV, SMALLEST_kV, emission
from fpxi_hwsim.physics.source.spectrum import Spectrum, spectrum_of_fluence

Energies = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tube:
    """An X-ray tube and all that its beam crosses before the object.

    Raises
    ------
    BadValueError, UnknownMaterialError, UnphysicalError
        No such anode or filter material; a voltage, an angle or a thickness that cannot be.

    """

    anode: str = "W"
    kV: float = 50.0
    filters: tuple[tuple[str, float], ...] = ()
    """material and thickness in mm: window, filters, the air path if it matters"""
    anode_angle_deg: float = 12.0
    """between the target's surface and the central ray"""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.anode not in ANODES:
            raise BadValueError("anode", self.anode, f"one of {', '.join(ANODES)}")
        require("kV", self.kV, least=SMALLEST_kV, most=MOST_kV)
        require("anode_angle_deg", self.anode_angle_deg, least=1, most=90)
        for material, thickness_mm in self.filters:
            find_material(material)
            require(f"mm of {material}", thickness_mm, least=0, most=1e6)

    def __str__(self) -> str:
        """Return the text from which `parse_tube` reads this tube."""
        angle = "" if self.anode_angle_deg == 12 else f"@{self.anode_angle_deg:g}deg"
        filters = "+".join(f"{material} {mm:g}mm" for material, mm in self.filters)
        return f"{self.anode}:{self.kV:g}kV{angle}" + (f":{filters}" if filters else "")

    @property
    def output_uGy_mAs_at_1m(self) -> float:
        """Air kerma in uGy for each mAs, 1 m from the focal spot, behind the filters."""
        energy_keV, photons = _fluence(self)
        return float(kerma_Gy_cm2(energy_keV) @ photons) * 1e6

    def dose_rate_Gy_s(self, mA: float, distance_mm: float) -> float:
        """Return the air kerma rate on the central ray, by the inverse-square law."""
        require("mA", mA, least=0)
        require("distance_mm", distance_mm, above=0)
        return self.output_uGy_mAs_at_1m * 1e-6 * mA * (1000 / distance_mm) ** 2


@cache
def spectrum_of(tube: Tube) -> Spectrum:
    """Return the tube's spectrum, behind its filters, for each gray measured there.

    Raises
    ------
    TubeModelError, MissingExtraError, UnphysicalError
        The tube cannot be modelled, or not without spekpy; its filters let nothing through.

    """
    return spectrum_of_fluence(str(tube), *_fluence(tube))


def _fluence(tube: Tube) -> tuple[Energies, Energies]:
    """Photons/(cm2 mAs) at 1 m behind the filters, and their energies."""
    energy_keV, photons = emission(tube.anode, tube.kV, tube.anode_angle_deg)
    depth = np.zeros(energy_keV.shape)
    for material, thickness_mm in tube.filters:
        depth += attenuation_per_cm(material, energy_keV) * (thickness_mm / 10)
    return energy_keV, photons * np.exp(-depth)
