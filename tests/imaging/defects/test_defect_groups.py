import numpy as np
import pytest
from fpxi_imaging.defects.groups import bad_neighbourhoods, cluster_kernels, clusters, lines
from hypothesis import given, settings
from hypothesis import strategies as st


def mask(*rows: str) -> np.ndarray:
    """`x` marks a pixel."""
    return np.array([[letter == "x" for letter in row] for row in rows])


def all_imaging(bad: np.ndarray) -> np.ndarray:
    return np.ones(bad.shape, bool)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    share=st.sampled_from([0.2, 0.5, 0.9]),
    ring=st.sampled_from([0.0, 0.3]),
)
def test_neighbours_are_as_the_naive_twin_counts_them(
    seed: int, shape: tuple[int, int], share: float, ring: float
) -> None:
    rng = np.random.default_rng(seed)
    imaging = rng.random(shape) >= ring
    bad = (rng.random(shape) < share) & imaging
    expected = np.zeros((3, *shape), bool)
    for row, column in np.argwhere(imaging):
        square = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        here = bad[row, column]
        neighbours = imaging[square].sum() - 1
        bad_ones = bad[square].sum() - here
        expected[0, row, column] = not here and neighbours > 0 and bad_ones == neighbours
        expected[1, row, column] = here and bad_ones > 0
        expected[2, row, column] = here and bad_ones > 0 and neighbours - bad_ones < 5
    np.testing.assert_array_equal(bad_neighbourhoods(bad, imaging), expected[0])
    np.testing.assert_array_equal(clusters(bad), expected[1])
    np.testing.assert_array_equal(cluster_kernels(bad, imaging, 5), expected[2])


def test_pixels_that_touch_by_a_corner_are_a_cluster() -> None:
    bad = mask("x..", ".x.", "...")
    np.testing.assert_array_equal(clusters(bad), bad)
    assert not clusters(mask("x.x", "...", "x.x")).any()


def test_four_good_neighbours_make_a_kernel_pixel_and_five_do_not() -> None:
    bad = mask(".....", "..xx.", ".xx..", ".....", ".....")
    bad[3, 3] = True
    kernels = cluster_kernels(bad, all_imaging(bad), 5)
    assert kernels[2, 2]
    assert not kernels[2, 1]
    assert not cluster_kernels(bad, all_imaging(bad), 3).any()


def test_a_lone_bad_pixel_at_the_edge_is_no_kernel_pixel_but_two_are() -> None:
    alone = mask("x....", ".....", "....x")
    assert not cluster_kernels(alone, all_imaging(alone), 5).any()
    two = mask(".....", "x....", "x....", ".....", ".....")
    np.testing.assert_array_equal(cluster_kernels(two, all_imaging(two), 5), two)
    inside = mask(".....", "..x..", "..x..", ".....", ".....")
    assert not cluster_kernels(inside, all_imaging(inside), 5).any()


def test_the_ring_counts_as_an_edge() -> None:
    imaging = mask("......", ".xxxx.", ".xxxx.", ".xxxx.", "......")
    bad = mask("......", ".x....", "......", "......", "......")
    assert not cluster_kernels(bad, imaging, 5).any()
    around = mask("......", "..x...", ".xx...", "......", "......")
    found = bad_neighbourhoods(around, imaging)
    assert found[1, 1]
    assert found.sum() == 1


def test_a_pixel_without_neighbours_has_no_bad_neighbourhood() -> None:
    assert not bad_neighbourhoods(np.zeros((1, 1), bool), np.ones((1, 1), bool)).any()


@pytest.mark.parametrize("turned", [False, True])
def test_a_run_longer_than_the_limit_is_a_line(turned: bool) -> None:
    bad = np.zeros((40, 8), bool)
    bad[:20, 2] = True
    bad[15:36, 5] = True
    expected = bad.copy()
    expected[:, 2] = False
    if turned:
        bad, expected = bad.T, expected.T
    np.testing.assert_array_equal(lines(bad, 20, 0.1), expected)


def test_a_gap_ends_a_line() -> None:
    bad = np.zeros((41, 3), bool)
    bad[:, 1] = True
    bad[20, 1] = False
    assert not lines(bad, 20, 0.1).any()


def test_a_tenth_of_a_line_may_be_accompanied() -> None:
    bad = np.zeros((40, 9), bool)
    bad[:30, 4] = True
    bad[[3, 9, 9, 20], [3, 3, 5, 5]] = True
    assert lines(bad, 20, 0.1).sum() == 30
    bad[25, 3] = True
    assert not lines(bad, 20, 0.1).any()


def test_two_bad_columns_beside_each_other_are_no_lines() -> None:
    bad = np.zeros((40, 9), bool)
    bad[:, 4:6] = True
    assert not lines(bad, 20, 0.1).any()
