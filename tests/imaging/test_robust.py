import math
from statistics import NormalDist

import numpy as np
import pytest
from fpxi_imaging.robust import known_median, robust_sigma

# One departure at the middle of each of 4001 equally likely parts of a normal distribution.
PARTS = 4001
NORMAL = np.array([NormalDist(sigma=7.0).inv_cdf((part + 0.5) / PARTS) for part in range(PARTS)])


def test_the_scatter_of_normal_departures_is_their_standard_deviation() -> None:
    assert robust_sigma(NORMAL) == pytest.approx(7.0, rel=1e-3)
    assert robust_sigma(NORMAL.reshape(-1, 1)) == robust_sigma(NORMAL)


def test_a_few_outliers_of_any_size_hardly_change_it() -> None:
    departures = NORMAL.copy()
    departures[:: PARTS // 40] = 1e9
    assert robust_sigma(departures) == pytest.approx(7.0, rel=0.05)


def test_departures_count_from_zero_and_not_from_their_median() -> None:
    assert robust_sigma(np.full(5, -2.0)) == pytest.approx(2 * 1.4826)


def test_without_departures_or_with_an_unknown_one_it_is_unknown() -> None:
    assert math.isnan(robust_sigma(np.empty(0)))
    assert math.isnan(robust_sigma(np.array([1.0, np.nan, 2.0])))


def test_the_median_is_of_known_values_in_the_mask() -> None:
    image = np.array([[1.0, np.nan, 3.0], [8.0, np.inf, 100.0]])
    mask = np.array([[True, True, True], [True, True, False]])
    assert known_median(image, mask) == 3.0


def test_without_any_known_value_the_median_is_what_is_said() -> None:
    image, mask = np.array([[1.0, np.nan]]), np.array([[False, True]])
    assert math.isnan(known_median(image, mask))
    assert known_median(image, mask, unknown=0.5) == 0.5
