"""Lag: trapping of a part of the charge, and its release later.

Each trap k takes the share f_k of the current and gives it back with its time constant tau_k:
dq_k/dt = f_k I - q_k / tau_k. The state kept is x_k = q_k / (f_k tau_k), a current: it approaches
I, and equals it in equilibrium, so that a static scene changes no bit of it. Charge is conserved:
what is collected and what stays trapped add up to what was generated. The afterglow of a
scintillator follows the same law.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.film.relaxation import approached, mean_distance
from fpxi_hwsim.physics.limits import require

Map = npt.NDArray[np.float32]
Field = npt.NDArray[np.float64]
LagComponents = tuple[tuple[float, float], ...]
"""(share of the current that is trapped, time constant of the release in s) of each trap"""

_FC_PER_PC = 1e3


def require_components(name: str, components: LagComponents) -> None:
    """Accept the traps.

    Raises
    ------
    UnphysicalError
        A share or their sum is not within 0 to 1, or a time constant not within 1 ns to 1e9 s.

    """
    for fraction, tau_s in components:
        require(f"{name} fraction", fraction, least=0.0, most=1.0)
        require(f"{name} time constant in s", tau_s, least=1e-9, most=1e9)
    require(f"{name} sum of fractions", sum(f for f, _ in components), least=0.0, most=1.0)


class Lag:
    """The charge that the traps of every pixel hold.

    It begins in equilibrium with `current_pA`, float (rows, columns) or one number. `multiplier`,
    float32 (rows, columns), none negative, gives each pixel's trapped shares relative to the
    components'; no pixel traps more than all of its current.
    """

    def __init__(
        self,
        components: LagComponents,
        shape: tuple[int, int],
        current_pA: Map | Field | float,
        multiplier: Map | None = None,
    ) -> None:
        self._components = components
        self._multiplier: Field | None = None
        trapped = sum(fraction for fraction, _ in components)
        if multiplier is not None and trapped > 0.0:
            self._multiplier = np.minimum(multiplier.astype(np.float64), 1.0 / trapped)
        self._states = np.empty((len(components), *shape))
        self._states[:] = current_pA
        self._work = np.empty(shape)

    def idle(self, current_pA: Field | float, step_s: float) -> None:
        """Pass a time without read-out, under a constant current."""
        if step_s == 0.0:
            return
        for state, (_, tau_s) in zip(self._states, self._components, strict=True):
            np.subtract(current_pA, state, out=self._work)
            np.multiply(self._work, approached(step_s, tau_s), out=self._work)
            np.add(state, self._work, out=state)

    def integrate(
        self, current_pA: Field, integration_s: float, beam_s: float
    ) -> tuple[Field, Field | float]:
        """Pass an integration whose beam is on for its first `beam_s`.

        Returns the charge in fC, float64 (rows, columns), that is released in it of what the traps
        held when it began, and the share of the charge generated in it that is still trapped when
        it ends: a map where the pixels differ, else one number.
        """
        released = self._weighted([approached(integration_s, tau) for _, tau in self._components])
        held = sum(
            fraction * mean_distance(beam_s, tau) * math.exp((beam_s - integration_s) / tau)
            for fraction, tau in self._components
        )
        self.idle(current_pA, beam_s)
        self.idle(0.0, integration_s - beam_s)
        return released, held if self._multiplier is None else held * self._multiplier

    @property
    def trapped_fC(self) -> Field:
        """Charge in the traps, float64 (rows, columns)."""
        return self._weighted([1.0] * len(self._components))

    def _weighted(self, shares: Sequence[float]) -> Field:
        """Sum these shares of the traps' charges, in fC."""
        charge_fC = np.zeros_like(self._work)
        for state, share, (fraction, tau_s) in zip(
            self._states, shares, self._components, strict=True
        ):
            charge_fC += np.multiply(state, share * fraction * tau_s * _FC_PER_PC, out=self._work)
        return charge_fC if self._multiplier is None else charge_fC * self._multiplier
