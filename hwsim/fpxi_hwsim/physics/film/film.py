"""One film: its state over time, and what it does to each exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.film.arrhenius import require_conditions
from fpxi_hwsim.physics.film.dark_current import electronic_density_A_cm2
from fpxi_hwsim.physics.film.film_noise import Flicker
from fpxi_hwsim.physics.film.ghosting import GhostState
from fpxi_hwsim.physics.film.ion_migration import Ions
from fpxi_hwsim.physics.film.lag import Lag
from fpxi_hwsim.physics.film.maps import FilmMaps
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.film.traps import rate_response
from fpxi_hwsim.physics.limits import require

Map = npt.NDArray[np.float32]
Field = npt.NDArray[np.float64]

_PA_PER_A = 1e12
_FC_PER_PC = 1e3
_NA_PER_PA = 1e-3
_CLOCK_STEPS_S = 1e-5
"""by which exposures in whole microseconds may overlap through rounding"""
_CLOCK_DECIMALS = 9
"""to which gaps are rounded, so that equal ones are equal numbers"""
_SHORTEST_S = 1e-6


@dataclass(frozen=True, slots=True)
class FilmResponse:
    """What the film does to one exposure, float32 (rows, columns); None where it does nothing."""

    dark_fC: Map | None
    """dark charge of the integration, with the sign of the bias"""
    lag_fC: Map | None
    """charge released in this integration of what was trapped before it, with the sign that it
    had then, also under a bias reversed or switched off since"""
    sensitivity: Map | None
    """part of the exposure's own charge that is collected in it, times the rate's and the
    history's change of sensitivity"""


