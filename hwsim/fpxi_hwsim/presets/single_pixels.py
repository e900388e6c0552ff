"""A crystal of MAPbI3 with interdigital electrodes, its surface treated and not.

Figures marked (E) are those of Y. Song et al., "Atomistic surface passivation of CH3NH3PbI3
perovskite single crystals for highly sensitive coplanar-structure X-ray detectors", Research
(2020), doi:10.34133/2020/5958243. Figures marked (fit) are those with which the others come out.
"""

from __future__ import annotations

from dataclasses import replace

from fpxi_readout.protocol.generated import PANELS

from fpxi_hwsim.physics.array.settings import ArraySettings
from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.photoconductor import Gain, Photoconductor
from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_hwsim.physics.film.film_noise import FilmNoise
from fpxi_hwsim.physics.film.ion_migration import IonMigration
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_hwsim.physics.source.tube import Tube
from fpxi_hwsim.presets.preset import Beam, Preset

GAP_UM = 50.0
"""(E) between the electrodes; the crystal below is thick enough to absorb all"""

TREATED = Preset(
    name="pixel-mapbi3",
    title="single pixel: crystal of MAPbI3 with a passivated surface, coplanar electrodes",
    object="none",
    temperature_mC=25_000,
    geometry=PANELS["pixel"],
    beam=Beam(
        # (E) up to 50 keV, most at 22 keV: the lines of silver
        tube=Tube("Ag", 50.0, (("Be", 0.127), ("aluminium", 0.25))),
        dose_rate_Gy_s=2.03e-5,  # (E)
    ),
    converter=Photoconductor(
        absorber=Absorber(thickness_um=GAP_UM, absorbed_fraction=1.0),
        pair_energy_eV=4.61,  # 2 x 1.59 eV + 1.43 eV
        gain=Gain(most=1708.6),  # (fit) 7.1e5 uC/Gy/cm2 at 5 V
    ),
    film=FilmSettings(
        dark=DarkCurrent(conductivity_S_cm=6e-11, activation_eV=0.1),
        migration=IonMigration(transition_K=295.0, activation_eV=1.784),  # (E)
        noise=FilmNoise(strength=9.6e-7),  # (fit) 1e-10 A/rtHz at 1 Hz
    ),
    array=ArraySettings(),
    front_end=FrontEndSettings(
        pixel_noise_e=3000.0, offset_counts=6000.0, converter_noise_counts=0.8
    ),
    working_bias_mV=5_000,  # (E)
)

UNTREATED = replace(
    TREATED,
    name="pixel-mapbi3-untreated",
    title="single pixel: crystal of MAPbI3 with its surface as grown, coplanar electrodes",
    film=replace(
        TREATED.film,
        dark=DarkCurrent(conductivity_S_cm=7.5e-11, activation_eV=0.1),
        migration=IonMigration(
            transition_K=285.0,  # (E)
            activation_eV=0.984,  # (E)
            drift=((0.8, 1_500.0), (-0.6, 15_000.0)),  # it drifts (E); how is not in words
        ),
        noise=FilmNoise(strength=4e-6),
    ),
)

PIXELS = (TREATED, UNTREATED)
