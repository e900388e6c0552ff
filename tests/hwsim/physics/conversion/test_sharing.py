from __future__ import annotations

import itertools

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.conversion.absorption import Absorption
from fpxi_hwsim.physics.conversion.photon_statistics import absorbed_energy
from fpxi_hwsim.physics.conversion.sharing import (
    Gaussian,
    bin_to_pixels,
    gaussian_sigma_um,
    grid_mtf,
    ideal_mtf,
    make_kernel,
    make_noise_kernel,
    require_spread,
    share,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

PITCH_UM = 200.0
CORE = (Gaussian(1.0, 45.0),)
TAILED = (Gaussian(0.8, 45.0), Gaussian(0.2, 250.0))
SPREADS = st.builds(
    lambda fraction, core, tail: (Gaussian(fraction, core), Gaussian(1 - fraction, tail)),
    st.floats(0.01, 0.99),
    st.floats(0, 150),
    st.floats(0, 600),
)


@pytest.mark.parametrize("sigma_um", [0, 5, 20, 45, 60, 69, 71, 80, 89, 91, 120, 300, 700])
def test_the_grids_mtf_is_the_gaussians_times_the_apertures(sigma_um):
    frequency = np.linspace(0, 4, 161)
    spread = (Gaussian(1.0, sigma_um),)
    ideal = ideal_mtf(spread, PITCH_UM, frequency)
    np.testing.assert_allclose(grid_mtf(spread, PITCH_UM, frequency), ideal, atol=0.013)


def test_a_narrow_gaussian_beside_the_aperture_has_the_published_mtf():
    """0.72 line pairs a pixel of 200 um at an MTF of 0.2."""
    sigma_um = gaussian_sigma_um(3.6, 0.2, PITCH_UM)
    assert sigma_um == pytest.approx(45, abs=1)
    spread = (Gaussian(1.0, sigma_um),)
    assert ideal_mtf(spread, PITCH_UM, np.array([3.6])) == pytest.approx(0.2)
    assert grid_mtf(spread, PITCH_UM, np.array([3.6])) == pytest.approx(0.2, abs=0.006)


@pytest.mark.parametrize("spread", [(), CORE, TAILED, (Gaussian(1.0, 95.0),)])
def test_a_line_shifted_in_steps_finer_than_a_pixel_shows_the_grids_mtf(spread):
    """The line spread function over fine columns, summed to pixels at both phases."""
    kernel = make_kernel(spread, PITCH_UM)
    responses = []
    for phase in (0, 1):
        fine = np.zeros((64, 128), np.float32)
        fine[:, 64 + phase] = 1
        responses.append(bin_to_pixels(share(fine, kernel))[16] / 2)
    oversampled = np.stack((responses[1], responses[0]), axis=1).ravel().astype(np.float64)
    frequency = np.fft.rfftfreq(oversampled.size, PITCH_UM * 1e-3 / 2)
    pixels = abs(np.fft.rfft(oversampled)) / oversampled.sum()
    aperture = np.sinc(frequency * PITCH_UM * 1e-3 / 2)
    expected = grid_mtf(spread, PITCH_UM, frequency)
    np.testing.assert_allclose(pixels * aperture, expected, atol=2e-4)


@pytest.mark.parametrize("spread", [(), CORE, TAILED])
def test_the_noise_power_is_the_photons_folded_with_the_kernels_transfer(spread):
    """Of columns summed over 32 rows, far from the edges, by 1200 frames' mean periodogram."""
    photons, mean_square, columns, frames = 400.0, 1700.0, 32, 1200
    ones = np.full((96, 128), photons, np.float32)
    absorption = Absorption(ones, ones * 40, ones * np.float32(mean_square))
    random = np.random.default_rng(1)
    kernel = make_kernel(spread, PITCH_UM)
    lines = np.empty((frames, columns))
    for frame in range(frames):
        fine = absorbed_energy(absorption, 1.0).draw(random) - np.float32(photons * 40)
        lines[frame] = bin_to_pixels(share(fine, kernel))[8:40, 16:48].sum(axis=0, dtype=float)
    power = (abs(np.fft.fft(lines)) ** 2 / columns).mean(axis=0)[: columns // 2 + 1]
    ratio = power / (photons * mean_square * expected_periodogram(kernel, columns, fine_rows=64))
    relative_error = np.full(ratio.size, 1 / np.sqrt(frames))
    relative_error[[0, -1]] *= np.sqrt(2)
    assert (abs(ratio - 1) < stats.norm.isf(1e-4 / ratio.size) * relative_error).all()
    assert abs(ratio[1:-1].mean() - 1) < 4 / np.sqrt(frames * (ratio.size - 2))


def expected_periodogram(kernel, columns, fine_rows):
    """Return that of pixel columns, each the sum over so many fine rows, for fine noise of one."""
    angle = np.fft.fftfreq(4096) * 2 * np.pi
    parts = kernel.parts or ((1.0, (1.0,)),)
    reach = max(len(taps) for _, taps in parts)
    power = np.zeros(angle.size)
    profiles = []
    for fraction, taps in parts:
        both_sides = np.zeros(2 * reach - 1)
        both_sides[reach - 1 : reach - 1 + len(taps)] = taps
        both_sides[reach - len(taps) : reach] = taps[::-1]
        transfer = 2 * np.cos(np.outer(angle, range(len(taps)))) @ taps - taps[0]
        profiles.append((fraction * transfer, np.convolve(np.ones(fine_rows), both_sides)))
    response = sum(np.outer(transfer, profile) for transfer, profile in profiles)
    power = (response**2).sum(axis=1) * (2 * np.cos(angle / 2)) ** 2
    covariance = np.fft.ifft(power).real[::2]  # of pixels: every second fine column
    lags = np.arange(-columns + 1, columns)
    tapered = covariance[lags] * (1 - abs(lags) / columns)
    frequency = np.arange(columns // 2 + 1) / columns
    return np.cos(2 * np.pi * np.outer(frequency, lags)) @ tapered


@settings(max_examples=40, deadline=None)
@given(spread=SPREADS, row=st.integers(0, 15), column=st.integers(0, 23))
def test_charge_is_neither_created_nor_lost_nor_negative_wherever_it_lands(spread, row, column):
    fine = np.zeros((16, 24), np.float32)
    fine[row, column] = 1000
    before = fine.copy()
    shared = share(fine, make_kernel(spread, PITCH_UM))
    assert (shared >= 0).all()
    assert shared.sum(dtype=np.float64) == pytest.approx(1000, rel=1e-5)
    np.testing.assert_array_equal(fine, before)


@settings(max_examples=30, deadline=None)
@given(spread=SPREADS, rows=st.integers(1, 5), columns=st.integers(1, 40))
def test_a_flat_stays_flat_on_a_panel_of_any_size(spread, rows, columns):
    shared = share(np.ones((2 * rows, 2 * columns), np.float32), make_kernel(spread, PITCH_UM))
    np.testing.assert_allclose(shared, 1, rtol=1e-5)


@pytest.mark.parametrize("sigma_um", [45.0, 80.0, 500.0])
def test_what_crosses_the_edge_is_mirrored(sigma_um):
    """As the spread over a plane of mirror images in all directions."""
    kernel = make_kernel((Gaussian(1.0, sigma_um),), PITCH_UM)
    fine = np.random.default_rng(1).random((8, 6), dtype=np.float32)
    plane = np.pad(fine, ((32, 32), (36, 36)), mode="symmetric")
    expected = share(plane, kernel)[32:40, 36:42]
    np.testing.assert_allclose(share(fine, kernel), expected, rtol=1e-5)


def test_a_spread_of_nothing_changes_nothing():
    fine = np.arange(16, dtype=np.float32).reshape(4, 4)
    for spread in ((), (Gaussian(1.0, 0.0),)):
        np.testing.assert_array_equal(share(fine, make_kernel(spread, PITCH_UM)), fine)


def test_pixels_are_the_sums_of_their_fine_pixels():
    fine = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_array_equal(
        bin_to_pixels(fine), fine.reshape(2, 2, 3, 2).sum(axis=(1, 3), dtype=np.float32)
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: Gaussian(0.0, 1.0),
        lambda: Gaussian(1.1, 1.0),
        lambda: Gaussian(1.0, -1.0),
        lambda: Gaussian(1.0, np.nan),
        lambda: Gaussian(1.0, 2e5),
        lambda: make_kernel(CORE, 0.0),
        lambda: require_spread("spread", (Gaussian(0.5, 1.0), Gaussian(0.4, 1.0))),
        lambda: require_spread("spread", (Gaussian(0.7, 1.0), Gaussian(0.4, 1.0))),
        lambda: gaussian_sigma_um(3.6, 0.5, PITCH_UM),
    ],
)
def test_an_impossible_spread_is_refused(make):
    with pytest.raises(UnphysicalError):
        make()


@pytest.mark.parametrize("sigma_um", [0.0, 10.0, 25.0, 46.6, 60.0, 85.0, 150.0])
def test_drawn_energy_has_the_noise_power_of_photons_that_fall_anywhere(sigma_um: float) -> None:
    pitch_um, pixels = 200.0, 128
    kernel = make_noise_kernel((Gaussian(1.0, sigma_um),), pitch_um)
    impulse = np.zeros((2 * pixels, 2 * pixels), np.float32)
    covariance = np.zeros((pixels, pixels))
    for row, column in itertools.product((0, 1), repeat=2):
        fine = impulse.copy()
        fine[pixels + row, pixels + column] = 1
        response = np.fft.fft2(bin_to_pixels(share(fine, kernel)).astype(np.float64))
        covariance += np.abs(response) ** 2 / 4
    cycles = np.fft.fftfreq(pixels)
    alias = cycles[:, None] + np.arange(-200, 201)
    transfer = np.sinc(alias) * np.exp(-2 * (np.pi * sigma_um / pitch_um * alias) ** 2)
    expected = (transfer**2).sum(axis=1)
    seen = cycles <= 0.4
    np.testing.assert_allclose(covariance[0][seen], expected[seen], rtol=0.025)
