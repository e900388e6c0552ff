"""The channels' coupling, noises and gains against their closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fpxi_hwsim.physics.array.maps import PanelMaps, make_panel_maps
from fpxi_hwsim.physics.array.settings import ArraySettings, Defects
from fpxi_hwsim.physics.constants import ELECTRON_FC
from fpxi_hwsim.physics.front_end.amplifier import (
    add_column_noise,
    add_flicker,
    add_line_noise,
    add_pixel_noise,
    amplify,
    couple,
    skip_cds,
)
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_readout.protocol.generated import PANELS

GEOMETRY = PANELS["tft64"]
SHAPE = GEOMETRY.shape
NO_CHARGE = np.zeros(SHAPE, np.float32)
SCANS = 60
SIGMAS = 5.0


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture
def charge_fC() -> np.ndarray:
    return np.random.default_rng(21).uniform(-200, 900, SHAPE).astype(np.float32)


def _maps(front_end: FrontEndSettings, array: ArraySettings | None = None) -> PanelMaps:
    return make_panel_maps(array or ArraySettings(), front_end, GEOMETRY, seed=1)


def _is_normal_with(sample_fC: np.ndarray, noise_e: float) -> None:
    """Mean, variance and kurtosis of a normal sample, each within its own standard errors."""
    sample, n = sample_fC.astype(float).ravel() / ELECTRON_FC, sample_fC.size
    assert abs(sample.mean()) < SIGMAS * noise_e / np.sqrt(n)
    assert sample.var() == pytest.approx(noise_e**2, rel=SIGMAS * np.sqrt(2 / n))
    kurtosis = (sample**4).mean() / (sample**2).mean() ** 2
    assert abs(kurtosis - 3) < SIGMAS * np.sqrt(24 / n)


def test_channels_exchange_charge_by_a_symmetric_matrix_of_unit_sums() -> None:
    front_end = FrontEndSettings(crosstalk=0.01)
    impulses = np.eye(SHAPE[1], dtype=np.float32)
    matrix = 0.98 * np.eye(64) + 0.01 * (np.eye(64, k=1) + np.eye(64, k=-1))
    matrix[0, 0] = matrix[-1, -1] = 0.99
    np.testing.assert_allclose(couple(front_end, impulses), matrix, atol=1e-7)


def test_coupling_makes_no_charge(charge_fC: np.ndarray) -> None:
    coupled = couple(FrontEndSettings(crosstalk=0.3), charge_fC)
    rows = charge_fC.sum(axis=1, dtype=float)
    np.testing.assert_allclose(coupled.sum(axis=1, dtype=float), rows, atol=1e-2)


@pytest.mark.parametrize("switch_noise_e", [0.0, 401.7])
def test_pixel_noise_is_the_amplifiers_and_the_switchs(
    switch_noise_e: float, random: np.random.Generator
) -> None:
    noise_e = np.full(SHAPE, 1200, np.float32)
    scans = np.stack(
        [
            add_pixel_noise(noise_e, NO_CHARGE, random, switch_noise_e=switch_noise_e)
            for _ in range(SCANS)
        ]
    )
    _is_normal_with(scans, np.hypot(1200, switch_noise_e))


def test_a_noisy_pixel_is_noisier_by_its_factor(random: np.random.Generator) -> None:
    defects = Defects(noisy=6, noisy_factor=150.0)
    maps = _maps(FrontEndSettings(pixel_noise_e=1200.0), ArraySettings(defects=defects))
    scans = [add_pixel_noise(maps.pixel_noise_e, NO_CHARGE, random) for _ in range(SCANS * 5)]
    _is_normal_with(np.stack(scans)[:, maps.noisy], 180_000)
    _is_normal_with(np.stack(scans)[:, ~maps.noisy], 1200)


def test_the_pixels_of_a_row_share_the_line_noise(random: np.random.Generator) -> None:
    front_end = FrontEndSettings(line_noise_e=900.0)
    scans = np.stack([add_line_noise(front_end, NO_CHARGE, random) for _ in range(SCANS)])
    np.testing.assert_array_equal(scans, np.broadcast_to(scans[:, :, :1], scans.shape))
    _is_normal_with(scans[:, :, 0], 900)


def test_the_pixels_of_a_column_share_the_column_noise(random: np.random.Generator) -> None:
    front_end = FrontEndSettings(column_noise_e=300.0)
    scans = np.stack([add_column_noise(front_end, NO_CHARGE, random) for _ in range(SCANS)])
    np.testing.assert_array_equal(scans, np.broadcast_to(scans[:, :1], scans.shape))
    _is_normal_with(scans[:, 0], 300)


def test_without_cds_the_resets_ktc_noise_is_in_the_charge(random: np.random.Generator) -> None:
    # 4800 fF at 300 K: sqrt(1.380649e-23 * 300 * 4800e-15) C are 880.0 electrons.
    front_end = FrontEndSettings(reset_capacitance_fF=4800.0)
    _is_normal_with(
        np.stack([skip_cds(front_end, NO_CHARGE, 300.0, random) for _ in range(SCANS)]), 880.0
    )


def test_amplifiers_scale_their_columns(charge_fC: np.ndarray) -> None:
    channels = _maps(FrontEndSettings(channel_spread=0.01)).channels
    assert channels.gain.std() == pytest.approx(0.01, rel=SIGMAS * np.sqrt(0.5 / 64))
    np.testing.assert_array_equal(amplify(channels, charge_fC), charge_fC * channels.gain)


@pytest.mark.parametrize("both_ends", [False, True])
def test_a_data_line_settles_less_the_farther_the_pixel(
    both_ends: bool, charge_fC: np.ndarray
) -> None:
    array = ArraySettings(data_line_us=20.0, amplifiers_at_both_ends=both_ends)
    settled = amplify(_maps(FrontEndSettings(), array).channels, charge_fC) / charge_fC
    rows = np.arange(1, 65)
    distance = np.minimum(rows, rows[::-1]) / 32 if both_ends else rows / 64
    expected = 1 - np.exp(-GEOMETRY.line_time_us / (20.0 * distance))
    np.testing.assert_allclose(settled, np.broadcast_to(expected, SHAPE).T, rtol=1e-5)


def test_data_lines_differ_in_resistance() -> None:
    array = ArraySettings(data_line_us=20.0, line_resistance_spread=0.05)
    far = _maps(FrontEndSettings(), array).channels.transfer[-1]
    line_us = -GEOMETRY.line_time_us / np.log1p(-far.astype(float))
    assert line_us.std() == pytest.approx(1.0, rel=SIGMAS * np.sqrt(0.5 / 64))


def test_a_neutral_front_end_returns_the_charge_itself(
    charge_fC: np.ndarray, random: np.random.Generator
) -> None:
    neutral = FrontEndSettings()
    maps = _maps(neutral)
    assert couple(neutral, charge_fC) is charge_fC
    assert add_pixel_noise(maps.pixel_noise_e, charge_fC, random) is charge_fC
    assert add_line_noise(neutral, charge_fC, random) is charge_fC
    assert add_column_noise(neutral, charge_fC, random) is charge_fC
    assert add_flicker(maps.channels, charge_fC, random) is charge_fC
    assert skip_cds(neutral, charge_fC, 300.0, random) is charge_fC
    np.testing.assert_array_equal(amplify(maps.channels, charge_fC), charge_fC)


def test_no_effect_changes_the_charge_it_is_given(
    charge_fC: np.ndarray, random: np.random.Generator
) -> None:
    front_end = FrontEndSettings(
        crosstalk=0.1,
        pixel_noise_e=9.0,
        line_noise_e=9.0,
        column_noise_e=9.0,
        flicker_e=9.0,
        reset_capacitance_fF=9.0,
    )
    maps, before = _maps(front_end), charge_fC.copy()
    couple(front_end, charge_fC)
    add_pixel_noise(maps.pixel_noise_e, charge_fC, random, switch_noise_e=3.0)
    add_line_noise(front_end, charge_fC, random)
    add_column_noise(front_end, charge_fC, random)
    add_flicker(maps.channels, charge_fC, random, cds=False)
    skip_cds(front_end, charge_fC, 300.0, random)
    amplify(maps.channels, charge_fC)
    np.testing.assert_array_equal(charge_fC, before)
    noisy = replace(front_end, pixel_noise_e=8.0)
    np.testing.assert_array_equal(_maps(noisy).channels.gain, maps.channels.gain)
