"""Whatever a panel is made of, its samples are codes of its converter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fpxi_hwsim.physics.array.charge import (
    accumulate,
    add_delayed,
    blink,
    held_in_equilibrium,
    hold,
    inject,
    leak_off,
    off_loss,
    transfer,
)
from fpxi_hwsim.physics.array.maps import PanelMaps, make_panel_maps
from fpxi_hwsim.physics.array.settings import ArraySettings, Defects
from fpxi_hwsim.physics.front_end.amplifier import (
    add_column_noise,
    add_flicker,
    add_line_noise,
    add_pixel_noise,
    amplify,
    couple,
    skip_cds,
)
from fpxi_hwsim.physics.front_end.digitise import digitise
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_readout.protocol.generated import PANELS
from hypothesis import given, settings
from hypothesis import strategies as st

GEOMETRY = replace(PANELS["tft64"], rows=6, columns=8, process_ring=1)
SMALL = st.floats(0, 1)
LARGE = st.one_of(st.floats(0, 1e9), st.floats(0, 1e4))
SIGNED = st.floats(-1e9, 1e9)
COUNT = st.integers(0, 4)

DEFECTS = st.builds(
    Defects,
    dead=COUNT,
    hot=COUNT,
    hot_factor=LARGE,
    noisy=COUNT,
    noisy_factor=LARGE,
    lagging=COUNT,
    lagging_factor=LARGE,
    blinking=COUNT,
    blinking_factor=LARGE,
    blinking_duty=SMALL,
    cluster_share=SMALL,
    cluster_growth=st.floats(0, 0.95),
    patch=COUNT,
    patch_rows=LARGE,
    patch_columns=LARGE,
    corner=st.integers(0, 100),
    dead_column_rows=st.integers(0, 10),
    interrupted_columns=COUNT,
    dead_columns=COUNT,
    interrupted_rows=COUNT,
    frayed_breaks=st.booleans(),
)
ARRAYS = st.builds(
    ArraySettings,
    response_spread=SMALL,
    film_spread=SMALL,
    dark_spread=SMALL,
    lag_spread=SMALL,
    pedestal_fC=SIGNED,
    pedestal_spread_fC=LARGE,
    ring_pedestal_fC=SIGNED,
    gate_droop=SMALL,
    pixel_capacitance_fF=st.one_of(st.just(0.0), st.floats(0.1, 1000)),
    capacitance_spread=st.floats(0, 0.1),
    on_resistance_MOhm=st.floats(0, 100),
    off_conductance_fS=LARGE,
    leakage_spread=SMALL,
    full_well_fC=st.one_of(st.none(), st.floats(1e-6, 1e9)),
    data_line_us=LARGE,
    gate_line_us=st.floats(0, 10),
    line_resistance_spread=SMALL,
    amplifiers_at_both_ends=st.booleans(),
    defects=DEFECTS,
)
FRONT_ENDS = st.builds(
    FrontEndSettings,
    polarity=st.sampled_from([1, -1]),
    pixel_noise_e=LARGE,
    flicker_e=LARGE,
    amplifier_us=st.floats(1e-3, GEOMETRY.line_time_us),
    cds_interval_us=st.one_of(st.just(0.0), st.floats(1e-3, GEOMETRY.line_time_us)),
    line_noise_e=LARGE,
    column_noise_e=LARGE,
    crosstalk=st.floats(0, 1 / 3),
    channel_spread=st.floats(0, 0.2),
    offset_counts=SIGNED,
    channel_offset_spread_counts=LARGE,
    outputs=st.sampled_from([1, 2, 4, 8]),
    output_offset_spread_counts=LARGE,
    converter_noise_counts=LARGE,
    inl_counts=st.floats(0, 131),
    dnl_counts=st.floats(0, 0.3),
    missing_codes=st.integers(0, 100),
    reset_capacitance_fF=LARGE,
    reset_level_counts=SIGNED,
    reset_level_spread_counts=LARGE,
)


def _collect(
    maps: PanelMaps, array: ArraySettings, charge_fC: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    switches = maps.switches
    dark_fC = blink(maps, array.defects, maps.dark_factor, random)
    charge_fC = add_delayed(charge_fC * maps.response, dark_fC, None, random)
    total_fC = accumulate(switches, charge_fC, held_in_equilibrium(switches, charge_fC))
    charge_fC = transfer(switches, accumulate(switches, charge_fC, hold(switches, total_fC)))
    charge_fC = leak_off(charge_fC, off_loss(switches, 0.01), 0.5)
    assert np.isfinite(charge_fC).all()
    return inject(switches, charge_fC)


@settings(max_examples=60, deadline=None)
@given(
    array=ARRAYS,
    front_end=FRONT_ENDS,
    charge_fC=st.floats(-1e9, 1e9, width=32),
    gain_setting=st.integers(0, 7),
    cds=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_samples_are_codes_of_the_converter(
    array: ArraySettings,
    front_end: FrontEndSettings,
    charge_fC: float,
    gain_setting: int,
    cds: bool,
    seed: int,
) -> None:
    geometry = replace(GEOMETRY, adc_bits=12)
    front_end = replace(front_end, inl_counts=front_end.inl_counts / 16)
    maps = make_panel_maps(array, front_end, geometry, seed)
    random = np.random.default_rng(seed)
    charge = np.full(geometry.shape, charge_fC, np.float32)
    charge = couple(front_end, _collect(maps, array, charge, random))
    charge = add_pixel_noise(
        maps.pixel_noise_e, charge, random, switch_noise_e=array.switch_noise_e(300.0)
    )
    charge = add_line_noise(front_end, charge, random)
    charge = add_column_noise(front_end, charge, random)
    charge = amplify(maps.channels, add_flicker(maps.channels, charge, random, cds=cds))
    if not cds:
        charge = skip_cds(front_end, charge, 300.0, random)
    assert charge.dtype == np.float32
    assert np.isfinite(charge).all()
    samples = digitise(
        front_end,
        maps.channels,
        geometry,
        charge,
        random,
        gain_setting=gain_setting,
        cds=cds,
        oversampling=2,
    )
    assert samples.dtype == np.uint16
    assert samples.shape == (2, *geometry.shape)
    assert samples.max() <= geometry.full_scale
