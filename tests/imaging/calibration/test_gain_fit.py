from typing import Any

import numpy as np
import pytest
from fpxi_imaging.calibration.gain_fit import GainFit, LevelMaps, fit_piecewise, fit_polynomial
from fpxi_imaging.linearity import Piecewise, Polynomial

SHAPE = (50, 60)
TARGETS = (2_000.0, 6_000.0, 12_000.0, 20_000.0, 30_000.0)


def level(response: Any, target: float, error: Any = 10.0, usable: Any = True) -> LevelMaps:
    response = np.asarray(response, np.float64)
    return LevelMaps(
        response,
        np.broadcast_to(np.asarray(error, np.float64), response.shape),
        np.broadcast_to(usable, response.shape),
        np.full(response.shape, target),
    )


def applied(fit: GainFit, response: np.ndarray) -> np.ndarray:
    """Return the values of responses as the correction has them, pixel by pixel."""
    u = response * fit.gain
    if fit.linearity is None:
        return u
    value = np.empty_like(u)
    for at in np.ndindex(u.shape):
        if isinstance(fit.linearity, Polynomial):
            c = fit.linearity.coefficients[:, *at]
            value[at] = u[at] * (1 + sum(c[k] * u[at] ** (k + 1) for k in range(len(c))))
        else:
            lines = fit.linearity
            i = np.count_nonzero(lines.knots[:, *at] <= u[at])
            value[at] = lines.slopes[i, *at] * u[at] + lines.intercepts[i, *at]
    return value


def test_one_level_gives_target_over_response_and_its_relative_error() -> None:
    fit = fit_polynomial([level([[500.0, 1000.0]], 1000.0, [[5.0, 5.0]])], 1)
    np.testing.assert_allclose(fit.gain, [[2, 1]])
    np.testing.assert_allclose(fit.uncertainty, [[0.01, 0.005]])
    assert fit.linearity is None
    assert np.isnan(fit.goodness)


def test_a_line_through_exact_levels_is_found_exactly() -> None:
    slope = np.linspace(0.7, 1.4, 6).reshape(2, 3)
    fit = fit_polynomial([level(t / slope, t) for t in TARGETS], 1)
    np.testing.assert_allclose(fit.gain, slope, rtol=1e-12)


@pytest.mark.parametrize("degree", [2, 3])
def test_a_polynomial_of_known_curvature_is_found_exactly(degree: int) -> None:
    response = np.linspace(1_000, 25_000, 5)[:, None, None] * np.linspace(0.9, 1.1, 6).reshape(2, 3)
    gain, c = np.linspace(0.8, 1.2, 6).reshape(2, 3), (4e-6, 3e-11)[: degree - 1]
    u = gain * response
    value = u * (1 + sum(c[k] * u ** (k + 1) for k in range(len(c))))
    levels = [
        LevelMaps(r, np.full(r.shape, 10.0), np.ones(r.shape, bool), v)
        for r, v in zip(response, value, strict=True)
    ]
    fit = fit_polynomial(levels, degree)
    np.testing.assert_allclose(fit.gain, gain, rtol=1e-8)
    assert isinstance(fit.linearity, Polynomial)
    for power, coefficient in enumerate(c):
        np.testing.assert_allclose(fit.linearity.coefficients[power], coefficient, rtol=1e-4)
    np.testing.assert_allclose(applied(fit, response[2]), value[2], rtol=1e-6)


def test_piecewise_lines_meet_every_level_and_go_on_beyond() -> None:
    responses = [np.full((1, 2), r) for r in (1000.0, 1800.0, 2400.0)]
    fit = fit_piecewise([level(r, t) for r, t in zip(responses, TARGETS[:3], strict=True)])
    for response, target in zip(responses, TARGETS[:3], strict=True):
        np.testing.assert_allclose(applied(fit, response), target, rtol=1e-6)
    np.testing.assert_allclose(applied(fit, np.full((1, 2), 500.0)), 1000, rtol=1e-6)
    np.testing.assert_allclose(applied(fit, np.full((1, 2), -10.0)), -20, rtol=1e-6)
    np.testing.assert_allclose(applied(fit, np.full((1, 2), 2500.0)), 13_000, rtol=1e-6)
    assert isinstance(fit.linearity, Piecewise)
    assert (np.diff(fit.linearity.knots, axis=0) > 0).all()


def test_a_level_at_which_a_pixel_clips_is_not_used_for_it() -> None:
    responses = [np.full((1, 2), r) for r in (1000.0, 2000.0, 2900.0)]
    clipped = np.array([[False, True]])
    levels = [
        level(r, t, usable=~clipped if r[0, 0] > 2500 else True)
        for r, t in zip(responses, (1000.0, 2000.0, 3000.0), strict=True)
    ]
    line = fit_polynomial(levels, 1)
    np.testing.assert_allclose(line.gain[0, 1], 1, rtol=1e-12)
    assert line.gain[0, 0] > 1.01
    pieces = fit_piecewise(levels)
    np.testing.assert_allclose(pieces.gain[0, 1], 1)
    np.testing.assert_allclose(applied(pieces, np.full((1, 2), 2900.0)), [[3000, 2900]], rtol=1e-6)
    assert np.isnan(fit_polynomial(levels, 3).gain[0, 1])
    assert np.isfinite(fit_polynomial(levels, 3).gain[0, 0])


def test_a_pixel_that_does_not_respond_or_does_not_rise_has_no_gain() -> None:
    dead = [level([[0.0, 1000.0 * k]], 1000.0 * k) for k in (1, 2)]
    falling = [level([[900.0 - 10 * k, 1000.0 * k]], 1000.0 * k) for k in (1, 2)]
    for fit in (fit_polynomial(dead, 1), fit_polynomial(dead, 2), fit_piecewise(falling)):
        assert np.isfinite(fit.gain).tolist() == [[False, True]]
        if fit.linearity is not None:
            assert all(not np.isnan(maps).any() for maps in vars(fit.linearity).values())


@pytest.mark.parametrize(("degree", "bend"), [(1, 0.0), (2, 3e-6)])
def test_uncertainty_is_that_of_the_deviations_from_the_truth(degree: int, bend: float) -> None:
    rng = np.random.default_rng(11)
    gain = rng.normal(1, 0.05, SHAPE)
    levels = []
    for target in TARGETS:
        u = target if not bend else (np.sqrt(1 + 4 * bend * target) - 1) / (2 * bend)
        response = u / gain
        sigma = np.sqrt(2 * response / 50)  # photon noise of 50 frames
        levels.append(level(rng.normal(response, sigma), target, sigma))
    fit = fit_polynomial(levels, degree)
    top = TARGETS[-1] if not bend else (np.sqrt(1 + 4 * bend * TARGETS[-1]) - 1) / (2 * bend)
    value = applied(fit, top / gain)
    pull = (value / TARGETS[-1] - 1) / fit.uncertainty
    assert abs(pull.mean()) < 0.07  # 3000 pixels: known to 0.018
    assert 0.95 < pull.std() < 1.05
    assert fit.goodness == pytest.approx(1, abs=0.1)


def test_goodness_shows_that_a_line_does_not_describe_a_curve() -> None:
    u = np.array([(np.sqrt(1 + 4e-5 * t) - 1) / 2e-5 for t in TARGETS])
    levels = [level(np.full((2, 2), each), t) for each, t in zip(u, TARGETS, strict=True)]
    assert fit_polynomial(levels, 1).goodness > 100
    assert fit_polynomial(levels, 2).goodness < 1e-3
