"""1/f noise: its spectrum, and what CDS makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.array.maps import make_panel_maps
from fpxi_hwsim.physics.array.settings import ArraySettings
from fpxi_hwsim.physics.constants import ELECTRON_FC
from fpxi_hwsim.physics.front_end.amplifier import add_flicker
from fpxi_hwsim.physics.front_end.flicker import (
    flicker_covariance,
    flicker_root,
    relaxation_times_us,
)
from fpxi_hwsim.physics.front_end.settings import FrontEndSettings
from fpxi_readout.protocol.generated import PANELS

ROWS = 256
LINE_US = 32.0
GEOMETRY = replace(PANELS["tft64"], rows=ROWS, columns=512, line_time_us=32)
FLICKER_E = 100.0
SLOW = FrontEndSettings(flicker_e=FLICKER_E, amplifier_us=LINE_US, cds_interval_us=LINE_US)
"""an amplifier slow enough for the rows to see its noise without aliases"""
SCANS = 4
SIGMAS = 5.0


def _scans(front_end: FrontEndSettings, *, cds: bool, rows: int = ROWS) -> np.ndarray:
    """Noise in electrons, (channels, rows), of independent channels and scans."""
    geometry = replace(GEOMETRY, rows=rows)
    channels = make_panel_maps(ArraySettings(), front_end, geometry, seed=1).channels
    random = np.random.default_rng(5)
    nothing = np.zeros(geometry.shape, np.float32)
    noise = [add_flicker(channels, nothing, random, cds=cds).T for _ in range(SCANS)]
    return np.concatenate(noise).astype(float) / ELECTRON_FC


def _welch(noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One-sided power density of Hann windows, averaged: frequencies in Hz, and in e^2/Hz."""
    rows = noise.shape[1]
    step_s, window = LINE_US * 1e-6, np.hanning(rows + 1)[:-1]
    power = np.abs(np.fft.rfft(noise * window)) ** 2
    density = 2 * power.mean(axis=0) * step_s / (window**2).sum()
    return np.fft.rfftfreq(rows, step_s), density


def _sampled_density(front_end: FrontEndSettings, frequency_Hz: np.ndarray) -> np.ndarray:
    """Power density of the sum of relaxations, sampled once a row: each an AR(1) sequence."""
    step_s, density = LINE_US * 1e-6, np.zeros(frequency_Hz.size)
    for time_us in relaxation_times_us(front_end, ROWS, LINE_US):
        kept = np.exp(-LINE_US / time_us)
        turning = 2 * np.cos(2 * np.pi * frequency_Hz * step_s)
        density += np.log(2) * (1 - kept**2) / (1 - kept * turning + kept**2)
    return 2 * step_s * front_end.flicker_e**2 * density


def test_the_relaxations_add_up_to_the_power_density_over_f() -> None:
    front_end = replace(SLOW, amplifier_us=0.5)
    times_s = relaxation_times_us(front_end, ROWS, LINE_US) * 1e-6
    assert times_s[0] == 0.5e-6
    assert 0.5 < times_s[-1] / (ROWS * LINE_US * 1e-6) <= 1
    frequency_Hz = np.geomspace(400, 10_000, 50)[:, None]
    parts = 4 * times_s / (1 + (2 * np.pi * frequency_Hz * times_s) ** 2)
    density = np.log(2) * parts.sum(axis=1)
    np.testing.assert_allclose(density * frequency_Hz[:, 0], 1.0, rtol=0.05)


def test_the_noise_of_a_scan_has_the_closed_spectrum() -> None:
    noise = _scans(SLOW, cds=False)
    frequency_Hz, density = _welch(noise)
    inner = slice(4, -1)
    expected = _sampled_density(SLOW, frequency_Hz)[inner]
    # Averages of exponential variates, one for each independent channel; the window's leakage is
    # below 2 % from the fourth frequency on.
    bound = SIGMAS / np.sqrt(len(noise)) + 0.02
    assert np.abs(density[inner] / expected - 1).max() < bound


