"""The layer that stops X-rays: what it absorbs of each energy, and how much a photon leaves in it.

A photon is absorbed by the photoelectric effect and leaves all its energy there, less that of a
fluorescent photon which may escape. Coherently scattered photons go on nearly as before and count
as not scattered. Compton-scattered ones, up to 3 in 100 at 20 to 70 keV in heavy elements, leave
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.materials.attenuation import attenuation_per_cm

Energies = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Escape:
    """Fluorescence that leaves the layer: photons above an absorption edge lose a line's energy."""

    edge_keV: float
    line_keV: float
    probability: float
    """that the absorption of a photon above the edge ends with a line photon outside"""

    def __post_init__(self) -> None:
        require("edge_keV", self.edge_keV, above=0.0)
        require("line_keV", self.line_keV, above=0.0, most=self.edge_keV)
        require("probability", self.probability, least=0.0, most=1.0)


@dataclass(frozen=True, slots=True)
class Absorber:
    """A layer of one material, or of a constant absorbed fraction."""

    material: str = ""
    """a name of `physics.materials`; not asked for where a fraction is given"""
    thickness_um: float = 0.0
    absorbed_fraction: float | None = None
    """of photons of every energy, instead of the material's"""
    fill_factor: float = 1.0
    """the part of a pixel's area whose photons count"""
    escape: tuple[Escape, ...] = ()

    def __post_init__(self) -> None:
        if self.thickness_um != 0.0:
            require("thickness_um", self.thickness_um, least=1e-3, most=1e6)
        require("fill_factor", self.fill_factor, least=1e-6, most=1.0)
        require("escape", sum(each.probability for each in self.escape), least=0.0, most=1.0)
        if self.absorbed_fraction is not None:
            require("absorbed_fraction", self.absorbed_fraction, least=0.0, most=1.0)


@dataclass(frozen=True, slots=True)
class Deposits:
    """What photons of each energy do in an absorber, float64 (K,) each."""

    absorbed: Energies
    """the fraction that is absorbed, fill factor included"""
    energy_keV: Energies
    """mean energy that an absorbed photon leaves"""
    energy2_keV2: Energies
    """mean square of it"""


def deposits(absorber: Absorber, energy_keV: Energies) -> Deposits:
    """Return what photons of these energies, float64 (K,), do in an absorber."""
    energy = np.asarray(energy_keV, dtype=np.float64)
    first, second = energy.copy(), energy**2
    for escape in absorber.escape:
        lost = np.where(energy > escape.edge_keV, escape.probability, 0.0)
        first -= lost * escape.line_keV
        second -= lost * escape.line_keV * (2 * energy - escape.line_keV)
    absorbed = absorber.fill_factor * _absorbed(absorber, energy)
    return Deposits(absorbed=absorbed, energy_keV=first, energy2_keV2=second)


def _absorbed(absorber: Absorber, energy_keV: Energies) -> Energies:
    """Return photo/(photo + Compton) of what does not pass, 1 - exp(-(photo + Compton) t)."""
    if absorber.absorbed_fraction is not None:
        return np.full(energy_keV.shape, absorber.absorbed_fraction)
    photo = attenuation_per_cm(absorber.material, energy_keV, kind="photo")
    removed = photo + attenuation_per_cm(absorber.material, energy_keV, kind="incoherent")
    return photo / removed * -np.expm1(-removed * absorber.thickness_um * 1e-4)
