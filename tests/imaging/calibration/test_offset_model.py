from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.calibration.offset_model import fit_offset_model

TAKEN = datetime(2026, 3, 4, tzinfo=UTC)
SHAPE = (60, 70)
EXPOSURES_US = (5_000, 10_000, 20_000, 40_000)
MakeDark = Callable[..., im.DarkMap]


@pytest.fixture(scope="module")
def make_dark(conditions: im.Conditions) -> MakeDark:
    """Return a factory of darks, of mean and noise given in counts, of 25 frames."""

    def make(
        mean: Any, exposure_us: int = 10_000, noise: Any = 2.0, age_s: float = 0, **at: Any
    ) -> im.DarkMap:
        mean = np.broadcast_to(mean, np.shape(mean) or (4, 5))
        return im.DarkMap(
            mean=mean,
            noise=np.broadcast_to(noise, mean.shape),
            frames=25,
            conditions=replace(conditions, exposure_us=exposure_us, **at),
            taken=TAKEN - timedelta(seconds=age_s),
        )

    return make


def test_a_line_is_found_exactly(make_dark: MakeDark) -> None:
    bias, rate = np.linspace(90, 110, 20).reshape(4, 5), np.linspace(0, 3000, 20).reshape(4, 5)
    model = fit_offset_model([make_dark(bias + rate * t * 1e-6, t) for t in EXPOSURES_US])
    np.testing.assert_allclose(model.bias, bias, rtol=1e-6)
    np.testing.assert_allclose(model.rate, rate, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(model.at(15_000), bias + rate * 15e-3, rtol=1e-6)
    assert model.exposures_us == EXPOSURES_US
    assert model.goodness < 1e-3


def test_two_exposures_give_the_line_through_them_and_no_goodness(make_dark: MakeDark) -> None:
    model = fit_offset_model([make_dark(120.0, 20_000), make_dark(110.0, 10_000)])
    np.testing.assert_allclose(model.bias, 100)
    np.testing.assert_allclose(model.rate, 1000)
    assert np.isnan(model.goodness)
    # From a line through two points of standard error 2 / sqrt(25) = 0.4.
    np.testing.assert_allclose(model.uncertainty_at(10_000), 0.4, rtol=1e-6)
    np.testing.assert_allclose(model.uncertainty_at(15_000), 0.4 / np.sqrt(2), rtol=1e-6)
    np.testing.assert_allclose(model.bias_uncertainty, 0.4 * np.sqrt(2**2 + 1), rtol=1e-6)
    np.testing.assert_allclose(model.rate_uncertainty, 0.4 * np.sqrt(2) / 10e-3, rtol=1e-6)


@pytest.fixture(scope="module")
def noisy(make_dark: MakeDark) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a model of darks whose noise grows with the exposure, and the truth."""
    rng = np.random.default_rng(7)
    bias, rate = rng.normal(300, 20, SHAPE), rng.normal(2000, 300, SHAPE)
    darks = []
    for exposure_us in EXPOSURES_US:
        sigma = 2 + exposure_us / 10_000
        frames = rng.normal(bias + rate * exposure_us * 1e-6, sigma, (25, *SHAPE))
        darks.append(make_dark(frames.mean(axis=0), exposure_us, frames.std(axis=0, ddof=1)))
    return fit_offset_model(darks), bias, rate


def test_uncertainties_are_those_of_the_deviations_from_the_truth(noisy: Any) -> None:
    model, bias, rate = noisy
    pulls = [
        (model.bias - bias) / model.bias_uncertainty,
        (model.rate - rate) / model.rate_uncertainty,
        (model.at(15_000) - bias - rate * 15e-3) / model.uncertainty_at(15_000),
    ]
    for pull in pulls:  # 4200 pixels: the mean to 0.015, the spread to 0.011 (and t's tails)
        assert abs(pull.mean()) < 0.06
        assert 0.95 < pull.std() < 1.09


def test_goodness_is_one_where_the_line_holds_and_more_where_it_does_not(
    noisy: Any, make_dark: MakeDark
) -> None:
    assert noisy[0].goodness == pytest.approx(1, abs=0.1)
    bent = [make_dark(100 + 1e3 * t * 1e-6 + (t / 10_000) ** 2, t) for t in EXPOSURES_US]
    model = fit_offset_model(bent)
    assert model.goodness > 3
    assert model.residual > 0.5
