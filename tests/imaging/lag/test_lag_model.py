from __future__ import annotations

import math

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.lag.ghosting import Ghosting
from fpxi_imaging.lag.model import decay, decay_slope
from trap_panel import lag_model


def test_the_first_frame_averages_the_decay_over_its_window() -> None:
    model = lag_model((0.02, 0.01), (0.01, 1.0))
    moments = (np.arange(10_000) + 0.5) * 1e-6
    expected = np.mean(0.02 * np.exp(-moments / 0.01) + 0.01 * np.exp(-moments))
    assert model.first_frame(0.01) == pytest.approx(expected, rel=1e-6)


def test_a_short_exposure_fills_slow_traps_in_part() -> None:
    model = lag_model((0.01,), (2.0,))
    assert model.signal(0.5, 0.0, exposure_s=1.0) == pytest.approx(
        0.01 * (1 - math.exp(-0.5)) * math.exp(-0.25)
    )


def test_the_lag_after_one_minute_is_not_told_beyond_the_frames() -> None:
    assert lag_model((0.01,), (20.0,), last_s=59.0).after_one_minute is None
    covered = lag_model((0.01,), (20.0,), last_s=60.0)
    assert covered.after_one_minute == pytest.approx(0.01 * math.exp(-3))


def test_the_uncertainty_follows_from_the_covariance() -> None:
    covariance = np.diag([1e-6, 4e-2])
    model = lag_model((0.02,), (2.0,), covariance=covariance)
    step = 1e-5
    slope = (
        lag_model((0.02,), (2.0 + step,)).signal(0.3, 0.1)
        - lag_model((0.02,), (2.0 - step,)).signal(0.3, 0.1)
    ) / (2 * step)
    share = model.signal(0.3, 0.1) / 0.02
    assert model.uncertainty(0.3, 0.1) == pytest.approx(math.hypot(share * 1e-3, slope * 0.2))
    assert model.fraction_uncertainties == pytest.approx((1e-3,))
    assert model.time_constant_uncertainties_s == pytest.approx((0.2,))


@pytest.mark.parametrize("window_s", [0.0, 0.05])
def test_the_slope_is_the_decay_differentiated(window_s: float) -> None:
    step = 1e-6
    difference = decay(0.2, window_s, 0.5 + step) - decay(0.2, window_s, 0.5 - step)
    assert decay_slope(0.2, window_s, 0.5) == pytest.approx(difference / (2 * step), rel=1e-6)


def test_a_part_has_its_own_pixels() -> None:
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    model = lag_model((0.02,), (1.0,), multiplier=pixels, ghosting=Ghosting(0.1, 0.01, pixels))
    part = model.part(np.s_[1:, :2])
    np.testing.assert_array_equal(part.multiplier, pixels[1:, :2])
    assert part.ghosting is not None
    np.testing.assert_array_equal(part.ghosting.map, pixels[1:, :2])


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("fractions", {"fractions": (0.6, 0.4)}),
        ("fractions", {"fractions": (-0.1, 0.4)}),
        ("time_constants_s", {"time_constants_s": (2.0, 1.0)}),
        ("time_constants_s", {"time_constants_s": (0.0, 1.0)}),
        ("time_constants_s", {"time_constants_s": (1.0, math.nan)}),
        ("exposure_s", {"exposure_s": 0.0}),
        ("multiplier", {"multiplier": np.full((2, 2), -0.1)}),
        ("multiplier", {"multiplier": np.full((2, 2), np.nan)}),
        ("multiplier", {"multiplier": np.full((2, 2), 34.0)}),
    ],
)
def test_values_that_no_panel_has_are_refused(name: str, changes: dict[str, object]) -> None:
    values: dict[str, object] = {"fractions": (0.02, 0.01), "time_constants_s": (1.0, 2.0)}
    with pytest.raises(im.SettingError, match=name):
        lag_model(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes", [{"time_constants_s": (1.0,)}, {"covariance": np.zeros((2, 2))}]
)
def test_numbers_of_components_must_agree(changes: dict[str, object]) -> None:
    values: dict[str, object] = {"fractions": (0.02, 0.01), "time_constants_s": (1.0, 2.0)}
    with pytest.raises(im.ShapeMismatchError):
        lag_model(**(values | changes))  # type: ignore[arg-type]
