"""The 32 x 32 CMOS die with a crystal of CsPbBr3, its surfaces passivated and not.

Figures marked (D) are those of J. Pang et al., "Reconfigurable perovskite X-ray detector for
intelligent imaging", Nature Communications (2024), doi:10.1038/s41467-024-46184-0. Figures marked
(fit) are not published: they are those with which the others come out.
"""

from __future__ import annotations

from dataclasses import replace

from fpxi_readout.protocol.generated import PANELS

from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.collection import Carrier, Transport
from fpxi_hwsim.physics.conversion.photoconductor import Photoconductor
from fpxi_hwsim.physics.conversion.sharing import Gaussian
from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_hwsim.physics.film.film_noise import FilmNoise
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.film.traps import Traps
from fpxi_hwsim.physics.source.tube import Tube
from fpxi_hwsim.presets.generic import CMOS32
from fpxi_hwsim.presets.preset import Beam, Preset

_RECOMBINATION_NA_CM2 = 2.48e5
"""(fit) 5 % below the line at 32.92 mGy/s, the upper end of the linear range (D)"""

PASSIVATED = Preset(
    name="cmos32-cspbbr3",
    title="32 x 32 CMOS die with a passivated crystal of CsPbBr3",
    object="letters-hust",
    temperature_mC=25_000,
    geometry=PANELS["cmos32"],
    beam=Beam(
        # (D) has a gold target, of which no model reaches 70 kV: tungsten in its place. The
        # filter is the one with which the published intrinsic sensitivity comes out.
        tube=Tube("W", 70.0, (("Be", 0.127), ("aluminium", 0.317))),
        dose_rate_Gy_s=2.5e-4,  # within the 32 to 494 uGy/s of the response shown (D)
    ),
    converter=Photoconductor(
        absorber=Absorber("CsPbBr3", 2000.0),  # (D)
        pair_energy_eV=6.03,  # 2 x 2.3 eV + 1.43 eV
        transport=Transport(
            electrons=Carrier(2.05e-3, 96.65),  # (D); the surface (fit) 396 uC/Gy/cm2 at -100 V
            holes=Carrier(0.58e-3, 14.0),  # (D); (fit) as much at +95 V as at -73 V
        ),
        spread=(Gaussian(1.0, 25.0),),
    ),
    film=FilmSettings(
        dark=DarkCurrent(
            # (D) 166 nA at +100 V and -14 nA at -100 V, over the die's 1024 pixels
            conductivity_S_cm=1.441e-9,
            reverse_saturation_V_per_cm=46.05,
        ),
        noise=FilmNoise(strength=1.9e-8, lowest_Hz=1e-3, highest_Hz=50.0),
        traps=Traps(recombination_nA_cm2=_RECOMBINATION_NA_CM2),
    ),
    array=replace(CMOS32.array, ring_pedestal_fC=60.0),
    front_end=replace(
        CMOS32.front_end,
        polarity=-1,
        offset_counts=32_768.0,  # the middle: charge of either sign fits
    ),
    working_bias_mV=-100_000,
)

UNPASSIVATED = replace(
    PASSIVATED,
    name="cmos32-cspbbr3-unpassivated",
    title="32 x 32 CMOS die with a crystal of CsPbBr3, its surfaces not passivated",
    film=replace(
        PASSIVATED.film,
        traps=Traps(
            excess_gain=1.0,
            filling_nA_cm2=0.265,  # (fit) 5 % above the line at 13 uGy/s: 68 dB (D)
            recombination_nA_cm2=_RECOMBINATION_NA_CM2,
        ),
    ),
)

CRYSTALS = (PASSIVATED, UNPASSIVATED)
