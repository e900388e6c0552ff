"""Panels of no particular laboratory, with typical figures: a TFT backplane, a row, a CMOS die.

Their sensors have a supply of their own: the response does not follow the board's bias.
"""

from __future__ import annotations

from dataclasses import replace

from fpxi_readout.protocol.generated import PANELS

from fpxi_hwsim.physics.array.settings import ArraySettings, Defects
from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.photoconductor import Gain, Photoconductor
from fpxi_hwsim.physics.conversion.sharing import Gaussian
from fpxi_hwsim.physics.film.dark_current import DarkCurrent
from fpxi_hwsim.physics.film.settings import FilmSettings
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_hwsim.physics.source.tube import Tube
from fpxi_hwsim.presets.preset import Beam, Preset

TFT64 = Preset(
    name="tft64",
    title="64 x 64 TFT panel with a photoconductor of high gain, typical",
    object="letters-caep",
    temperature_mC=27_300,
    geometry=PANELS["tft64"],
    beam=Beam(
        tube=Tube("W", 50.0, (("Be", 0.127), ("quartz", 26.0))),
        dose_rate_Gy_s=2.726e-6,
    ),
    converter=Photoconductor(
        absorber=Absorber(thickness_um=500.0, absorbed_fraction=0.8),
        pair_energy_eV=4.61,
        gain=Gain(most=5.4),
        spread=(Gaussian(1.0, 40.0),),
    ),
    film=FilmSettings(
        dark=DarkCurrent(conductivity_S_cm=2e-10),
        lag=((0.010, 0.02), (0.006, 0.3), (0.003, 6.0)),
    ),
    array=ArraySettings(
        response_spread=0.06,
        film_spread=0.10,
        dark_spread=0.25,
        lag_spread=0.15,
        pedestal_fC=40.0,
        pedestal_spread_fC=4.0,
        gate_droop=0.05,
        pixel_capacitance_fF=1500.0,
        capacitance_spread=0.01,
        on_resistance_MOhm=3.0,
        off_conductance_fS=2.0,  # 10 fA at 5 V
        leakage_spread=0.5,
        full_well_fC=12_000.0,
        data_line_us=2.0,
        line_resistance_spread=0.05,
        defects=Defects(
            dead=8,
            hot=8,
            hot_factor=40.0,
            noisy=6,
            noisy_factor=150.0,
            lagging=4,
            lagging_factor=6.0,
            cluster_share=0.15,
            cluster_growth=0.3,
            dead_column_rows=19,
        ),
    ),
    front_end=FrontEndSettings(
        pixel_noise_e=1200.0,
        flicker_e=150.0,
        cds_interval_us=16.0,
        line_noise_e=900.0,
        column_noise_e=150.0,
        crosstalk=0.001,
        channel_spread=0.01,
        offset_counts=3000.0,
        channel_offset_spread_counts=800.0,
        outputs=2,
        output_offset_spread_counts=700.0,
        converter_noise_counts=2.5,
        inl_counts=3.0,
        dnl_counts=0.2,
        reset_capacitance_fF=4800.0,  # the widest range's 9.6 pC over 2 V of output
        reset_level_counts=1200.0,
        reset_level_spread_counts=300.0,
    ),
    working_bias_mV=5_000,
    own_supply=True,
)

LINE64 = replace(
    TFT64,
    name="line64",
    title="row of 64 pixels for line scans, otherwise as tft64",
    geometry=PANELS["line64"],
    array=replace(TFT64.array, defects=Defects(dead=1)),
)

CMOS32 = Preset(
    name="cmos32",
    title="32 x 32 CMOS die with a crystal bonded to it, typical",
    object="letters-hust",
    temperature_mC=31_000,
    geometry=PANELS["cmos32"],
    beam=Beam(
        tube=Tube("W", 70.0, (("Be", 0.127), ("aluminium", 2.5))),
        dose_rate_Gy_s=6e-4,
    ),
    converter=Photoconductor(
        absorber=Absorber(thickness_um=2000.0, absorbed_fraction=0.95),
        pair_energy_eV=25.4,
        spread=(Gaussian(1.0, 25.0),),
    ),
    film=FilmSettings(
        dark=DarkCurrent(conductivity_S_cm=1.22e-10),
        lag=((0.004, 0.01), (0.002, 0.5)),
    ),
    array=ArraySettings(
        response_spread=0.03,
        film_spread=0.03,
        dark_spread=0.15,
        lag_spread=0.1,
        pedestal_fC=30.0,
        pedestal_spread_fC=3.0,
        ring_pedestal_fC=120.0,
        defects=Defects(
            dead=3,
            hot=3,
            hot_factor=25.0,
            noisy=2,
            noisy_factor=60.0,
            lagging=2,
            lagging_factor=6.0,
            dead_column_rows=7,
        ),
    ),
    front_end=FrontEndSettings(
        pixel_noise_e=900.0,
        line_noise_e=300.0,
        crosstalk=0.0005,
        channel_spread=0.006,
        offset_counts=1500.0,
        channel_offset_spread_counts=250.0,
        converter_noise_counts=2.5,
        inl_counts=2.0,
        dnl_counts=0.2,
        reset_capacitance_fF=1000.0,  # a pixel's 1.6 pC over 1.6 V
        reset_level_counts=900.0,
        reset_level_spread_counts=200.0,
    ),
    working_bias_mV=100_000,
    own_supply=True,
)
