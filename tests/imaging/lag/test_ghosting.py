from __future__ import annotations

from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.lag.errors import NothingToCompareError
from fpxi_imaging.lag.ghosting import measure_ghosting

SHAPE = (40, 50)
GOOD = np.ones(SHAPE, bool)


def measure(before: Any, after: Any, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "good": GOOD,
        "before_uncertainty": np.zeros(SHAPE),
        "after_uncertainty": np.zeros(SHAPE),
    }
    return measure_ghosting(before, after, **(values | changes))


def test_the_change_of_the_response_is_found_within_its_uncertainty() -> None:
    random = np.random.default_rng(5)
    truth = random.uniform(500, 1500, SHAPE)
    errors = []
    for _ in range(40):
        before = truth + random.normal(0, 10, SHAPE)
        after = truth * 0.97 * 2 + random.normal(0, 10, SHAPE)
        found = measure(
            before,
            after,
            dose_ratio=2.0,
            before_uncertainty=np.full(SHAPE, 10.0),
            after_uncertainty=np.full(SHAPE, 10.0),
        )
        errors.append((found.change + 0.03) / found.uncertainty)
    assert np.std(errors) == pytest.approx(1.0, abs=0.35)
    assert abs(np.mean(errors)) < 0.6


def test_each_pixel_has_its_own_change_and_dark_ones_none() -> None:
    before, after = np.full(SHAPE, 100.0), np.full(SHAPE, 90.0)
    after[3, 4], before[1, 1] = 120.0, 0.0
    found = measure(before, after)
    assert found.map[3, 4] == pytest.approx(0.2)
    assert np.isnan(found.map[1, 1])
    assert found.change == pytest.approx(-0.1)


def test_the_doses_uncertainty_counts() -> None:
    found = measure(np.full(SHAPE, 100.0), np.full(SHAPE, 90.0), dose_uncertainty=0.02)
    assert found.uncertainty == pytest.approx(0.018)


def test_flats_that_are_dark_are_refused() -> None:
    with pytest.raises(NothingToCompareError, match="above the dark"):
        measure(np.full(SHAPE, 100.0), np.full(SHAPE, -1.0))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"dose_ratio": 0.0}, im.SettingError),
        ({"dose_uncertainty": -0.1}, im.SettingError),
        ({"good": GOOD[1:]}, im.ShapeMismatchError),
    ],
)
def test_settings_are_checked(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        measure(np.full(SHAPE, 100.0), np.full(SHAPE, 90.0), **changes)
