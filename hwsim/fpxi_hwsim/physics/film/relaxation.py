"""Exponential approach to a constant target, exact for any length of step."""

from __future__ import annotations

import math


def approached(step_s: float, tau_s: float) -> float:
    """Part of the way to its target that a state goes in a step: 1 - exp(-step / tau)."""
    return -math.expm1(-step_s / tau_s)


def mean_distance(step_s: float, tau_s: float) -> float:
    """Mean over a step of the distance to the target, 1 at the step's begin."""
    steps = step_s / tau_s
    if steps == 0.0:
        return 1.0
    return min(-math.expm1(-steps) / steps, 1.0)  # no distance grows, not by rounding either
