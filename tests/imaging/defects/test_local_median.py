import numpy as np
from fpxi_imaging.defects.local_median import medians_beyond
from hypothesis import given, settings
from hypothesis import strategies as st


def naive_local_medians(values: np.ndarray, good: np.ndarray, window: int) -> np.ndarray:
    """Median over the square of every pixel, one by one."""
    medians = np.full(values.shape, np.nan)
    kept = good & ~np.isnan(values)
    for at in np.ndindex(values.shape):
        square = tuple(
            slice(start, start + window)
            for start in (
                max(0, min(place - window // 2, size - window))
                for place, size in zip(at, values.shape, strict=True)
            )
        )
        if kept[square].any():
            medians[at] = np.median(values[square][kept[square]])
    return medians


@settings(max_examples=80)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 14), st.integers(1, 14)),
    window=st.sampled_from([1, 2, 3, 5, 9, 21]),
    bad=st.sampled_from([0, 0.3, 0.9, 1]),
    level=st.sampled_from([-2.0, 0.0, 1.0, 10.0]),
    whole=st.booleans(),
)
def test_what_lies_beyond_the_median_is_as_the_naive_twin_has_it(
    seed: int, shape: tuple[int, int], window: int, bad: float, level: float, whole: bool
) -> None:
    rng = np.random.default_rng(seed)
    values, good = rng.normal(level, 1, shape), rng.random(shape) >= bad
    if whole:  # many equal values, and some exactly at the limits
        values = np.round(values * 2) * 0.5
    values[rng.random(shape) < 0.05] = np.nan
    expected = naive_local_medians(values, good, window)
    found = medians_beyond(values, good, window, 0.5, 1.5)
    given_at = ~np.isnan(found)
    np.testing.assert_array_equal(found[given_at], expected[given_at])
    np.testing.assert_array_equal(values > 1.5 * found, values > 1.5 * expected)
    np.testing.assert_array_equal(values < 0.5 * found, values < 0.5 * expected)


def test_few_medians_are_taken_of_an_even_panel() -> None:
    values = np.random.default_rng(1).normal(1000, 50, (64, 64))
    values[10, 10] = 2000
    found = medians_beyond(values, np.ones(values.shape, bool), 21, 0.6, 1.3)
    assert np.isfinite(found[10, 10])
    assert np.isfinite(found).sum() < 5


def test_slices_and_read_only_arrays_are_taken() -> None:
    values = np.random.default_rng(2).normal(10, 5, (20, 20))
    values.flags.writeable = False
    part, good = values[::2, ::2], np.ones((10, 10), bool)
    expected = medians_beyond(part.copy(), good, 3, 0.9, 1.1)
    np.testing.assert_array_equal(medians_beyond(part, good, 3, 0.9, 1.1), expected)
