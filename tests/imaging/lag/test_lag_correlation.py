from __future__ import annotations

import numpy as np
import pytest
from fpxi_imaging.lag._correlation import autocorrelation, correlated_product


def test_independent_frames_each_count() -> None:
    random = np.random.default_rng(1)
    series = random.normal(size=(200, 400))
    steady = np.ones((400, 1))
    repeated = [correlated_product(steady, autocorrelation(each)).item() / 400 for each in series]
    assert np.mean(repeated) == pytest.approx(1.0, abs=0.15)


def test_frames_that_follow_each_other_count_as_the_variance_of_their_mean_says() -> None:
    factor, frames = 0.8, 4000
    random = np.random.default_rng(1)
    values = random.normal(size=(50, frames))
    for index in range(1, frames):
        values[:, index] += factor * values[:, index - 1]
    steady, once = np.ones((frames, 1)), np.eye(frames)[:, :1]
    repeated = [correlated_product(steady, autocorrelation(each)).item() for each in values]
    assert np.mean(repeated) / frames == pytest.approx((1 + factor) / (1 - factor), rel=0.2)
    assert correlated_product(once, autocorrelation(values[0])).item() == 1.0


def test_frames_without_residuals_are_taken_as_independent() -> None:
    assert autocorrelation(np.zeros(20)).tolist() == [1.0]


def test_no_sum_of_columns_has_a_negative_variance() -> None:
    random = np.random.default_rng(2)
    columns = random.normal(size=(30, 6))
    for residuals in np.cumsum(random.normal(size=(50, 30)), axis=1):
        product = correlated_product(columns, autocorrelation(residuals))
        np.testing.assert_allclose(product, product.T)
        assert np.linalg.eigvalsh(product).min() > -1e-9