class Film:
    """The film of one panel.

    At `began_s` it is in equilibrium with `signal_pA`, float32 (rows, columns), the expected
    current of each pixel while the beam is on, and with `bias_V`. All maps stay the caller's, and
    are not to change after they were given.

    Raises
    ------
    UnphysicalError
        The pixel is impossible.

    """

    def __init__(
        self,
        settings: FilmSettings,
        *,
        pixel_area_cm2: float,
        thickness_um: float,
        signal_pA: Map,
        bias_V: float,
        maps: FilmMaps | None = None,
        began_s: float = 0.0,
    ) -> None:
        require("pixel_area_cm2", pixel_area_cm2, above=0.0, most=1e4)
        require("thickness_um", thickness_um, above=0.0, most=1e6)
        maps = FilmMaps() if maps is None else maps
        shape = (signal_pA.shape[0], signal_pA.shape[1])
        self._shape = shape
        self._settings = settings
        self._maps = maps
        self._area_cm2 = pixel_area_cm2
        self._thickness_cm = thickness_um * 1e-4
        self._ended_s = began_s
        self._field_V_per_cm = bias_V / self._thickness_cm
        self._beam_between = True
        self._ions = Ions(settings.migration, self._field_V_per_cm)
        self._flicker = Flicker(settings.noise, shape) if settings.noise.strength else None
        self._signal_pA: Map | None = None
        """the last one, where the film has a memory of it"""
        self._rate_response: Field | float = 1.0
        self._ghost: GhostState | None = None
        self._lag: Lag | None = None
        self._begin(signal_pA, maps)

    def expose(
        self,
        *,
        began_s: float,
        integration_s: float,
        beam_s: float,
        signal_pA: Map,
        bias_V: float,
        temperature_K: float,
        random: np.random.Generator,
    ) -> FilmResponse:
        """Pass the time until `began_s` and the exposure, whose beam is on for its first `beam_s`.

        Until the exposure begins, the beam and the bias stay as they were in the last one; a beam
        shorter than its integration is off after it. `random` is the film noise's alone.

        Raises
        ------
        UnphysicalError
            The exposure begins before the last one ended, or its conditions are impossible.

        """
        require("integration_s", integration_s, least=_SHORTEST_S, most=1e9)
        require("beam_s", beam_s, least=0.0, most=integration_s)
        require("began_s", began_s, least=self._ended_s - _CLOCK_STEPS_S)
        field_V_per_cm = bias_V / self._thickness_cm
        require_conditions(field_V_per_cm, temperature_K)
        gap_s = round(max(began_s - self._ended_s, 0.0), _CLOCK_DECIMALS)
        self._pass_gap(gap_s, temperature_K)
        dark_fC = self._dark_fC(gap_s, integration_s, field_V_per_cm, temperature_K, random)
        lag_fC, sensitivity = self._collect(signal_pA, integration_s, beam_s)
        self._field_V_per_cm = field_V_per_cm
        self._beam_between = beam_s >= integration_s
        self._ended_s = began_s + integration_s
        return FilmResponse(dark_fC, lag_fC, sensitivity)

    def _begin(self, signal_pA: Map, maps: FilmMaps) -> None:
        """Set up the memory of the signal, in equilibrium with it."""
        settings = self._settings
        if settings.traps.neutral and settings.ghosting.loss == 0.0 and not settings.lag:
            return
        self._see(signal_pA)
        current_pA = self._current_pA
        if settings.ghosting.loss != 0.0:
            self._ghost = GhostState(settings.ghosting, self._density_nA_cm2(current_pA))
            current_pA = current_pA * self._ghost.exposed(0.0)
        if settings.lag:
            self._lag = Lag(settings.lag, self._shape, current_pA, maps.lag)

    def _see(self, signal_pA: Map) -> None:
        """Take a signal as the one from now on: what depends on it alone."""
        self._signal_pA = signal_pA.copy()
        self._current_pA = signal_pA.astype(np.float64)
        if not self._settings.traps.neutral:
            density = self._density_nA_cm2(self._current_pA)
            self._rate_response = rate_response(self._settings.traps, density)
            self._current_pA *= self._rate_response
        if self._ghost is not None:
            self._ghost.irradiate(self._density_nA_cm2(self._current_pA))

    def _pass_gap(self, gap_s: float, temperature_K: float) -> None:
        if gap_s == 0.0:
            return
        self._ions.idle(self._field_V_per_cm, temperature_K, gap_s)
        if self._signal_pA is None:
            return
        current_pA: Field | float = self._current_pA if self._beam_between else 0.0
        if self._ghost is not None:
            if self._beam_between:
                current_pA = current_pA * self._ghost.exposed(gap_s)
            else:
                self._ghost.rest(gap_s)
        if self._lag is not None:
            self._lag.idle(current_pA, gap_s)

    def _dark_fC(
        self,
        gap_s: float,
        integration_s: float,
        field_V_per_cm: float,
        temperature_K: float,
        random: np.random.Generator,
    ) -> Map | None:
        """Pass the integration in the dark: electrons, ions and the film's noise."""
        dark = self._settings.dark
        if dark.conductivity_S_cm == 0.0:
            return None
        scale = self._area_cm2 * _PA_PER_A * _FC_PER_PC * integration_s
        electrons = electronic_density_A_cm2(dark, field_V_per_cm, temperature_K) * scale
        ions = scale * self._ions.mean_density_A_cm2(
            dark, field_V_per_cm, temperature_K, integration_s
        )
        charge_fC = self._spread_fC(electrons, ions)
        if self._flicker is not None:
            fluctuation = self._flicker.mean(gap_s, integration_s, random)
            fluctuation += np.float32(1.0)
            charge_fC *= fluctuation
        return charge_fC

    def _spread_fC(self, electrons_fC: float, ions_fC: float) -> Map:
        """Spread a mean dark charge over the pixels."""
        dark, drift = self._maps.dark, self._maps.drift
        charge_fC: Map
        if drift is None or ions_fC == 0.0:
            charge_fC = np.full(self._shape, electrons_fC + ions_fC, np.float32)
        else:
            charge_fC = drift * np.float32(ions_fC)
            charge_fC += np.float32(electrons_fC)
        if dark is not None:
            charge_fC *= dark
        return charge_fC

    def _collect(
        self, signal_pA: Map, integration_s: float, beam_s: float
    ) -> tuple[Map | None, Map | None]:
        """Pass the integration's signal: what is released in it, and the sensitivity to it."""
        if self._signal_pA is None:
            return None, None
        if not np.array_equal(signal_pA, self._signal_pA):
            self._see(signal_pA)
        current_pA = self._current_pA
        sensitivity = self._rate_response
        if self._ghost is not None:
            ghost = self._ghost.exposed(beam_s)
            self._ghost.rest(integration_s - beam_s)
            current_pA = current_pA * ghost
            sensitivity = sensitivity * ghost
        if self._lag is None:
            return None, np.asarray(sensitivity, np.float32)
        released_fC, held = self._lag.integrate(current_pA, integration_s, beam_s)
        collected = np.full(self._shape, sensitivity * (1.0 - held), np.float32)
        return released_fC.astype(np.float32), collected

    def _density_nA_cm2(self, current_pA: Field) -> Field:
        return current_pA * (_NA_PER_PA / self._area_cm2)
