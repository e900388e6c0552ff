import numpy as np
import pytest
from fpxi_imaging.defects import (
    QUANTISATION_SIGMA,
    DefectThresholds,
    find_defects,
    local_median,
    median_noise,
)
from hypothesis import given, settings
from hypothesis import strategies as st

SHAPE = (12, 15)


def naive_local_median(values: np.ndarray, good: np.ndarray, window: int) -> np.ndarray:
    """Median over the square that serves a pixel, pixel by pixel."""
    medians = np.full(values.shape, np.nan)
    for at in np.ndindex(values.shape):
        slices = []
        for place, size in zip(at, values.shape, strict=True):
            start = place // 4 * 4 + 2 - window // 2
            start = max(0, min(start, size - window))
            slices.append(slice(start, start + window))
        kept = values[tuple(slices)][good[tuple(slices)]]
        if kept.size:
            medians[at] = np.median(kept)
    return medians


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 14), st.integers(1, 14)),
    window=st.sampled_from([1, 3, 5, 21]),
    bad=st.sampled_from([0, 0.3, 0.9, 1]),
)
def test_local_median_is_as_the_naive_twin_has_it(
    seed: int, shape: tuple[int, int], window: int, bad: float
) -> None:
    rng = np.random.default_rng(seed)
    values, good = rng.normal(size=shape), rng.random(shape) >= bad
    np.testing.assert_array_equal(
        local_median(values, good, window), naive_local_median(values, good, window)
    )


def defects_of(
    response: np.ndarray | None = None,
    variance: np.ndarray | None = None,
    clipped: np.ndarray | None = None,
    imaging: np.ndarray | None = None,
) -> np.ndarray:
    return find_defects(
        np.full(SHAPE, 1000.0) if response is None else response,
        np.full(SHAPE, 4.0) if variance is None else variance,
        np.zeros(SHAPE, bool) if clipped is None else clipped,
        np.ones(SHAPE, bool) if imaging is None else imaging,
        DefectThresholds(),
    )


def changed(value: float, base: float) -> np.ndarray:
    image = np.full(SHAPE, base)
    image[3, 4] = value
    return image


def only_there(defects: np.ndarray) -> bool:
    return bool(defects[3, 4]) and defects.sum() == 1


def test_a_panel_of_equal_pixels_has_no_defects() -> None:
    assert not defects_of().any()


@pytest.mark.parametrize("response", [0, -5, 599, 1301, np.nan])
def test_response_far_from_the_local_median_is_a_defect(response: float) -> None:
    assert only_there(defects_of(changed(response, 1000.0)))


@pytest.mark.parametrize("response", [601, 1299])
def test_response_near_the_local_median_is_no_defect(response: float) -> None:
    assert not defects_of(changed(response, 1000.0)).any()


def test_a_slope_of_the_beam_is_no_defect() -> None:
    beam = np.linspace(500, 1500, 200) * np.ones((30, 1))
    shape = beam.shape
    nothing = np.zeros(shape, bool)
    found = find_defects(beam, np.ones(shape), nothing, ~nothing, DefectThresholds())
    assert not found.any()


def test_noise_above_six_times_the_median_sigma_is_a_defect() -> None:
    assert only_there(defects_of(variance=changed(12.1**2, 4.0)))
    assert not defects_of(variance=changed(11.9**2, 4.0)).any()


def test_noise_below_quantisation_does_not_condemn_a_pixel_that_flips_one_count() -> None:
    assert not defects_of(variance=changed(0.25, 0.0)).any()
    assert median_noise(np.zeros(SHAPE), np.ones(SHAPE, bool)) == QUANTISATION_SIGMA


def test_unknown_noise_condemns_nobody() -> None:
    assert not defects_of(variance=np.full(SHAPE, np.nan)).any()
    assert median_noise(np.full(SHAPE, np.nan), np.ones(SHAPE, bool)) == QUANTISATION_SIGMA


def test_a_clipped_pixel_is_a_defect() -> None:
    assert only_there(defects_of(clipped=changed(1, 0) > 0))


def test_the_process_ring_has_no_defects_and_no_say_in_the_median() -> None:
    imaging = np.ones(SHAPE, bool)
    imaging[:, :10] = False
    response = np.where(imaging, 1000.0, 0.0)
    assert not defects_of(response, imaging=imaging).any()
