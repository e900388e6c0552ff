from __future__ import annotations

import fpxi_imaging as im
import numpy as np
import pytest


def trace(frames: int = 4) -> im.LagTrace:
    times_s = 0.005 + 0.02 * np.arange(frames)
    uncertainty = np.full(frames, 1e-3)
    uncertainty[-1] = 2e-3
    return im.LagTrace(times_s, 0.1 / (1 + times_s), uncertainty, times_s, -times_s)


def test_neighbouring_frames_are_averaged_by_their_uncertainties() -> None:
    many = trace(300)
    few = many.grouped(8)
    assert few.times_s.size < 35
    assert few.times_s[0] == many.times_s[0]
    last = many.times_s >= many.times_s[0] * 10 ** (np.floor(8 * np.log10(5.985 / 0.005)) / 8)
    weights = many.uncertainty[last] ** -2
    assert few.measured[-1] == pytest.approx(np.average(many.measured[last], weights=weights))
    assert few.dark_level[-1] == pytest.approx(-np.average(many.times_s[last], weights=weights))
    assert few.uncertainty[-1] == pytest.approx(weights.sum() ** -0.5)


def test_a_trace_keeps_arrays_of_its_own_that_nothing_can_change() -> None:
    given = np.arange(1.0, 4.0)
    kept = im.LagTrace(given, given, given, given, given)
    given[0] = 7.0
    assert kept.measured[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        kept.measured[0] = 2.0


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((4, 1)), np.float64(0.0)])
def test_columns_of_different_lengths_are_refused(wrong: np.ndarray) -> None:
    right = np.ones(4)
    with pytest.raises(im.ShapeMismatchError, match="fitted"):
        im.LagTrace(right, right, right, wrong, right)
