"""Linear attenuation of materials in the beam."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import BadValueError
from fpxi_hwsim.physics.materials.catalogue import Material, find_material
from fpxi_hwsim.physics.materials.elements import Process, mass_attenuation_cm2_g

Energies = npt.NDArray[np.float64]
Kind = Literal["total", "photo", "coherent", "incoherent", "energy_absorption"]
KINDS: tuple[Kind, ...] = get_args(Kind)

ELECTRON_REST_keV = 510.99895
_TOTAL: tuple[Process, ...] = ("photo", "coherent", "incoherent")


def attenuation_per_cm(
    material: str | Material, energy_keV: npt.ArrayLike, kind: Kind = "total"
) -> Energies:
    """Return linear coefficients in 1/cm, float64, in the shape of `energy_keV`.

    `total` is photo + coherent + incoherent. `energy_absorption` is photo + incoherent times the
    mean share of its energy that a photon leaves in Compton scattering: fluorescence counts as
    absorbed where it arises, which is true of pieces larger than its mean free path.

    Raises
    ------
    UnknownMaterialError, BadValueError
        There is no such material or kind.
    UnphysicalError
        An energy is outside 3 to 250 keV, or the density is impossible.

    """
    found = material if isinstance(material, Material) else find_material(material)
    energies = np.asarray(energy_keV, dtype=np.float64)
    if kind == "energy_absorption":
        recoil = compton_energy_share(energies)
        return _linear(found, energies, "photo") + recoil * _linear(found, energies, "incoherent")
    if kind not in KINDS:
        raise BadValueError("kind", str(kind), f"one of {', '.join(KINDS)}")
    processes = _TOTAL if kind == "total" else (kind,)
    return sum((_linear(found, energies, p) for p in processes), np.zeros(energies.shape))


def compton_energy_share(energy_keV: npt.ArrayLike) -> Energies:
    """Return the mean share of a photon's energy that its free recoil electron takes.

    The ratio of the energy-transfer cross-section to the whole one, both by Klein and Nishina
    (Evans, The Atomic Nucleus, 1955, chapter 23).
    """
    a = np.asarray(energy_keV, dtype=np.float64) / ELECTRON_REST_keV
    b = 1 + 2 * a
    log = np.log1p(2 * a)
    whole = (1 + a) / a**2 * (2 * (1 + a) / b - log / a) + log / (2 * a) - (1 + 3 * a) / b**2
    scattered = log / a**3 + 2 * (1 + a) * (2 * a**2 - 2 * a - 1) / (a * b) ** 2
    scattered += 8 * a**2 / (3 * b**3)
    return np.asarray(1 - scattered / (2 * whole))


def _linear(material: Material, energies: Energies, process: Process) -> Energies:
    mass = np.zeros(energies.shape)
    for element, fraction in material.mass_fractions.items():
        mass += fraction * mass_attenuation_cm2_g(element, energies, process)
    return material.density_g_cm3 * mass
