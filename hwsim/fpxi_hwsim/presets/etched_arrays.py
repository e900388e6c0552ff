"""An array of 7 x 11 etched electrodes below a film of MAPb(I0.9Cl0.1)3 in a membrane.

Figures marked (B) are those of S. Tie et al., "Halide perovskites for sensitive, stable and
scalable X-ray detection and imaging", Chemical Communications 59, 5016 (2023),
doi:10.1039/d3cc00969f, which reports the array of others. The rest is typical.
"""

from __future__ import annotations

from fpxi_readout.protocol.generated import PANELS

from fpxi_hwsim.physics.array.settings import ArraySettings
from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.collection import Carrier, Transport
from fpxi_hwsim.physics.conversion.photoconductor import Photoconductor
from fpxi_hwsim.physics.conversion.sharing import Gaussian, gaussian_sigma_um
from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_hwsim.physics.film.film_noise import FilmNoise
from fpxi_hwsim.physics.film.ion_migration import IonMigration
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_hwsim.physics.source.tube import Tube
from fpxi_hwsim.presets.preset import Beam, Preset

_GEOMETRY = PANELS["array7x11"]
_CARRIER = Carrier(1e-4)

ETCHED = Preset(
    name="array-7x11",
    title="7 x 11 etched electrodes below a film of MAPb(I0.9Cl0.1)3",
    object="edge",
    temperature_mC=25_000,
    geometry=_GEOMETRY,
    beam=Beam(
        tube=Tube("W", 50.0, (("Be", 0.127), ("aluminium", 1.0))),
        dose_rate_Gy_s=2e-3,
    ),
    converter=Photoconductor(
        absorber=Absorber("MAPbI3", 400.0),  # "several hundred microns" (B)
        pair_energy_eV=4.61,
        transport=Transport(_CARRIER, _CARRIER),
        spread=(Gaussian(1.0, gaussian_sigma_um(3.5, 0.2, _GEOMETRY.pitch_um)),),  # (B) 3.5 lp/mm
    ),
    film=FilmSettings(
        dark=DarkCurrent(conductivity_S_cm=5e-9, activation_eV=0.2),  # "large" (B)
        migration=IonMigration(
            transition_K=310.0, activation_eV=0.3, drift=((0.3, 60.0), (-0.2, 1_200.0))
        ),
        noise=FilmNoise(strength=1e-7),
        lag=((0.03, 0.1), (0.02, 3.0)),
    ),
    array=ArraySettings(
        response_spread=0.12,  # "not uniform" (B)
        film_spread=0.15,
        dark_spread=0.4,
    ),
    front_end=FrontEndSettings(
        polarity=-1,
        pixel_noise_e=2000.0,
        channel_spread=0.01,
        offset_counts=2000.0,
        channel_offset_spread_counts=300.0,
        converter_noise_counts=1.5,
    ),
    working_bias_mV=-20_000,
)