def test_every_row_of_a_scan_has_the_same_noise() -> None:
    noise = _scans(SLOW, cds=False)
    variance = FLICKER_E**2 * flicker_covariance(SLOW, ROWS, LINE_US, cds=False)[0]
    bound = SIGMAS * np.sqrt(2 / len(noise))
    np.testing.assert_allclose(noise.var(axis=0), variance, rtol=bound)


def test_its_slope_is_minus_one_and_its_level_that_of_the_setting() -> None:
    noise = _scans(replace(SLOW, amplifier_us=10.0), cds=False, rows=1024)
    frequency_Hz, density = _welch(noise)
    band = slice(4, 24)
    slope, _ = np.polyfit(np.log(frequency_Hz[band]), np.log(density[band]), 1)
    # Neighbouring frequencies of a Hann window share noise: half as many count. Aliases and the
    # ends of the band bend the spectrum by 3 %.
    independent = 20 * len(noise) / 2
    error = 1 / np.sqrt(independent) / np.log(frequency_Hz[band]).std()
    assert abs(slope + 1) < SIGMAS * error + 0.03
    level = (density * frequency_Hz)[band].mean() / FLICKER_E**2
    assert level == pytest.approx(1, abs=SIGMAS / np.sqrt(independent) + 0.03)


def test_cds_suppresses_low_frequencies_by_its_transfer() -> None:
    noise = _scans(SLOW, cds=True)
    frequency_Hz, density = _welch(noise)
    inner = slice(4, -1)
    transfer = 4 * np.sin(np.pi * frequency_Hz * LINE_US * 1e-6) ** 2
    expected = (transfer * _sampled_density(SLOW, frequency_Hz))[inner]
    bound = SIGMAS / np.sqrt(len(noise)) + 0.05
    assert np.abs(density[inner] / expected - 1).max() < bound
    assert transfer[4] < 0.01


@pytest.mark.parametrize("interval_us", [32.0, 8.0, 1e-3])
def test_cds_makes_the_second_difference_of_the_covariance(interval_us: float) -> None:
    front_end = replace(SLOW, amplifier_us=2.0, cds_interval_us=interval_us)
    times_us = relaxation_times_us(front_end, ROWS, LINE_US)

    def covariance(lag_us: np.ndarray) -> np.ndarray:
        return np.log(2) * np.exp(-np.abs(lag_us)[:, None] / times_us).sum(axis=1)

    lag_us = np.arange(ROWS) * LINE_US
    expected = 2 * covariance(lag_us)
    expected -= covariance(lag_us - interval_us) + covariance(lag_us + interval_us)
    found = flicker_covariance(front_end, ROWS, LINE_US, cds=True)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("cds", [False, True])
def test_the_root_is_that_of_the_covariance(cds: bool) -> None:
    root = flicker_root(SLOW, 40, LINE_US, cds=cds)
    assert root is not None
    covariance = FLICKER_E**2 * flicker_covariance(SLOW, 40, LINE_US, cds=cds)
    lags = np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
    np.testing.assert_allclose(root @ root.T, covariance[lags], rtol=1e-10, atol=1e-9)


def test_samples_taken_at_once_leave_no_flicker_after_cds() -> None:
    together = replace(SLOW, cds_interval_us=0.0)
    assert flicker_root(together, ROWS, LINE_US, cds=True) is None
    assert flicker_root(together, ROWS, LINE_US, cds=False) is not None


@pytest.mark.parametrize("name", ["cds_interval_us", "amplifier_us"])
def test_what_takes_longer_than_a_line_is_refused(name: str) -> None:
    with pytest.raises(UnphysicalError) as refused:
        flicker_root(replace(SLOW, **{name: 33.0}), ROWS, LINE_US, cds=True)
    assert refused.value.name == f"front_end.{name}"
