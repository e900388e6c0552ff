"""A camera behind scintillator screens: CsI:Tl, and glass ceramics and a film of CsPbBr3.

Figures marked (C) are those of W. Ma et al., "Highly resolved and robust dynamic X-ray imaging
using perovskite glass-ceramic scintillator with reduced light scattering", Advanced Science
(2021), doi:10.1002/advs.202003728. The others are typical.
"""

from __future__ import annotations

from dataclasses import replace

from fpxi_readout.protocol.generated import PANELS

from fpxi_hwsim.physics.array.settings import ArraySettings, Defects
from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.scintillator import Scintillator
from fpxi_hwsim.physics.conversion.sharing import Gaussian, gaussian_sigma_um
from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_hwsim.physics.film.ghosting import Ghosting
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.film.traps import Traps
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_hwsim.physics.source.tube import Tube
from fpxi_hwsim.presets.preset import Beam, Preset

_GEOMETRY = PANELS["camera256"]
_OPTICS = 0.02
"""part of the light that a lens behind the screen collects"""
_QUANTUM_EFFICIENCY = 0.7


def _screen(absorber: Absorber, light_yield_per_MeV: float, lp_mm: float) -> Scintillator:
    """Return a screen whose light has spread so that the MTF is 0.2 at this frequency."""
    return Scintillator(
        absorber=absorber,
        light_yield_per_MeV=light_yield_per_MeV,
        collected_fraction=_OPTICS,
        quantum_efficiency=_QUANTUM_EFFICIENCY,
        spread=(Gaussian(1.0, gaussian_sigma_um(lp_mm, 0.2, _GEOMETRY.pitch_um)),),
    )


EU_GLASS = Preset(
    name="cspbbr3-eu-glass",
    title="camera behind a glass ceramic of CsPbBr3 with europium",
    object="joint",
    temperature_mC=25_000,
    geometry=_GEOMETRY,
    beam=Beam(
        tube=Tube("W", 50.0, (("Be", 0.127), ("aluminium", 1.0))),  # (C) 50 kV
        dose_rate_Gy_s=1.89e-4,  # (C)
    ),
    converter=_screen(
        Absorber("CsPbBr3-glass", 2000.0),  # (C) about 2 mm
        light_yield_per_MeV=11_100.0,  # 10100 (C) at 189 uGy/s, see the traps
        lp_mm=14.65,  # 15.0 (C) as measured: light that rises more than the dose sharpens edges
    ),
    film=FilmSettings(
        dark=DarkCurrent(conductivity_S_cm=1e-15),
        # Light rises more than the dose rate (C), by how much is not in words. Decays of some ns
        # (C) leave no lag.
        traps=Traps(excess_gain=-0.3, filling_nA_cm2=0.05),
    ),
    array=ArraySettings(
        response_spread=0.01,
        film_spread=0.02,
        dark_spread=0.2,
        full_well_fC=16.0,
        defects=Defects(dead=6, hot=10, hot_factor=200.0),
    ),
    front_end=FrontEndSettings(
        pixel_noise_e=8.0,
        line_noise_e=1.5,
        column_noise_e=1.0,
        channel_spread=0.002,
        offset_counts=400.0,
        channel_offset_spread_counts=10.0,
        converter_noise_counts=1.0,
        inl_counts=2.0,
        dnl_counts=0.1,
        reset_capacitance_fF=8.0,
        reset_level_counts=200.0,
        reset_level_spread_counts=30.0,
    ),
    working_bias_mV=0,
)

GLASS = replace(
    EU_GLASS,
    name="cspbbr3-glass",
    title="camera behind a glass ceramic of CsPbBr3",
    converter=_screen(Absorber("CsPbBr3-glass", 2000.0), 6_000.0, lp_mm=4.1),  # (C) the lp/mm
    film=FilmSettings(dark=DarkCurrent(conductivity_S_cm=1e-15)),
)

NANOCRYSTALS = replace(
    GLASS,
    name="cspbbr3-nanocrystals",
    title="camera behind a film of CsPbBr3 nanocrystals",
    converter=_screen(Absorber("CsPbBr3", 100.0), 6_000.0, lp_mm=1.5),  # (C) 100 um, lp/mm
)

CSI = replace(
    EU_GLASS,
    name="csi-tl",
    title="camera behind a screen of CsI:Tl",
    converter=_screen(Absorber("CsI", 150.0), 54_000.0, lp_mm=10.0),  # (C) about 10 lp/mm
    film=FilmSettings(
        dark=DarkCurrent(conductivity_S_cm=1e-15),
        lag=((0.02, 0.004), (0.004, 0.06), (0.001, 1.0)),  # afterglow, visible (C)
        # Bright burn, typical: 2 % more light once some gray filled its traps, for hours.
        ghosting=Ghosting(loss=-0.02, filling_nC_cm2=8_500.0, recovery_s=36_000.0),
    ),
)

SCREENS = (EU_GLASS, GLASS, NANOCRYSTALS, CSI)
