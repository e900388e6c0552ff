"""The dark current of electrons and holes: field, rectification and temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fpxi_hwsim.physics.constants import BOLTZMANN_EV_K, ELEMENTARY_CHARGE_C
from fpxi_hwsim.physics.film.arrhenius import (
    REFERENCE_K,
    activation,
    require_activation,
)
from fpxi_hwsim.physics.limits import require

_VACUUM_PERMITTIVITY_F_M = 8.8541878128e-12
_LARGEST_DENSITY_A_CM2 = 1e3


@dataclass(frozen=True, slots=True)
class DarkCurrent:
    """Conduction without X-rays; no conductivity, no dark current.

    Raises
    ------
    UnphysicalError
        A parameter is out of its limits.

    """

    conductivity_S_cm: float = 0.0
    """of electrons and holes at 298.15 K: the inverse of the resistivity"""
    activation_eV: float = 0.0
    """of the conductivity times temperature"""
    reverse_saturation_V_per_cm: float = 0.0
    """field beyond which the current under negative bias saturates; 0: it does not"""
    barrier_permittivity: float = 0.0
    """relative permittivity that sets how the field lowers the barrier; 0: it does not"""

    def __post_init__(self) -> None:
        require("conductivity_S_cm", self.conductivity_S_cm, least=0.0, most=1.0)
        require_activation("activation_eV", self.activation_eV)
        require("reverse_saturation_V_per_cm", self.reverse_saturation_V_per_cm, least=0.0)
        if self.barrier_permittivity != 0.0:
            require("barrier_permittivity", self.barrier_permittivity, least=1.0, most=1e5)


def conductivity_S_cm(dark: DarkCurrent, temperature_K: float) -> float:
    """Conductivity of electrons and holes; its product with the temperature is activated."""
    thermal = activation(dark.activation_eV, temperature_K)
    return dark.conductivity_S_cm * REFERENCE_K / temperature_K * thermal


def rectified_field_V_per_cm(dark: DarkCurrent, field_V_per_cm: float) -> float:
    """Field that drives the current: a negative one saturates, E / (1 + |E| / E_saturation)."""
    saturation = dark.reverse_saturation_V_per_cm
    if saturation == 0.0 or field_V_per_cm >= 0.0:
        return field_V_per_cm
    return field_V_per_cm * saturation / (saturation - field_V_per_cm)


def barrier_factor(dark: DarkCurrent, field_V_per_cm: float, temperature_K: float) -> float:
    """Gain of the current by the field's lowering of the barrier (Poole and Frenkel).

    The lowering is sqrt(e E / (pi eps)) in eV; it ends where no barrier is left.
    """
    if dark.barrier_permittivity == 0.0:
        return 1.0
    permittivity_F_m = _VACUUM_PERMITTIVITY_F_M * dark.barrier_permittivity
    field_V_m = abs(field_V_per_cm) * 100.0
    lowering_eV = math.sqrt(ELEMENTARY_CHARGE_C * field_V_m / (math.pi * permittivity_F_m))
    lowering_eV = min(lowering_eV, dark.activation_eV)
    return math.exp(lowering_eV / (BOLTZMANN_EV_K * temperature_K))


def electronic_density_A_cm2(
    dark: DarkCurrent, field_V_per_cm: float, temperature_K: float
) -> float:
    """Density of the electronic dark current, with the field's sign.

    Raises
    ------
    UnphysicalError
        No film carries such a current: the parameters do not belong together.

    """
    density = (
        conductivity_S_cm(dark, temperature_K)
        * rectified_field_V_per_cm(dark, field_V_per_cm)
        * barrier_factor(dark, field_V_per_cm, temperature_K)
    )
    require_density(density)
    return density


def require_density(density_A_cm2: float) -> None:
    """Accept the density of a dark current.

    Raises
    ------
    UnphysicalError
        No film carries such a current.

    """
    most = _LARGEST_DENSITY_A_CM2
    require("dark_current_A_cm2", density_A_cm2, least=-most, most=most)
