"""Thermal activation, and the conditions under which a film can be."""

from __future__ import annotations

import math

from fpxi_hwsim.physics.constants import BOLTZMANN_EV_K
from fpxi_hwsim.physics.limits import require

REFERENCE_K = 298.15
"""temperature at which settings state conductivities and time constants"""
COLDEST_K = 100.0
HOTTEST_K = 500.0
LARGEST_ACTIVATION_EV = 3.0
LARGEST_FIELD_V_PER_CM = 1e7


def activation(energy_eV: float, temperature_K: float, reference_K: float = REFERENCE_K) -> float:
    """Rate of an activated process relative to that at the reference: exp(-E/k (1/T - 1/T0))."""
    inverse_K = 1.0 / temperature_K - 1.0 / reference_K
    return math.exp(-energy_eV / BOLTZMANN_EV_K * inverse_K)


def require_activation(name: str, energy_eV: float) -> None:
    """Accept an activation energy.

    Raises
    ------
    UnphysicalError
        It is negative or larger than any solid's.

    """
    require(name, energy_eV, least=0.0, most=LARGEST_ACTIVATION_EV)


def require_conditions(field_V_per_cm: float, temperature_K: float) -> None:
    """Accept a field and a temperature.

    Raises
    ------
    UnphysicalError
        No film withstands them.

    """
    most = LARGEST_FIELD_V_PER_CM
    require("field_V_per_cm", field_V_per_cm, least=-most, most=most)
    require("temperature_K", temperature_K, least=COLDEST_K, most=HOTTEST_K)
