import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging import PixelFlag
from fpxi_imaging.levels import NO_LEVELS
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

images = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
)
NO_FLAGS = np.zeros((64, 64), np.uint8)


def good_pixels(values: np.ndarray, flags: np.ndarray) -> np.ndarray:
    unflagged = (flags == 0) | (flags == PixelFlag.ZINGER)
    return values[unflagged & np.isfinite(values)].astype(float)


@given(values=images, data=st.data())
def test_levels_always_rise_and_are_percentiles_of_the_good_pixels(
    values: np.ndarray, data: st.DataObject
) -> None:
    seen = st.sampled_from([0, 0, 1, 4, PixelFlag.ZINGER, PixelFlag.ZINGER | PixelFlag.SATURATED])
    flags = data.draw(hnp.arrays(np.uint8, values.shape, elements=seen))
    levels = im.robust_levels(values, flags)
    good = good_pixels(values, flags)
    assert np.isfinite(levels).all()
    assert levels[0] < levels[1]
    if good.size == 0:
        assert levels == NO_LEVELS
        return
    expected = np.percentile(good, (2, 98))
    if expected[0] < expected[1]:
        spread = np.ptp(good)
        np.testing.assert_allclose(levels, expected, rtol=1e-6, atol=1e-6 * spread)


@pytest.mark.parametrize("constant", [0.0, -7.0, 5000.0])
def test_a_constant_image_is_shown_half_a_count_either_side(constant: float) -> None:
    values = np.full((64, 64), constant, np.float32)
    assert im.robust_levels(values, NO_FLAGS) == (constant - 0.5, constant + 0.5)


def test_a_large_constant_still_gets_two_levels() -> None:
    low, high = im.robust_levels(np.full((64, 64), -3e30, np.float32), NO_FLAGS)
    assert low < high


def test_neither_hot_pixels_nor_nan_nor_flagged_ones_move_the_levels() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(100, 5, (64, 64)).astype(np.float32)
    flags = NO_FLAGS.copy()
    before = im.robust_levels(values, flags)
    values[0, :8] = 1e9
    values[1, :8] = np.nan
    values[2:8], flags[2:8] = 5e4, PixelFlag.SATURATED
    assert im.robust_levels(values, flags) == pytest.approx(before, rel=0.02)


def test_a_large_image_is_judged_by_a_grid() -> None:
    values = np.tile(np.linspace(0, 1000, 1000, dtype=np.float32), (700, 1))
    flags = np.zeros(values.shape, np.uint8)
    assert im.robust_levels(values, flags) == pytest.approx((20, 980), abs=5)


def test_good_pixels_off_the_grid_are_found() -> None:
    values = np.full((700, 700), np.nan, np.float32)
    values[1, 1], values[1, 2] = 5, 6
    levels = im.robust_levels(values, np.zeros(values.shape, np.uint8), (0, 100))
    assert levels == (5, 6)


@pytest.mark.parametrize("percentiles", [(98, 2), (5, 5), (-1, 50), (50, 101)])
def test_percentiles_that_do_not_rise_are_refused(percentiles: tuple[float, float]) -> None:
    with pytest.raises(im.SettingError):
        im.robust_levels(np.zeros((64, 64), np.float32), NO_FLAGS, percentiles)


@given(values=images, bins=st.integers(1, 9))
def test_the_histogram_is_as_the_naive_twin_has_it(values: np.ndarray, bins: int) -> None:
    kinds = np.array([0, PixelFlag.DEFECT, PixelFlag.ZINGER], np.uint8)
    flags = kinds[np.arange(values.size) % 3].reshape(values.shape)
    low, high = -3.0, 11.0
    expected = np.zeros(bins, int)
    for value in good_pixels(values, flags):
        if low <= value <= high:
            expected[min(int((value - low) * (bins / (high - low))), bins - 1)] += 1
    np.testing.assert_array_equal(im.histogram(values, flags, (low, high), bins), expected)


def test_the_histogram_counts_what_lies_on_either_level() -> None:
    values = np.array([[0, 1, 2, 3, 4]], np.float32)
    counts = im.histogram(values, np.zeros((1, 5), np.uint8), (1, 3), 2)
    assert counts.tolist() == [1, 2]


@pytest.mark.parametrize("levels", [(1, 1), (2, 1), (0, np.inf), (np.nan, 1)])
def test_levels_that_do_not_rise_are_refused(levels: tuple[float, float]) -> None:
    with pytest.raises(im.SettingError):
        im.histogram(np.zeros((64, 64), np.float32), NO_FLAGS, levels, 4)


def test_a_histogram_without_bins_is_refused() -> None:
    with pytest.raises(im.SettingError):
        im.histogram(np.zeros((64, 64), np.float32), NO_FLAGS, (0, 1), 0)


@pytest.mark.parametrize(
    "call", [im.robust_levels, lambda v, f: im.histogram(v, f, (0, 1), 2)], ids=["levels", "hist"]
)
def test_arrays_the_kernels_cannot_take_are_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(im.ArrayLayoutError):
        call(np.zeros((64, 64)), NO_FLAGS)
    with pytest.raises(im.ShapeMismatchError):
        call(np.zeros((64, 63), np.float32), NO_FLAGS)
    with pytest.raises(im.ArrayLayoutError):
        call(np.zeros(64, np.float32), NO_FLAGS)
