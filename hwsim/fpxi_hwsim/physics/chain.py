"""The physics of one panel, from the beam to counts, one stage after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.array import charge as pixels
from fpxi_hwsim.physics.array.maps import PanelMaps, make_panel_maps
from fpxi_hwsim.physics.constants import ELECTRON_FC
from fpxi_hwsim.physics.conversion.converter import expected_light
from fpxi_hwsim.physics.conversion.converter import light as detected
from fpxi_hwsim.physics.conversion.photon_statistics import CompoundPoisson, absorbed_energy
from fpxi_hwsim.physics.draws import PanelDraws, ScanDraws
from fpxi_hwsim.physics.effects import Effect
from fpxi_hwsim.physics.film.film import Film, FilmResponse
from fpxi_hwsim.physics.film.maps import FilmMaps, draw_drift
from fpxi_hwsim.physics.front_end import amplifier
from fpxi_hwsim.physics.front_end.digitise import digitise
from fpxi_hwsim.physics.projection import Shadow

if TYPE_CHECKING:
    from fpxi_hwsim.presets.preset import Preset

Map = npt.NDArray[np.float32]
Samples = npt.NDArray[np.uint16]
FC_PER_PC = 1e3


@dataclass(frozen=True, slots=True)
class Illumination:
    """The beam during one scan."""

    shadow: Shadow
    dose_Gy: float | Map
    """of the scan, without an object: one, or (2 rows, 1) where rows have windows of their own"""
    rate_Gy_s: float | npt.NDArray[np.float64]
    """mean air kerma rate while the beam was wanted: one, or (rows, 1)"""
    beam_s: float
    """for how much of the integration it was wanted"""


@dataclass(frozen=True, slots=True)
class Readout:
    """How one scan was integrated and is read out."""

    began_s: float
    integration_s: float
    bias_V: float
    """of the sensor"""
    gain_setting: int
    cds: bool
    oversampling: int


class Chain:
    """One panel: its maps, and the state that earlier scans left in film and pixels."""

    def __init__(self, preset: Preset, seed: int) -> None:
        """Make the panel; UnphysicalError if its settings do not fit its geometry."""
        self._preset = preset
        self.maps: PanelMaps = make_panel_maps(
            preset.array, preset.front_end, preset.geometry, seed
        )
        drift = draw_drift(preset.film.migration, preset.geometry.shape, PanelDraws(seed))
        self._film_maps = FilmMaps(
            dark=self.maps.dark_factor, drift=drift, lag=self.maps.lag_factor
        )
        self._film: Film | None = None
        self._absorbed_under: tuple[Shadow, float, float] | None = None
        self._absorbed: CompoundPoisson
        self._held_fC: Map | None = None
        self._leakage_timing = (0.0, 0)
        self._leaked: tuple[Map | None, float] = (None, 1.0)

    def scan(self, readout: Readout, light: Illumination, draws: ScanDraws) -> Samples:
        """Make the conversions of one scan, uint16 (oversampling, rows, columns)."""
        generated_fC, signal_pA = self._generate(readout, light, draws)
        response = self._expose_film(readout, light, signal_pA, draws)
        charge_fC = self._collect(response, generated_fC, draws)
        held_fC = self._hold(readout, light, signal_pA, response)
        charge_fC = self._pass_array(readout, charge_fC, held_fC)
        return self._read(readout, charge_fC, draws)

    def _generate(self, readout: Readout, light: Illumination, draws: ScanDraws) -> tuple[Map, Map]:
        """Return the charge that X-rays free and the field collects, and the current expected."""
        converter, shadow = self._preset.converter, light.shadow
        absorbed = self._absorbed_energy(light, converter.excess(readout.bias_V))
        pixel_keV = shadow.pixels_keV(absorbed.draw(draws.of(Effect.PHOTONS)))
        open_Gy_s = np.asarray(light.rate_Gy_s, np.float32)
        rate_Gy_s = shadow.brightness * open_Gy_s
        pixel_keV = detected(converter, pixel_keV, rate_Gy_s, draws.of(Effect.LIGHT))
        fC_per_keV = converter.electrons_per_keV(readout.bias_V) * ELECTRON_FC
        collected_fC_per_keV: Map = self.maps.response * np.float32(fC_per_keV)
        expected_keV_s = shadow.expected_keV_per_Gy * open_Gy_s
        expected_keV_s = expected_keV_s * expected_light(converter, rate_Gy_s)
        signal_pA: Map = expected_keV_s * collected_fC_per_keV * np.float32(1 / FC_PER_PC)
        return pixel_keV * collected_fC_per_keV, signal_pA

    def _absorbed_energy(self, light: Illumination, excess: float) -> CompoundPoisson:
        """Return the distribution of the energy absorbed; scans under one beam share it."""
        if isinstance(light.dose_Gy, float):
            conditions = (light.shadow, light.dose_Gy, excess)
            if conditions != self._absorbed_under:
                self._absorbed_under = conditions
                self._absorbed = absorbed_energy(
                    light.shadow.absorption, light.dose_Gy, excess=excess
                )
            return self._absorbed
        return absorbed_energy(light.shadow.absorption, light.dose_Gy, excess=excess)

    def _expose_film(
        self, readout: Readout, light: Illumination, signal_pA: Map, draws: ScanDraws
    ) -> FilmResponse:
        """Let time pass in the film."""
        if self._film is None:
            self._film = self._wake(readout, light, signal_pA)
        return self._film.expose(
            began_s=readout.began_s,
            integration_s=readout.integration_s,
            beam_s=light.beam_s,
            signal_pA=signal_pA,
            bias_V=readout.bias_V,
            temperature_K=self._preset.temperature_K,
            random=draws.of(Effect.FILM_NOISE),
        )

    def _collect(self, response: FilmResponse, generated_fC: Map, draws: ScanDraws) -> Map:
        """Collect what the film does not trap, what it releases, and its dark charge."""
        charge_fC = generated_fC
        if response.sensitivity is not None:
            charge_fC = charge_fC * response.sensitivity
        dark_fC = response.dark_fC
        if dark_fC is not None:
            defects = self._preset.array.defects
            dark_fC = pixels.blink(self.maps, defects, dark_fC, draws.of(Effect.BLINKING))
        return pixels.add_delayed(charge_fC, dark_fC, response.lag_fC, draws.of(Effect.DARK_SHOT))

    def _wake(self, readout: Readout, light: Illumination, signal_pA: Map) -> Film:
        """Begin with a film at rest under the bias and the beam of the first scan."""
        return Film(
            self._preset.film,
            pixel_area_cm2=self._preset.pixel_area_cm2,
            thickness_um=self._preset.converter.absorber.thickness_um,
            signal_pA=signal_pA if _was_on(readout, light) else np.zeros_like(signal_pA),
            bias_V=readout.bias_V,
            maps=self._film_maps,
            began_s=readout.began_s,
        )

    def _hold(
        self, readout: Readout, light: Illumination, signal_pA: Map, response: FilmResponse
    ) -> Map | None:
        """Return what earlier scans left on the pixels, and keep what this one leaves.

        It follows the charge expected, as the film does.
        """
        switches, held_fC = self.maps.switches, self._held_fC
        if switches.remaining is None:
            return None
        signal_fC = signal_pA * np.float32(light.beam_s * FC_PER_PC)
        if held_fC is None:
            before_fC = signal_fC if _was_on(readout, light) else np.zeros_like(signal_fC)
            held_fC = pixels.held_in_equilibrium(switches, _expected(response, before_fC))
        total_fC = pixels.accumulate(switches, _expected(response, signal_fC), held_fC)
        self._held_fC = pixels.hold(switches, total_fC)
        return held_fC

    def _pass_array(self, readout: Readout, charge_fC: Map, held_fC: Map | None) -> Map:
        """Gather the charge on the pixels and let their switches pass it on."""
        switches = self.maps.switches
        charge_fC = pixels.accumulate(switches, charge_fC, held_fC)
        charge_fC = pixels.transfer(switches, charge_fC)
        charge_fC = pixels.leak_off(charge_fC, *self._leakage(readout))
        return pixels.inject(switches, charge_fC)

    def _leakage(self, readout: Readout) -> tuple[Map | None, float]:
        """Return the part of their charge that pixels leak, and when; scans of a run share it."""
        timing = (readout.integration_s, readout.oversampling)
        if timing != self._leakage_timing:
            geometry = self._preset.geometry
            read_s = geometry.rows * geometry.line_time_us * readout.oversampling * 1e-6
            loss = pixels.off_loss(self.maps.switches, readout.integration_s)
            self._leakage_timing = timing
            self._leaked = (loss, min(read_s / readout.integration_s, 1.0))
        return self._leaked

    def _read(self, readout: Readout, charge_fC: Map, draws: ScanDraws) -> Samples:
        """Amplify and convert."""
        preset, maps = self._preset, self.maps
        front_end, channels = preset.front_end, maps.channels
        charge_fC = amplifier.couple(front_end, charge_fC)
        charge_fC = amplifier.add_pixel_noise(
            maps.pixel_noise_e,
            charge_fC,
            draws.of(Effect.PIXEL_NOISE),
            switch_noise_e=preset.array.switch_noise_e(preset.temperature_K),
        )
        charge_fC = amplifier.add_line_noise(front_end, charge_fC, draws.of(Effect.LINE_NOISE))
        charge_fC = amplifier.add_column_noise(front_end, charge_fC, draws.of(Effect.COLUMN_NOISE))
        charge_fC = amplifier.add_flicker(
            channels, charge_fC, draws.of(Effect.AMPLIFIER_FLICKER), cds=readout.cds
        )
        charge_fC = amplifier.amplify(channels, charge_fC)
        if not readout.cds:
            charge_fC = amplifier.skip_cds(
                front_end, charge_fC, preset.temperature_K, draws.of(Effect.RESET)
            )
        return digitise(
            front_end,
            channels,
            preset.geometry,
            charge_fC,
            draws.of(Effect.CONVERTER),
            gain_setting=readout.gain_setting,
            cds=readout.cds,
            oversampling=readout.oversampling,
        )


def _was_on(readout: Readout, light: Illumination) -> bool:
    """Whether the beam of a first scan was on before: one that is asked for was not."""
    return light.beam_s >= readout.integration_s


def _expected(response: FilmResponse, signal_fC: Map) -> Map:
    """Return the charge of a scan without its noise."""
    expected_fC = signal_fC
    if response.sensitivity is not None:
        expected_fC = expected_fC * response.sensitivity
    for part_fC in (response.lag_fC, response.dark_fC):
        if part_fC is not None:
            expected_fC = expected_fC + part_fC
    return expected_fC
