from __future__ import annotations

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.conversion.absorption import Absorption
from fpxi_hwsim.physics.conversion.photon_statistics import (
    FEW_PHOTONS,
    CompoundPoisson,
    absorbed_energy,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

ENERGIES_KEV = np.arange(20.0, 51.0)
WEIGHTS = np.exp(-(((ENERGIES_KEV - 40) / 7) ** 2) / 2)
WEIGHTS /= WEIGHTS.sum()
MEAN = WEIGHTS @ ENERGIES_KEV
MEAN_SQUARE = WEIGHTS @ ENERGIES_KEV**2
CHANCE = 1e-4
"""with which a right test may fail under another seed"""


def uniform(photons: float, mean=MEAN, mean_square=MEAN_SQUARE, shape=(256, 256)) -> Absorption:
    ones = np.ones(shape)
    return Absorption(
        *((photons * each * ones).astype(np.float32) for each in (1, mean, mean_square))
    )


def exact(photons: float, size: int, random) -> np.ndarray:
    """Sum one by one; of less than ten photons the shape of a single one's line shows: a gamma."""
    counts = random.poisson(photons, size)
    if photons < 10:
        c = MEAN_SQUARE / MEAN**2 - 1
        energies = random.gamma(1 / c, MEAN * c, counts.sum())
    else:
        energies = random.choice(ENERGIES_KEV, counts.sum(), p=WEIGHTS)
    return np.bincount(np.repeat(np.arange(size), counts), energies, size)


@pytest.mark.parametrize(
    "photons", [0.1, 1, 10, FEW_PHOTONS - 1, FEW_PHOTONS + 1, 63, 65, 1e3, 1e6]
)
@pytest.mark.parametrize("excess", [0.0, 0.3])
def test_mean_variance_and_third_cumulant_are_those_of_a_compound_poisson_variable(photons, excess):
    random = np.random.default_rng(int(photons * 10))
    energy = absorbed_energy(uniform(photons, shape=(1000, 512)), 1.0, excess=excess).draw(random)
    c = MEAN_SQUARE * (1 + excess) / MEAN**2 - 1
    expected = (
        photons * MEAN,
        photons * MEAN**2 * (1 + c),
        photons * MEAN**3 * (1 + c) * (1 + 2 * c),
    )
    blocks = energy.astype(np.float64).reshape(500, -1)
    centred = blocks - expected[0]
    found = (blocks, centred**2, centred**3)
    for estimate, truth in zip(found, expected, strict=True):
        means = estimate.mean(axis=1)
        score = (means.mean() - truth) / (means.std(ddof=1) / np.sqrt(len(means)))
        assert abs(score) < stats.norm.isf(CHANCE / 2)


@pytest.mark.parametrize("photons", [0.1, 1, 10, FEW_PHOTONS - 1, FEW_PHOTONS + 1, 63, 65])
def test_energies_are_distributed_as_the_sum_over_single_photons(photons):
    random = np.random.default_rng(2)
    drawn = absorbed_energy(uniform(photons, shape=(128, 256)), 1.0).draw(random).ravel()
    assert stats.ks_2samp(drawn, exact(photons, drawn.size, random)).pvalue > CHANCE


@pytest.mark.parametrize("photons", [1e4, 1e6])
def test_many_photons_are_normal_about_their_mean(photons):
    drawn = (
        absorbed_energy(uniform(photons), 1.0)
        .draw(np.random.default_rng(3))
        .ravel()
        .astype(np.float64)
    )
    score = (drawn - photons * MEAN) / np.sqrt(photons * MEAN_SQUARE)
    assert stats.kstest(score, "norm").pvalue > CHANCE


@pytest.mark.parametrize("photons", [0.1, 1, 10, FEW_PHOTONS - 1])
def test_photons_of_one_energy_are_counted_by_poisson(photons):
    absorption = uniform(photons, mean=30.0, mean_square=900.0)
    counts = absorbed_energy(absorption, 1.0).draw(np.random.default_rng(4)) / 30
    np.testing.assert_allclose(counts, np.rint(counts), rtol=1e-6)
    last = int(stats.poisson.isf(10 / counts.size, photons))
    first = int(stats.poisson.ppf(10 / counts.size, photons))
    found = np.bincount(np.clip(np.rint(counts).astype(int).ravel(), first, last) - first)
    below = stats.poisson.cdf(np.arange(first, last), photons)
    expected = counts.size * np.diff(below, prepend=0, append=1)
    assert stats.chisquare(found, expected).pvalue > CHANCE


@pytest.mark.parametrize("photons", [5, 200])
def test_the_signal_to_noise_ratio_squared_is_the_photons_times_the_swank_factor(photons):
    energy = (
        absorbed_energy(uniform(photons), 1.0).draw(np.random.default_rng(5)).astype(np.float64)
    )
    swank = MEAN**2 / MEAN_SQUARE
    error = 4 * np.sqrt(2 / energy.size + 4 / (photons * energy.size))
    assert energy.mean() ** 2 / energy.var() / photons == pytest.approx(swank, rel=error)


def test_few_and_many_photons_lie_side_by_side():
    photons = np.tile(np.array([0, 2, 500, 31.9, 32.1, 0.01, 64, 1e5], np.float32), (4096, 1))
    absorption = Absorption(photons, photons * 40, photons * 1700)
    energy = absorbed_energy(absorption, 1.0).draw(np.random.default_rng(6)).astype(np.float64)
    expected = photons[0].astype(np.float64)
    error = 4 * np.sqrt(expected * 1700 / len(energy))
    assert (abs(energy.mean(axis=0) - expected * 40) <= error).all()
    assert not energy[:, 0].any()


def test_each_row_has_the_dose_of_its_own_window():
    dose = np.array([[0.0], [1.0], [1e3]], np.float32)
    energy = absorbed_energy(uniform(100.0, shape=(3, 4096)), dose).draw(np.random.default_rng(7))
    np.testing.assert_allclose(energy.mean(axis=1), 100 * MEAN * dose[:, 0], rtol=0.01)


def test_without_a_beam_nothing_is_absorbed():
    assert not absorbed_energy(uniform(100.0), 0.0).draw(np.random.default_rng(8)).any()


def test_the_same_stream_draws_the_same_energies():
    first, again = (
        absorbed_energy(uniform(20.0), 1.0).draw(np.random.default_rng(9)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.float32


@settings(max_examples=60, deadline=None)
@given(
    photons=st.floats(0, 1e7),
    mean=st.floats(1, 150),
    relative_variance=st.floats(0, 2),
    excess=st.floats(0, 2),
    dose=st.floats(0, 10),
    seed=st.integers(0, 2**32),
)
def test_no_energy_is_negative(photons, mean, relative_variance, excess, dose, seed):
    absorption = uniform(photons, mean, mean**2 * (1 + relative_variance), shape=(16, 16))
    energy = absorbed_energy(absorption, dose, excess=excess).draw(np.random.default_rng(seed))
    assert np.isfinite(energy).all()
    assert (energy >= 0).all()


class Extreme:
    """A generator whose normal numbers lie beyond all that numpy draws in float32."""

    def standard_normal(self, shape, dtype):
        return np.full(shape, -8.5, dtype)


def test_not_even_the_rarest_draw_just_above_the_border_is_negative():
    expected = np.full((2, 2), FEW_PHOTONS + 0.5, np.float32)
    sums = CompoundPoisson(expected, np.ones_like(expected), np.zeros_like(expected))
    assert (sums.draw(Extreme()) == 0).all()


@pytest.mark.parametrize("photons", [5.0, 500.0])
def test_a_distribution_can_be_drawn_from_again_and_again(photons):
    absorption = uniform(photons, shape=(64, 64))
    energy = absorbed_energy(absorption, 1.0, excess=0.1)
    random, again = np.random.default_rng(10), np.random.default_rng(10)
    for _ in range(3):
        expected = absorbed_energy(absorption, 1.0, excess=0.1).draw(again)
        np.testing.assert_array_equal(energy.draw(random), expected)


@pytest.mark.parametrize("dose", [-1e-9, np.nan, np.inf])
def test_an_impossible_dose_is_refused(dose):
    with pytest.raises(UnphysicalError, match="dose_Gy"):
        absorbed_energy(uniform(1.0), dose).draw(np.random.default_rng(0))


def test_a_negative_excess_is_refused():
    with pytest.raises(UnphysicalError, match="excess"):
        absorbed_energy(uniform(1.0), 1.0, excess=-0.1)


def test_moments_follow_from_the_sums_and_are_zero_where_nothing_arrives():
    photons = np.array([[0, 10]], np.float32)
    absorption = Absorption(photons, photons * 40, photons * 1700)
    np.testing.assert_allclose(absorption.mean_keV, [[0, 40]])
    np.testing.assert_allclose(absorption.variance_keV2, [[0, 100]], rtol=1e-4)


def test_a_change_of_intensity_keeps_the_energies_moments():
    absorption = uniform(10.0, shape=(2, 2)).mapped(lambda each: each * np.float32(0.5))
    np.testing.assert_allclose(absorption.photons_per_Gy, 5)
    np.testing.assert_allclose(absorption.mean_keV, MEAN, rtol=1e-6)


@pytest.mark.parametrize("relative_variance", [0.9, 1.1, 5.0, 10.0])
@pytest.mark.parametrize("photons", [0.5, 5.0])
def test_quanta_of_any_spread_keep_their_mean_and_variance(photons, relative_variance):
    absorption = uniform(photons, 30.0, 30.0**2 * (1 + relative_variance), shape=(1000, 1024))
    energy = (
        absorbed_energy(absorption, 1.0).draw(np.random.default_rng(11)).astype(np.float64) / 30
    )
    variance = photons * (1 + relative_variance)
    assert abs(energy.mean() - photons) < 5 * np.sqrt(variance / energy.size)
    assert energy.var() == pytest.approx(variance, rel=0.02)
