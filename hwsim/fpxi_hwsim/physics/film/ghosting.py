"""Ghosting: the sensitivity's change with the history of exposure.

Collected charge fills states that change the sensitivity, and they empty with time. With the
filled part y, the current density J, the charge density Q that fills and the time constant tau:
dy/dt = (|J| / Q) (1 - y) - y / tau, and the sensitivity is 1 - loss y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.limits import require

Field = npt.NDArray[np.float64]
_KEPT_STEPS = 2
"""gap and exposure of a free-running panel"""
_NO_TIME_S = 1e-15
"""below it a step is none: rates times it would underflow"""


@dataclass(frozen=True, slots=True)
class Ghosting:
    """How the sensitivity follows the exposure; without a loss, it does not.

    Raises
    ------
    UnphysicalError
        A parameter is out of its limits.

    """

    loss: float = 0.0
    """relative loss of sensitivity when all states are filled; negative where it gains"""
    filling_nC_cm2: float = 1.0
    """signal charge that fills all but 1/e of the states, if none emptied"""
    recovery_s: float = 1.0
    """time constant of emptying"""

    def __post_init__(self) -> None:
        require("ghosting loss", self.loss, least=-10.0, most=1.0)
        require("filling_nC_cm2", self.filling_nC_cm2, least=1e-6, most=1e12)
        require("recovery_s", self.recovery_s, least=1e-9, most=1e9)


class GhostState:
    """How much of each pixel's states is filled; it begins in equilibrium.

    Current densities are in nA/cm2, float (rows, columns).
    """

    def __init__(self, ghosting: Ghosting, density_nA_cm2: Field) -> None:
        self._ghosting = ghosting
        self._factors: dict[float, tuple[Field, Field]] = {}
        self.irradiate(density_nA_cm2)
        self._filled = self._balance.copy()

    def irradiate(self, density_nA_cm2: Field) -> None:
        """Set the current density under which `exposed` passes time."""
        filling_hz = np.abs(density_nA_cm2) * (1.0 / self._ghosting.filling_nC_cm2)
        self._rate_hz = filling_hz + 1.0 / self._ghosting.recovery_s
        self._balance = np.divide(filling_hz, self._rate_hz, out=filling_hz)
        self._factors.clear()

    def exposed(self, step_s: float) -> Field:
        """Pass a time under irradiation and return the sensitivity's mean over it."""
        if step_s < _NO_TIME_S:
            return self._sensitivity(self._filled)
        approached, mean = self._factors_of(step_s)
        distance = self._filled - self._balance
        mean_filled: Field = mean * distance
        mean_filled += self._balance
        distance *= approached
        self._filled -= distance
        return self._sensitivity(mean_filled)

    def _factors_of(self, step_s: float) -> tuple[Field, Field]:
        """Return the part of the way to the balance that a step goes, and the mean way left.

        The latter is relative to the way at the step's begin.
        """
        if step_s not in self._factors:
            steps = self._rate_hz * step_s
            if len(self._factors) == _KEPT_STEPS:
                self._factors.clear()
            approached = -np.expm1(-steps)
            self._factors[step_s] = (approached, approached / steps)
        return self._factors[step_s]

    def rest(self, step_s: float) -> None:
        """Pass a time without irradiation."""
        self._filled *= np.exp(-step_s / self._ghosting.recovery_s)

    def _sensitivity(self, filled: Field) -> Field:
        sensitivity = filled * -self._ghosting.loss
        sensitivity += 1.0
        return sensitivity
