import fpxi_imaging as im
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


@given(
    frames=hnp.arrays(np.uint16, (4, 3, 2), elements=st.integers(0, 65535) | st.just(0)),
    received=hnp.arrays(np.bool_, (4, 3)),
)
def test_mean_variance_maximum_and_zeros_are_those_of_the_received_rows(
    frames: np.ndarray, received: np.ndarray
) -> None:
    stack = im.FrameStack((3, 2))
    for frame, rows in zip(frames, received, strict=True):
        stack.add(frame, rows)
    assert stack.frames == 4
    np.testing.assert_array_equal(stack.count, received.sum(axis=0))
    for row in range(3):
        kept = frames[received[:, row], row].astype(float)
        mean = kept.mean(axis=0) if len(kept) else np.full(2, np.nan)
        variance = kept.var(axis=0, ddof=1) if len(kept) > 1 else np.full(2, np.nan)
        np.testing.assert_allclose(stack.mean[row], mean, rtol=1e-12)
        np.testing.assert_allclose(stack.variance[row], variance, rtol=1e-9, atol=1e-5)
        np.testing.assert_array_equal(stack.maximum[row], kept.max(axis=0, initial=0))
        np.testing.assert_array_equal(stack.zeros[row], (kept == 0).sum(axis=0))


def test_the_error_is_that_of_the_mean_of_the_frames_that_had_the_row() -> None:
    stack = im.FrameStack((3, 1))
    for value, rows in ((10, [1, 1, 1]), (14, [1, 0, 1]), (12, [1, 0, 0]), (16, [1, 0, 0])):
        stack.add(np.full((3, 1), value, np.uint16), np.array(rows, bool))
    # Sample variances 20/3 of four frames and 8 of two; one frame says nothing of its scatter.
    expected = [[np.sqrt(20 / 3 / 4)], [np.nan], [np.sqrt(8 / 2)]]
    np.testing.assert_allclose(stack.error, expected, rtol=1e-12)


def test_a_small_variance_on_a_large_mean_survives_many_frames() -> None:
    stack = im.FrameStack((1, 1))
    for _ in range(2000):
        stack.add(np.array([[60_000]], np.uint16))
        stack.add(np.array([[60_001]], np.uint16))
    assert stack.mean[0, 0] == 60_000.5
    assert stack.variance[0, 0] == pytest.approx(0.25 * 4000 / 3999, rel=1e-6)


def test_frames_of_another_shape_or_type_are_refused_and_not_counted() -> None:
    stack = im.FrameStack((2, 2))
    with pytest.raises(im.ShapeMismatchError):
        stack.add(np.zeros((2, 3), np.uint16))
    with pytest.raises(im.ArrayLayoutError):
        stack.add(np.zeros((2, 2), np.float32))
    with pytest.raises(im.ShapeMismatchError):
        stack.add(np.zeros((2, 2), np.uint16), np.ones(3, bool))
    assert stack.frames == 0
    assert not stack.count.any()


def test_what_frames_share_in_proportion_is_no_error_beside_their_level() -> None:
    random = np.random.default_rng(5)
    response = random.uniform(0.5, 1.5, (6, 5))
    levels = 1000 + 200 * random.normal(size=(12, 1, 1))
    frames = np.rint(levels * response + random.normal(0, 4, (12, 6, 5))).astype(np.uint16)
    stack = im.FrameStack((6, 5))
    for frame in frames:
        stack.add(frame)
    share = (response / np.median(response)).astype(np.float32)
    medians = stack.frame_medians[:, None, None]
    expected = np.std(frames - share * medians, axis=0, ddof=1) / np.sqrt(12)
    np.testing.assert_allclose(stack.error_beside_level(share), expected, rtol=1e-6)
    np.testing.assert_allclose(stack.error_beside_level(0 * share), stack.error, rtol=1e-12)
    assert np.median(expected) < 0.1 * np.median(stack.error)


def test_frames_with_missing_rows_count_with_the_level_of_the_first() -> None:
    random = np.random.default_rng(6)
    frames = random.integers(900, 1100, (8, 4, 3)).astype(np.uint16)
    stack = im.FrameStack((4, 3))
    for index, frame in enumerate(frames):
        received = np.ones(4, np.bool_)
        received[2] = index not in {0, 5}
        stack.add(frame, received)
    levels = np.nan_to_num(stack.frame_medians - stack.frame_medians[1])[:, None, None]
    share = np.full((4, 3), 0.7)
    beside = frames - share * levels
    expected = np.std(beside, axis=0, ddof=1) / np.sqrt(8)
    expected[2] = np.std(beside[[1, 2, 3, 4, 6, 7], 2], axis=0, ddof=1) / np.sqrt(6)
    np.testing.assert_allclose(stack.error_beside_level(share), expected, rtol=1e-9)
