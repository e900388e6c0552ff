"""The estimators find what was put into arrays made by hand; no simulator is involved."""

import numpy as np
import pytest
import textbook as tb
from scipy.special import erf
from textbook_edge import transfer_function


def test_a_line_and_its_errors_are_found():
    random = np.random.default_rng(1)
    x = np.linspace(0, 10, 50)
    fits = [tb.fit_line(x, 3 + 2 * x + random.normal(0, 0.5, x.size)) for _ in range(400)]
    slopes = np.array([fit.slope for fit in fits])
    intercepts = np.array([fit.intercept for fit in fits])
    assert slopes.mean() == pytest.approx(2, abs=4 * slopes.std() / 20)
    assert np.mean([fit.slope_error for fit in fits]) == pytest.approx(slopes.std(), rel=0.15)
    assert np.mean([fit.intercept_error for fit in fits]) == pytest.approx(
        intercepts.std(), rel=0.15
    )


def test_counts_become_a_current():
    current = tb.current_pA(5000, fC_per_count=0.1, integration_s=0.05)
    assert current == pytest.approx(10)  # 500 fC in 50 ms


def test_sensitivity_is_charge_for_each_gray_and_area():
    rates = np.array([1e-6, 2e-6, 3e-6])
    current_pA = 13700e-6 * rates * 4e-4 * 1e12 + 7
    assert tb.sensitivity_uC_Gy_cm2(rates, current_pA, 4e-4).slope == pytest.approx(13700)


def test_signal_to_noise_of_samples():
    random = np.random.default_rng(2)
    dark = random.normal(100, 1, (200, 64, 64))
    signal = random.normal(112, 4, (200, 64, 64))
    assert tb.signal_to_noise(signal, dark) == pytest.approx(3, rel=0.01)


def test_limit_of_detection_lies_where_the_ratio_is_three():
    rates = np.array([10.0, 20.0, 40.0, 80.0])
    assert tb.limit_of_detection(rates, 0.1 * rates) == pytest.approx(30)


def test_a_limit_that_was_not_reached_is_refused():
    with pytest.raises(ValueError, match="nothing crosses"):
        tb.limit_of_detection([1.0, 2.0], [4.0, 5.0])


def test_quanta_of_a_poisson_process_on_a_drifting_uneven_panel():
    random = np.random.default_rng(3)
    drift = np.linspace(1, 1.02, 100)[:, None, None]
    gain = random.uniform(4, 6, (64, 64))
    dark = random.normal(500, 20, (100, 64, 64))
    lit = gain * random.poisson(400 * drift, (100, 64, 64)) + random.normal(500, 20, (100, 64, 64))
    assert 1 / np.mean(1 / tb.quanta(lit, dark)) == pytest.approx(404, rel=0.01)


def test_linear_range_ends_where_the_response_leaves_the_line():
    rates = np.logspace(-2, 4, 61)
    signal = rates / (1 + (0.01 / rates) ** 2) / (1 + (rates / 10000) ** 2)
    found = tb.linear_range(rates, signal, deviation=0.1)
    assert found.lowest == pytest.approx(0.03, rel=0.03)
    assert found.highest == pytest.approx(3333, rel=0.03)
    assert found.decibels == pytest.approx(20 * np.log10(3333 / 0.03), abs=0.2)


def test_activation_energy():
    kelvin = np.linspace(290, 340, 9)
    sigma = 3e5 / kelvin * np.exp(-0.984 / (tb.BOLTZMANN_EV_K * kelvin))
    assert tb.activation_energy_eV(kelvin, sigma).slope == pytest.approx(0.984)


def test_spectrum_of_white_noise():
    random = np.random.default_rng(4)
    spectrum = tb.noise_spectrum(random.normal(0, 2, 65536), 100.0, 1024)
    assert spectrum.at(10) == pytest.approx(2 / 50**0.5, rel=0.02)
    assert spectrum.power_slope.slope == pytest.approx(0, abs=0.05)


def test_spectrum_of_one_over_f_noise():
    random = np.random.default_rng(5)
    size, rate = 2**18, 100.0
    hertz = np.fft.rfftfreq(size, 1 / rate)
    amplitude = np.zeros(hertz.size)
    amplitude[1:] = (3.0**2 / hertz[1:] * size * rate / 2) ** 0.5
    phases = np.exp(2j * np.pi * random.random(hertz.size))
    samples = np.fft.irfft(amplitude * phases, size)
    spectrum = tb.noise_spectrum(samples, rate, 4096)
    assert spectrum.power_slope.slope == pytest.approx(-1, abs=0.02)
    assert spectrum.at(1.0) == pytest.approx(3, rel=0.03)


def test_what_remains_after_the_beam():
    assert tb.remaining([60.0, 20.0], lit=110, dark=10) == pytest.approx([0.5, 0.1])


def blurred_edge(degrees: float, sigma: float, shift: float = 0.0, size: int = 64, fine: int = 16):
    """An edge behind a Gaussian blur and square pixels, all in pixels."""
    y, x = (np.indices((size * fine, size * fine)) + 0.5) / fine - size / 2
    angle = np.deg2rad(degrees)
    across = (x - shift) * np.cos(angle) - y * np.sin(angle)
    spread = 0.5 * (1 + erf(across / (sigma * 2**0.5)))
    return spread.reshape(size, fine, size, fine).mean(axis=(1, 3))


@pytest.mark.parametrize("degrees", [3, 5])
@pytest.mark.parametrize("sigma", [0.228, 0.5])
def test_transfer_of_pixel_and_blur(degrees: float, sigma: float):
    found = transfer_function(blurred_edge(degrees, sigma))
    cycles = found.cycles_per_pixel
    truth = np.sinc(cycles) * np.exp(-2 * (np.pi * sigma * cycles) ** 2)
    below = cycles < 0.75
    np.testing.assert_allclose(found.modulation[below], truth[below], atol=0.003)
    assert found.frequency_at(0.2) == pytest.approx(tb.crossing(cycles, truth, 0.2), rel=0.002)


def test_transfer_of_a_small_array_by_several_images():
    images = [blurred_edge(10, 0.3, shift, size=11)[2:9] for shift in np.linspace(-1, 1, 17)]
    found = transfer_function(images, half_width_pixels=3, reach_pixels=2)
    truth = np.sinc(found.cycles_per_pixel) * np.exp(
        -2 * (np.pi * 0.3 * found.cycles_per_pixel) ** 2
    )
    below = found.cycles_per_pixel < 0.7
    np.testing.assert_allclose(found.modulation[below], truth[below], atol=0.02)


def test_pixels_that_are_no_number_are_left_out():
    image = blurred_edge(4, 0.3)
    holed = image.copy()
    holed[::7, ::5] = np.nan
    assert transfer_function(holed).frequency_at(0.2) == pytest.approx(
        transfer_function(image).frequency_at(0.2), rel=0.01
    )


def test_an_edge_along_the_pixels_is_refused():
    with pytest.raises(ValueError, match="tilt the edge"):
        transfer_function(blurred_edge(0, 0.3))
