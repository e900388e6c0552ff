"""Flicker of the dark current: its law over windows and gaps, its spectrum, its limits."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.film.film_noise import FilmNoise, Flicker, _spread_of_mean
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import welch

NOISE = FilmNoise(strength=1e-6, lowest_Hz=1e-3, highest_Hz=1e3)


def _random(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


class _UnitDraws(np.random.Generator):
    """Draws the unit vectors one after the other: what is made of them shows its coefficients."""

    def __init__(self) -> None:
        super().__init__(np.random.Philox(0))
        self._number = 0

    def standard_normal(  # type: ignore[override]
        self, size: tuple[int, int], dtype: npt.DTypeLike
    ) -> npt.NDArray[np.float32]:
        drawn = np.zeros(size, np.float32)
        drawn[0, self._number] = 1.0
        self._number += 1
        return drawn


def test_scans_of_any_length_and_gap_have_the_covariance_of_the_processes() -> None:
    gaps = np.array([0.0, 0.02, 3.0, 1e-6, 40.0, 0.0, 0.0, 1e-3, 200.0, 0.0])
    windows = np.array([0.01, 1e-5, 0.5, 30.0, 1e-4, 1e-3, 1e-3, 1e-3, 1e3, 0.1])
    flicker = Flicker(NOISE, (1, len(gaps)))
    random = _UnitDraws()
    made = np.array(
        [flicker.mean(g, w, random)[0] for g, w in zip(gaps, windows, strict=True)], np.float64
    )
    begins = np.cumsum(gaps) + np.concatenate([[0.0], np.cumsum(windows)[:-1]])
    taus = NOISE.time_constants_s
    expected = np.zeros((len(gaps), len(gaps)))
    for i, j in np.ndindex(*expected.shape):
        if i == j:
            u = windows[i] / taus
            small = 1.0 - u / 3.0 + u**2 / 12.0
            shape = np.where(u < 1e-4, small, 2.0 * (u - 1.0 + np.exp(-u)) / u**2)
        else:
            first, second = sorted((i, j))
            between = begins[second] - begins[first] - windows[first]
            means = [-np.expm1(-windows[k] / taus) / (windows[k] / taus) for k in (i, j)]
            shape = np.exp(-between / taus) * means[0] * means[1]
        expected[i, j] = NOISE.variance / len(taus) * shape.sum()
    np.testing.assert_allclose(made @ made.T, expected, rtol=1e-5, atol=1e-7 * NOISE.variance)


def test_the_variance_within_a_window_is_the_closed_form_s_at_any_length() -> None:
    steps = np.geomspace(1e-9, 1e3, 61)
    expected = []
    with localcontext() as context:
        context.prec = 60
        for u in map(Decimal, steps.tolist()):
            left = (-u).exp()
            expected.append(float(2 * (u - 1 + left) / u**2 - ((1 - left) / u) ** 2))
    np.testing.assert_allclose(_spread_of_mean(steps), expected, rtol=1e-8)


def test_the_spectrum_is_k_over_f_in_slope_and_level() -> None:
    frame_s, frames, pixels = 0.02, 4096, 128
    flicker = Flicker(NOISE, (8, 16))
    random = _random(11)
    series = np.array([flicker.mean(0.0, frame_s, random).ravel() for _ in range(frames)])
    hertz, density = welch(series, fs=1.0 / frame_s, nperseg=1024, axis=0, detrend="constant")
    band = (hertz > 0.3) & (hertz < 5.0)
    level = (density.mean(axis=1) * hertz)[band] / NOISE.strength
    segments = 2 * frames // 1024 * pixels / 1.9  # overlapping Hann segments are not independent
    error = 1.0 / math.sqrt(segments)
    ripple = 0.06
    assert np.all(np.abs(level - 1.0) < ripple + 4.5 * error)
    slope = np.polyfit(np.log(hertz[band]), np.log(density.mean(axis=1)[band]), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.03)


def test_the_processes_make_k_over_f_well_inside_the_limits() -> None:
    taus = NOISE.time_constants_s[:, None]
    hertz = np.geomspace(1e-2, 1e2, 200)
    each = NOISE.variance / len(taus) * 4.0 * taus / (1.0 + (2.0 * np.pi * hertz * taus) ** 2)
    np.testing.assert_allclose(each.sum(axis=0) * hertz / NOISE.strength, 1.0, atol=0.11)


def test_the_same_stream_gives_the_same_fluctuations() -> None:
    first, second = (Flicker(NOISE, (4, 4)).mean(0.1, 0.1, _random(1)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@given(
    st.floats(1e-9, 1e3),
    st.floats(1.001, 1e9),
    st.lists(st.tuples(st.just(0.0) | st.floats(1e-6, 1e6), st.floats(1e-6, 1e6)), max_size=8),
)
def test_every_legal_noise_stays_finite_and_within_its_variance(
    lowest_Hz: float, ratio: float, scans: list[tuple[float, float]]
) -> None:
    noise = FilmNoise(1e-6, lowest_Hz, min(lowest_Hz * ratio, 1e9))
    flicker = Flicker(noise, (4, 4))
    random = _random(5)
    for gap_s, window_s in scans:
        mean = flicker.mean(gap_s, window_s, random)
        assert np.all(np.abs(mean) < 7.0 * math.sqrt(noise.variance))


def test_many_short_and_very_long_frames_stay_finite() -> None:
    flicker = Flicker(NOISE, (1, 1))
    random = _random(1)
    for _ in range(3000):
        flicker.mean(0.0, 1e-6, random)
    wide = Flicker(NOISE, (1, 1))
    for _ in range(2):
        wide.mean(0.0, 1e6, random)
    assert np.isfinite(flicker.mean(0.0, 1e-6, random)).all()
    assert np.isfinite(wide.mean(0.0, 1e-6, random)).all()


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"strength": -1e-9}, "strength"),
        ({"strength": 1e-2}, "variance of the dark current"),
        ({"strength": math.nan}, "strength"),
        ({"lowest_Hz": 0.0}, "lowest_Hz"),
        ({"highest_Hz": 1e-4}, "highest_Hz"),
        ({"highest_Hz": 1e10}, "highest_Hz"),
    ],
)
def test_unphysical_parameters_are_refused_by_name(settings: dict[str, float], name: str) -> None:
    with pytest.raises(UnphysicalError, match=name):
        FilmNoise(**settings)
