"""Ions: their part of the conductivity, and the dark current's drift after a change of bias.

Ions follow the field with time constants of their own: each displacement x_k, a field, approaches
the applied field E. The ionic current is sigma E (1 + sum a_k s_k), where s_k = x_k / E, within 0
to 1, says how far the ions have come; a positive a_k is a rise, a negative one a decay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fpxi_hwsim.physics.film.arrhenius import (
    COLDEST_K,
    HOTTEST_K,
    activation,
    require_activation,
)
from fpxi_hwsim.physics.film.dark_current import (
    DarkCurrent,
    conductivity_S_cm,
    rectified_field_V_per_cm,
    require_density,
)
from fpxi_hwsim.physics.film.relaxation import approached, mean_distance
from fpxi_hwsim.physics.limits import require


@dataclass(frozen=True, slots=True)
class IonMigration:
    """Conduction by ions and its drift; without a transition, there is none.

    Raises
    ------
    UnphysicalError
        A parameter is out of its limits, or the drift would turn the current round.

    """

    transition_K: float = 0.0
    """temperature above which ions carry more than electrons and holes do; 0: no ions move"""
    activation_eV: float = 0.0
    """of the ions' motion: of conductivity times temperature, and of the drift's rates"""
    drift: tuple[tuple[float, float], ...] = ()
    """(change relative to the fresh ionic current, time constant in s at 298.15 K)"""
    spread: float = 0.0
    """between pixels, of the logarithm of the ionic current"""

    def __post_init__(self) -> None:
        if self.transition_K != 0.0:
            require("transition_K", self.transition_K, least=COLDEST_K, most=HOTTEST_K)
        require_activation("ion activation_eV", self.activation_eV)
        for change, tau_s in self.drift:
            require("drift change", change, least=-1.0, most=1e3)
            require("drift time constant in s", tau_s, least=1e-9, most=1e30)
        decay = sum(change for change, _ in self.drift if change < 0.0)
        require("sum of the drift's decays", decay, least=-1.0)
        require("spread", self.spread, least=0.0, most=2.0)


def ionic_conductivity_S_cm(
    dark: DarkCurrent, migration: IonMigration, temperature_K: float
) -> float:
    """Conductivity of fresh ions: that of the electrons at the transition, and activated.

    sigma T = constant exp(-E / k T), the Nernst-Einstein relation.
    """
    transition_K = migration.transition_K
    if transition_K == 0.0:
        return 0.0
    thermal = activation(migration.activation_eV, temperature_K, transition_K)
    return conductivity_S_cm(dark, transition_K) * transition_K / temperature_K * thermal


class Ions:
    """Where the ions of a film are; they begin in equilibrium with a field."""

    def __init__(self, migration: IonMigration, field_V_per_cm: float) -> None:
        self._migration = migration
        self._displaced = [field_V_per_cm] * len(migration.drift)

    def idle(self, field_V_per_cm: float, temperature_K: float, step_s: float) -> None:
        """Pass a time under a constant field and temperature."""
        rate = activation(self._migration.activation_eV, temperature_K)
        for k, (_, tau_s) in enumerate(self._migration.drift):
            share = approached(step_s * rate, tau_s)
            self._displaced[k] += share * (field_V_per_cm - self._displaced[k])

    def mean_density_A_cm2(
        self, dark: DarkCurrent, field_V_per_cm: float, temperature_K: float, step_s: float
    ) -> float:
        """Pass a step and return the ionic current density's mean over it, with the field's sign.

        Raises
        ------
        UnphysicalError
            No film carries such a current.

        """
        if self._migration.transition_K == 0.0:
            return 0.0
        factor = 1.0
        if field_V_per_cm != 0.0:
            rate = activation(self._migration.activation_eV, temperature_K)
            for displaced, (change, tau_s) in zip(
                self._displaced, self._migration.drift, strict=True
            ):
                progress = displaced / field_V_per_cm
                factor += change * _mean_progress(progress, step_s * rate, tau_s)
        self.idle(field_V_per_cm, temperature_K, step_s)
        density = (
            ionic_conductivity_S_cm(dark, self._migration, temperature_K)
            * rectified_field_V_per_cm(dark, field_V_per_cm)
            * max(factor, 0.0)  # decays that add up to all of the current leave rounding errors
        )
        require_density(density)
        return density


def _mean_progress(progress: float, step_s: float, tau_s: float) -> float:
    """Mean over a step of a progress that approaches 1, with 0 for what is below, 1 above.

    Ions displaced by a stronger field count as settled, by an opposite field as not begun.
    """
    if progress >= 1.0:
        return 1.0
    if progress >= 0.0:
        return 1.0 - (1.0 - progress) * mean_distance(step_s, tau_s)
    late_s = tau_s * math.log1p(-progress)
    if late_s >= step_s:
        return 0.0
    rest_s = step_s - late_s
    return rest_s / step_s * (1.0 - mean_distance(rest_s, tau_s))
