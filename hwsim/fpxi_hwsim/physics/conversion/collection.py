"""Charge collection: which part of the charge that X-rays free reaches the electrodes.

A carrier drifts mu tau F in a field F before it is trapped, and what it induces at the electrodes
is the part of the thickness that it crossed (K. Hecht, Z. Phys. 77 (1932) 235).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from fpxi_hwsim.physics.limits import require

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
        require("mu_tau_cm2_V", self.mu_tau_cm2_V, above=0.0)
        require("recombination_V_cm", self.recombination_V_cm, least=0.0)


@dataclass(frozen=True, slots=True)
class Collection:
    """How much of a photon's charge is collected."""

    efficiency: float
    """mean over the depths of absorption, 0 to 1"""
    relative_variance: float
    """from depth to depth, over the mean's square"""


NOTHING_COLLECTED = Collection(0.0, 0.0)
ALL_COLLECTED = Collection(1.0, 0.0)


def hecht(mu_tau_cm2_V: float, bias_V: float, thickness_cm: float) -> float:
    """Return the collected fraction of charge freed at one electrode and drifting to the other.

    mu tau V/d^2 (1 - exp(-d^2/(mu tau V))), "modified Hecht" where it fits photoconductivity; the
    same for either sign of the bias, 0 without one.
    """
    drift = mu_tau_cm2_V * abs(bias_V) / thickness_cm**2
    return -drift * float(np.expm1(-1 / drift)) if drift > 1e-300 else 0.0


def surface_survival(carrier: Carrier, field_V_cm: float) -> float:
    """Return the fraction that escapes recombination at the surface: 1/(1 + L s/(mu V))."""
    field = abs(field_V_cm)
    return field / (field + carrier.recombination_V_cm) if field else 0.0


@cache
def collect(
    electrons: Carrier, holes: Carrier, bias_V: float, thickness_cm: float, depth_cm: float
) -> Collection:
    """Return the collection of both carriers from an exponential depth of absorption.

    X-rays enter at the biased electrode, so that a negative bias drives electrons through the layer
    and a positive one holes; the others go back to the entrance. `depth_cm` is the 1/e depth of
    absorption; 0 leaves the published one-carrier forms. Surface loss is that of the carriers that
    go through.
    """
    if bias_V == 0:
        return NOTHING_COLLECTED
    through, back = (electrons, holes) if bias_V < 0 else (holes, electrons)
    survival = surface_survival(through, bias_V / thickness_cm)
    if depth_cm == 0:
        return Collection(survival * hecht(through.mu_tau_cm2_V, bias_V, thickness_cm), 0.0)
    nodes, weights = np.polynomial.legendre.leggauss(_DEPTHS)
    reach = min(thickness_cm, 40 * depth_cm)
    depth = (nodes + 1) / 2 * reach
    weights = weights * np.exp(-depth / depth_cm)
    weights /= weights.sum()
    collected = _crossed(through, bias_V, thickness_cm, thickness_cm - depth)
    collected += _crossed(back, bias_V, thickness_cm, depth)
    mean = float(weights @ collected)
    variance = float(weights @ (collected - mean) ** 2)
    return Collection(min(survival * mean, 1.0), variance / mean**2)


def _crossed(
    carrier: Carrier,
    bias_V: float,
    thickness_cm: float,
    way_cm: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the mean part of the thickness that carriers with this way to go cross."""
    drift_cm = carrier.mu_tau_cm2_V * abs(bias_V) / thickness_cm
    return -drift_cm / thickness_cm * np.expm1(-way_cm / drift_cm)
