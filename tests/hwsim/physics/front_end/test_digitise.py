"""From charge to counts: ranges, ends, polarity, noise, and the converter's errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.array.maps import make_panel_maps
from fpxi_hwsim.physics.array.settings import ArraySettings
from fpxi_hwsim.physics.front_end.channels import ChannelMaps
from fpxi_hwsim.physics.front_end.converter import (
    STEPS,
    integral_nonlinearity,
    make_codes,
    transition_levels,
)
from fpxi_hwsim.physics.front_end.digitise import digitise
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_readout.protocol.generated import PANELS

GEOMETRY = PANELS["tft64"]
SHAPE = GEOMETRY.shape
FULL_SCALE = 65535
COUNTS = replace(GEOMETRY, full_scale_fC=(float(FULL_SCALE),))
"""a panel of which one fC makes one count"""
SIGMAS = 5.0


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20)


def _channels(front_end: FrontEndSettings) -> ChannelMaps:
    return make_panel_maps(ArraySettings(), front_end, GEOMETRY, seed=1).channels


@pytest.mark.parametrize("gain_setting", range(8))
def test_counts_are_charge_over_the_gain_settings_full_scale(
    gain_setting: int, random: np.random.Generator
) -> None:
    front_end = FrontEndSettings()
    charge_fC = np.full(SHAPE, GEOMETRY.full_scale_fC[gain_setting] / 4, np.float32)
    counts = digitise(
        front_end, _channels(front_end), GEOMETRY, charge_fC, random, gain_setting=gain_setting
    )
    assert counts.shape == (1, *SHAPE)
    assert np.unique(counts).tolist() == [round(FULL_SCALE / 4)]


@pytest.mark.parametrize("inl_counts", [0.0, 100.0])
@pytest.mark.parametrize("polarity", [1, -1])
def test_the_converter_ends_at_zero_and_at_full_scale(
    polarity: int, inl_counts: float, random: np.random.Generator
) -> None:
    front_end = FrontEndSettings(polarity=polarity, inl_counts=inl_counts)
    charge_fC = np.where(np.arange(64) < 32, -1e30, 1e30).astype(np.float32) * np.ones((64, 1))
    charge_fC = charge_fC.astype(np.float32)
    counts = digitise(front_end, _channels(front_end), GEOMETRY, charge_fC, random, gain_setting=0)
    assert counts.dtype == np.uint16
    low, high = (0, FULL_SCALE) if polarity == 1 else (FULL_SCALE, 0)
    assert np.unique(counts[0, :, :32]).tolist() == [low]
    assert np.unique(counts[0, :, 32:]).tolist() == [high]


def test_polarity_and_offset_let_charge_of_both_signs_fit(random: np.random.Generator) -> None:
    front_end = FrontEndSettings(polarity=-1, offset_counts=32768.0)
    charge_fC = np.tile(np.array([-1000, 0, 1000, 0], np.float32), (64, 16))
    counts = digitise(front_end, _channels(front_end), COUNTS, charge_fC, random, gain_setting=0)
    assert counts[0, 0, :3].tolist() == [33768, 32768, 31768]


def test_conversions_of_a_pixel_differ_by_the_converters_noise_alone(
    random: np.random.Generator,
) -> None:
    front_end = FrontEndSettings(converter_noise_counts=25.0)
    charge_fC = random.uniform(1000, 60000, SHAPE).astype(np.float32)
    counts = digitise(
        front_end, _channels(front_end), COUNTS, charge_fC, random, gain_setting=0, oversampling=64
    )
    assert counts.shape == (64, *SHAPE)
    noise = counts.astype(float) - charge_fC
    n = noise.size
    variance = 25.0**2 + 1 / 12
    assert abs(noise.mean()) < SIGMAS * np.sqrt(variance / n)
    assert noise.var() == pytest.approx(variance, rel=SIGMAS * np.sqrt(2 / n))
    between = noise.mean(axis=0).var() * 64
    assert between == pytest.approx(variance, rel=SIGMAS * np.sqrt(2 / 4096))


def test_without_cds_the_reset_level_stays(random: np.random.Generator) -> None:
    front_end = FrontEndSettings(
        offset_counts=3000.0,
        channel_offset_spread_counts=800.0,
        outputs=2,
        output_offset_spread_counts=700.0,
        reset_level_counts=1200.0,
        reset_level_spread_counts=300.0,
    )
    channels = _channels(front_end)
    dark = np.full(SHAPE, 9000, np.float32)
    with_cds, without = (
        digitise(front_end, channels, COUNTS, dark, random, gain_setting=0, cds=cds)[0].astype(int)
        for cds in (True, False)
    )
    np.testing.assert_allclose(with_cds - 9000, np.tile(channels.offset_counts, (64, 1)), atol=0.5)
    level = (without - with_cds)[0]
    assert abs(level.mean() - 1200) < SIGMAS * 300 / 8
    assert level.std() == pytest.approx(300, rel=SIGMAS * np.sqrt(0.5 / 64))
    offset = channels.offset_counts.astype(float)
    blocks = offset.reshape(2, 32)
    assert abs(offset.mean() - 3000) < SIGMAS * np.hypot(800 / 8, 700 / np.sqrt(2))
    assert blocks.std(axis=1).mean() == pytest.approx(800, rel=SIGMAS * np.sqrt(0.5 / 64))


def test_the_columns_of_an_output_stand_side_by_side_and_share_its_offset() -> None:
    outputs = FrontEndSettings(outputs=4, output_offset_spread_counts=700.0)
    blocks = _channels(outputs).offset_counts.reshape(4, 16)
    np.testing.assert_array_equal(blocks, np.repeat(blocks[:, :1], 16, axis=1))
    assert np.unique(blocks).size == 4


def _histogram(front_end: FrontEndSettings, random: np.random.Generator) -> np.ndarray:
    """Count the samples of each code over a slow even ramp, in the width of an ideal code."""
    ramp = np.arange(STEPS * FULL_SCALE + 1, dtype=np.float32) / np.float32(STEPS)
    channels = _channels(front_end)
    one = replace(channels, offset_counts=np.zeros(1, np.float32))
    samples = digitise(front_end, one, COUNTS, ramp[None, :], random, gain_setting=0)
    return np.bincount(samples.ravel(), minlength=FULL_SCALE + 1) / STEPS


def test_an_ideal_converter_gives_every_code_equally_often(random: np.random.Generator) -> None:
    widths = _histogram(FrontEndSettings(), random)
    # Rounding half to even moves the sample on each transition from one code to the next.
    np.testing.assert_allclose(widths[1:-1], 1, atol=1.01 / STEPS)


def test_a_ramp_shows_the_differential_nonlinearity(random: np.random.Generator) -> None:
    # Transitions even within +-3 steps of the table begin at one of 6 steps, of variance 35 / 12.
    dnl_counts = 3 / STEPS / np.sqrt(1.5)
    widths = _histogram(FrontEndSettings(dnl_counts=dnl_counts), random)[1:-1]
    variance = 2 * 35 / 12 / STEPS**2
    assert variance == pytest.approx(dnl_counts**2, rel=0.03)
    assert abs(widths.mean() - 1) < 1e-4
    # Neighbouring widths share a transition: their correlation is -1/2.
    assert widths.var() == pytest.approx(variance, rel=SIGMAS * np.sqrt(3 / widths.size))
    assert np.corrcoef(widths[1:], widths[:-1])[0, 1] == pytest.approx(-0.5, abs=0.02)
    assert widths.min() > 0.2


def test_a_ramp_shows_the_integral_nonlinearity(random: np.random.Generator) -> None:
    widths = _histogram(FrontEndSettings(inl_counts=8.0), random)
    levels = np.cumsum(widths)[:-1]
    deviation = levels - (np.arange(1, FULL_SCALE + 1) - 0.5)
    assert np.abs(deviation).max() == pytest.approx(8.0, abs=2 / STEPS)
    assert abs(deviation.mean()) < 2 / STEPS
    np.testing.assert_allclose(deviation[[0, -1]], 0, atol=2 / STEPS)
    assert np.abs(np.diff(deviation)).max() <= 2 / STEPS


def test_the_table_gives_the_code_whose_level_the_input_has_reached() -> None:
    front_end = FrontEndSettings(inl_counts=3.0, dnl_counts=0.2, missing_codes=9)
    levels, codes = (
        make(front_end, 4095, np.random.default_rng(3)) for make in (transition_levels, make_codes)
    )
    assert levels is not None
    inputs = np.arange(STEPS * 4095 + 1) / STEPS
    np.testing.assert_array_equal(codes, np.searchsorted(levels, inputs, side="right"))


def test_panels_bend_differently() -> None:
    front_end = FrontEndSettings(inl_counts=8.0)
    curves = [
        integral_nonlinearity(front_end, FULL_SCALE, np.random.default_rng(seed))
        for seed in range(2)
    ]
    assert np.abs(curves[0] - curves[1]).max() > 1


@pytest.mark.parametrize("missing", [0, 1, 500])
def test_codes_are_missing_only_when_asked(missing: int, random: np.random.Generator) -> None:
    front_end = FrontEndSettings(inl_counts=131.0, dnl_counts=0.3, missing_codes=missing)
    assert (_histogram(front_end, random) == 0).sum() == missing


@pytest.mark.parametrize("full_scale", [4095, FULL_SCALE])
def test_a_converter_never_goes_back_and_reaches_every_code(full_scale: int) -> None:
    for seed in range(5):
        front_end = FrontEndSettings(inl_counts=0.002 * full_scale, dnl_counts=0.3)
        codes = make_codes(front_end, full_scale, np.random.default_rng(seed))
        assert codes is not None
        assert codes.size == STEPS * full_scale + 1
        assert np.unique(np.diff(codes.astype(int))).tolist() == [0, 1]
        assert (codes[0], codes[-1]) == (0, full_scale)


@pytest.mark.parametrize(
    ("front_end", "name"),
    [
        (FrontEndSettings(inl_counts=200.0), "front_end.inl_counts"),
        (FrontEndSettings(missing_codes=65535), "front_end.missing_codes"),
        (FrontEndSettings(outputs=3), "front_end.outputs"),
        (FrontEndSettings(cds_interval_us=34.0), "front_end.cds_interval_us"),
    ],
)
def test_settings_that_do_not_fit_the_panel_are_refused(
    front_end: FrontEndSettings, name: str
) -> None:
    with pytest.raises(UnphysicalError) as refused:
        _channels(front_end)
    assert refused.value.name == name
