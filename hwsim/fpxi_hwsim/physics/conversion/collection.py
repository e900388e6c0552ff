"""Charge collection: which part of the charge that X-rays free reaches the electrodes.

A carrier drifts mu tau F in a field F before it is trapped, and what it induces at the electrodes
is the part of the thickness that it crossed (K. Hecht, Z. Phys. 77 (1932) 235).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.limits import require

Depths = npt.NDArray[np.float64]

_NO_VOLTAGE_V = 1e-9
_DEPTHS = 96
"""depths of the Gauss-Legendre sum over the layer"""


@dataclass(frozen=True, slots=True)
class Carrier:
    """Electrons or holes."""

    mu_tau_cm2_V: float
    """mobility times lifetime"""
    recombination_V_cm: float = 0.0
    """surface recombination velocity over mobility, s/mu; 0: no surface loss"""

    def __post_init__(self) -> None:
        require("mu_tau_cm2_V", self.mu_tau_cm2_V, least=1e-12, most=10.0)
        require("recombination_V_cm", self.recombination_V_cm, least=0.0, most=1e12)


@dataclass(frozen=True, slots=True)
class Collection:
    """How much of a photon's charge is collected."""

    efficiency: float
    """mean over the depths of absorption, 0 to 1"""
    relative_variance: float
    """from depth to depth, over the mean's square"""


NOTHING_COLLECTED = Collection(0.0, 0.0)
ALL_COLLECTED = Collection(1.0, 0.0)


def hecht(mu_tau_cm2_V: float, voltage_V: float, thickness_cm: float) -> float:
    """Return the collected fraction of charge freed at one electrode and drifting to the other.

    mu tau V/d^2 (1 - exp(-d^2/(mu tau V))), "modified Hecht" where it fits photoconductivity; the
    same for either sign of the voltage, 0 without one.
    """
    drift = mu_tau_cm2_V * abs(voltage_V) / thickness_cm**2
    return -drift * math.expm1(-1 / drift) if drift > 1e-300 else 0.0


def surface_survival(carrier: Carrier, field_V_cm: float) -> float:
    """Return the fraction that escapes recombination at the surface: 1/(1 + L s/(mu V))."""
    field = abs(field_V_cm)
    return field / (field + carrier.recombination_V_cm) if field else 0.0


@dataclass(frozen=True, slots=True)
class Transport:
    """How both carriers move, and how deep they are freed.

    X-rays fall on the biased electrode: a negative bias drives electrons through the layer, a
    positive one holes, and the others go back to the entrance.
    """

    electrons: Carrier
    holes: Carrier
    depth_um: float = 0.0
    """1/e depth of absorption; 0: all at the entrance, the published forms"""

    def __post_init__(self) -> None:
        if self.depth_um != 0.0:
            require("depth_um", self.depth_um, least=1e-3, most=1e6)


@lru_cache(maxsize=256)
def collect(transport: Transport, voltage_V: float, thickness_um: float) -> Collection:
    """Return what is collected of a photon's charge, over all depths of absorption.

    Surface loss is that of the carriers that go through the layer.
    """
    if abs(voltage_V) < _NO_VOLTAGE_V:
        return NOTHING_COLLECTED
    thickness_cm, depth_cm = thickness_um * 1e-4, transport.depth_um * 1e-4
    through, back = transport.electrons, transport.holes
    if voltage_V > 0:
        through, back = back, through
    survival = surface_survival(through, voltage_V / thickness_cm)
    if depth_cm == 0:
        return Collection(survival * hecht(through.mu_tau_cm2_V, voltage_V, thickness_cm), 0.0)
    nodes, weights = np.polynomial.legendre.leggauss(_DEPTHS)
    depth = (nodes + 1) / 2 * min(thickness_cm, 40 * depth_cm)
    weights = weights * np.exp(-depth / depth_cm)
    weights /= weights.sum()
    crossed = _crossed(through, voltage_V, thickness_cm, thickness_cm - depth)
    crossed += _crossed(back, voltage_V, thickness_cm, depth)
    mean = float(weights @ crossed)
    variance = float(weights @ (crossed - mean) ** 2)
    return Collection(survival * min(mean, 1.0), variance / mean**2)


def _crossed(
    carrier: Carrier,
    voltage_V: float,
    thickness_cm: float,
    way_cm: Depths,
) -> Depths:
    """Return the mean part of the thickness that carriers with this way to go cross."""
    drift_cm = carrier.mu_tau_cm2_V * abs(voltage_V) / thickness_cm
    return -drift_cm / thickness_cm * np.expm1(-way_cm / drift_cm)
