"""The 64 x 64 TFT panel with films of BA2MA9Pb10I31: on TiO2, and two films without it.

Figures marked (A) are those of S. Dong et al., "Bottom-up construction of low-dimensional
perovskite thick films for high-performance X-ray detection and imaging", Light: Science &
Applications (2024), doi:10.1038/s41377-024-01521-2. Figures marked (fit) are not published: they
are those with which the others come out. docs/presets.md shows all that come out.
"""

from __future__ import annotations

from dataclasses import replace

from fpxi_readout.protocol.generated import PANELS

from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.collection import Carrier, Transport
from fpxi_hwsim.physics.conversion.photoconductor import Gain, Photoconductor
from fpxi_hwsim.physics.conversion.sharing import Gaussian
from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_hwsim.physics.film.film_noise import FilmNoise
from fpxi_hwsim.physics.film.ion_migration import IonMigration
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.source.tube import Tube
from fpxi_hwsim.presets.generic import TFT64
from fpxi_hwsim.presets.preset import Beam, Preset

FILM_THICKNESS_UM = 327.5
"""(fit) the ratios of the sensitivities at 0, -100 and -300 V/cm; "hundreds of micrometres" (A)"""
WORKING_FIELD_V_CM = -100  # (A)
_BIAS_MV = round(WORKING_FIELD_V_CM * FILM_THICKNESS_UM * 1e-4 * 1e3)
_RECOMBINATION_V_CM = 16.86  # (fit) the same ratios
_MU_TAU_CM2_V = 7.81e-5  # (A) of electrons
_ELECTRONS = 0.68  # part of the conductivity at 25 °C; the rest is that of ions

BEAM = Beam(
    # (A) but the copper: with it the mean energy is the published 42 keV, without it 40.7.
    tube=Tube("W", 50.0, (("Be", 0.127), ("quartz", 26.0), ("Cu", 0.2))),
    dose_rate_Gy_s=2.726e-6,  # (A) the highest, at 0.8 mA
    photons_per_Gy_cm2=6.22e12,  # (A); the spectrum itself has 2.4e12
)


def _film(mu_tau_cm2_V: float, gain: float, built_in_V: float) -> Photoconductor:
    carrier = Carrier(mu_tau_cm2_V, _RECOMBINATION_V_CM)
    return Photoconductor(
        absorber=Absorber("BA2MA9Pb10I31", FILM_THICKNESS_UM),
        pair_energy_eV=4.61,  # (A)
        transport=Transport(carrier, carrier),
        built_in_V=built_in_V,
        gain=Gain(gain),
        # (fit) 3.6 lp/mm at MTF 0.2, where the pixel's own width leaves 0.34 (A)
        spread=(Gaussian(1.0, 45.6),),
    )


# The read-out collects electrons, and what a falling gate injects is of their sign: it lifts the
# counts as it does on TFT64, and a dark sample stays off the converter's floor.
_ARRAY = replace(TFT64.array, pedestal_fC=-TFT64.array.pedestal_fC)

TIO2 = Preset(
    name="tft64-ba2ma9pb10i31",
    title="64 x 64 TFT panel with a film of BA2MA9Pb10I31 on TiO2",
    object="letters-caep",
    temperature_mC=25_000,
    geometry=PANELS["tft64"],
    beam=BEAM,
    converter=_film(_MU_TAU_CM2_V, 7.382, built_in_V=-0.67),  # (A) 0.67 V; gain (fit)
    film=FilmSettings(
        dark=DarkCurrent(
            conductivity_S_cm=_ELECTRONS / 2.48e8,  # (A)
            activation_eV=0.1,
            reverse_saturation_V_per_cm=0.5,  # "hundreds of times lower" than without TiO2 (A)
        ),
        migration=IonMigration(transition_K=310.0, activation_eV=0.632),  # (A) the energy
        noise=FilmNoise(strength=5.34e-4, lowest_Hz=1e-3, highest_Hz=50.0),  # (fit) 20.9 nGy/s
        lag=((0.004, 0.05), (0.002, 2.0)),
    ),
    array=replace(
        _ARRAY,
        # The front end's noise is high: the noisy pixels' is as much higher as is theirs alone.
        defects=replace(TFT64.array.defects, noisy_factor=6.0),
    ),
    front_end=replace(
        TFT64.front_end,
        polarity=-1,
        pixel_noise_e=47_000.0,  # (fit) 40.1 nGy/s without bias: no current, so not the film's
    ),
    working_bias_mV=_BIAS_MV,
)

NO_TIO2 = replace(
    TIO2,
    name="tft64-ba2ma9pb10i31-no-tio2",
    title="64 x 64 TFT panel with a film of BA2MA9Pb10I31 grown in mixed gas, without TiO2",
    converter=_film(_MU_TAU_CM2_V, 3.929, built_in_V=0.0),
    film=replace(
        TIO2.film,
        dark=DarkCurrent(conductivity_S_cm=_ELECTRONS / 2.48e8, activation_eV=0.1),  # (A)
        noise=FilmNoise(strength=1.25e-8, lowest_Hz=1e-3, highest_Hz=50.0),  # (fit) 44.2 nGy/s
    ),
    array=_ARRAY,
    front_end=replace(TFT64.front_end, polarity=-1),
)

CH3NH2 = replace(
    NO_TIO2,
    name="tft64-ba2ma9pb10i31-ch3nh2",
    title="64 x 64 TFT panel with a film of BA2MA9Pb10I31 grown in CH3NH2, without TiO2",
    converter=_film(
        5.5e-5, 3.397, built_in_V=0.0
    ),  # less than in mixed gas (A), by how much: (fit)
    film=replace(
        TIO2.film,
        dark=DarkCurrent(conductivity_S_cm=_ELECTRONS / 8.65e7, activation_eV=0.1),  # (A)
        migration=IonMigration(transition_K=310.0, activation_eV=0.589),  # (A)
        noise=FilmNoise(strength=8e-10, lowest_Hz=1e-3, highest_Hz=50.0),  # (fit) 55.8 nGy/s
    ),
)

FILMS = (TIO2, NO_TIO2, CH3NH2)
