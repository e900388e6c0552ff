from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_imaging import PixelFlag as F
from fpxi_imaging.correction._repair import repair
from fpxi_imaging.correction._repair_table import REACH, listed, repair_table, split_table
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive_repair import naive_repair

Image = npt.NDArray[Any]


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Keep the seconds of compilation out of hypothesis' time."""
    repaired(np.zeros((3, 3)), np.eye(3, dtype=bool))


def compiled_repair(table: Image, rows: Any, values: Image, flags: Image) -> None:
    columns = values.shape[1]
    table.flags.writeable = False
    near = far = 0
    for done in rows:
        near, far = repair(table, near, far, done * columns, values.reshape(-1), flags.reshape(-1))
    assert [near, far] == table[1:3].tolist()


@st.composite
def cases(draw: st.DrawFn) -> tuple[Image, Image, Image, Image]:
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    defects = draw(hnp.arrays(np.bool_, shape, elements=st.sampled_from([False, False, True])))
    ring = draw(hnp.arrays(np.bool_, shape)) if draw(st.booleans()) else np.zeros(shape, bool)
    values = draw(
        hnp.arrays(np.float32, shape, elements=st.floats(-100, 70_000, width=32), fill=st.nothing())
    )
    seen = st.sampled_from([0, 0, F.SATURATED, F.CUT_OFF, F.ZINGER])
    flags = draw(hnp.arrays(np.uint8, shape, elements=seen))
    flags[defects] = F.UNREPAIRABLE
    lost = draw(hnp.arrays(np.bool_, shape[0], elements=st.sampled_from([False, False, True])))
    flags[lost] = F.MISSING
    flags[ring] = F.NOT_IMAGING
    values[(flags & (F.MISSING | F.NOT_IMAGING | F.UNREPAIRABLE)) != 0] = np.nan
    return defects, ring, values, flags


@given(case=cases(), band=st.integers(1, 9))
def test_every_defect_is_as_the_naive_twin_has_it(
    case: tuple[Image, Image, Image, Image], band: int
) -> None:
    defects, ring, values, flags = case
    good = ~(defects | ring)
    expected = values.astype(float), flags.copy()
    for place in zip(*np.nonzero(flags == F.UNREPAIRABLE), strict=True):
        expected[0][place], expected[1][place] = naive_repair(place, values, flags, good)
    table = repair_table(defects & ~ring, ring)
    compiled_repair(table, [*range(band, len(values), band), len(values)], values, flags)
    np.testing.assert_array_equal(flags, expected[1])
    np.testing.assert_allclose(values, expected[0], rtol=1e-5, atol=0.1)


@given(case=cases(), data=st.data())
def test_blocks_and_their_seams_give_the_same_bits_as_the_whole(
    case: tuple[Image, Image, Image, Image], data: st.DataObject
) -> None:
    defects, ring, values, flags = case
    whole, whole_flags = values.copy(), flags.copy()
    rows = len(values)
    table = repair_table(defects & ~ring, ring)
    compiled_repair(table, [rows], whole, whole_flags)
    inner = data.draw(st.sets(st.integers(1, max(1, rows - 1)), max_size=3)) if rows > 1 else set()
    bounds = [0, *sorted(inner), rows]
    tables = split_table(table, bounds)
    assert len(tables) == len(bounds)
    for part, first, last in zip(tables, bounds, bounds[1:], strict=False):
        alone, alone_flags = np.full_like(values, np.nan), np.full_like(flags, F.MISSING)
        alone[first:last], alone_flags[first:last] = values[first:last], flags[first:last]
        compiled_repair(part, [last], alone, alone_flags)
        values[first:last], flags[first:last] = alone[first:last], alone_flags[first:last]
    compiled_repair(tables[-1], [rows], values, flags)
    np.testing.assert_array_equal(values, whole)
    np.testing.assert_array_equal(flags, whole_flags)


def repaired(values: Any, defects: Any) -> tuple[Image, Image]:
    values = np.array(values, np.float32, order="C")
    flags = np.where(defects, F.UNREPAIRABLE, 0).astype(np.uint8, order="C")
    values[defects] = np.nan
    compiled_repair(repair_table(defects, np.zeros_like(defects)), [len(values)], values, flags)
    return values, flags


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("along_rows", [False, True])
def test_lines_and_clusters_of_a_tilted_plane_are_restored_exactly(
    width: int, along_rows: bool
) -> None:
    rows, columns = np.mgrid[:40, :50]
    plane = 100.0 + 3 * rows - 2 * columns
    defects = np.zeros(plane.shape, bool)
    defects[:, 20 : 20 + width] = True
    defects[30:34, 35:40] = True
    if along_rows:
        plane, defects = plane.T, defects.T
    values, flags = repaired(plane, defects)
    inside = np.s_[width:-width, width:-width]  # at a border there is no pixel opposite
    np.testing.assert_allclose(values[inside], plane[inside], rtol=1e-5)
    np.testing.assert_allclose(values, plane, atol=1)
    assert (flags == np.where(defects, F.DEFECT, 0)).all()


def test_a_line_across_an_edge_keeps_the_edge_sharp() -> None:
    rows, columns = np.mgrid[:40, :40]
    step = np.where(rows + columns < 40, 1000.0, 100.0)
    defects = columns == 20
    values, _ = repaired(step, defects)
    assert np.abs(values - step)[1:-1][defects[1:-1]].max() < 30
    assert np.abs((step[:, 19] + step[:, 21]) / 2 - step[:, 20]).max() > 400


def test_no_sum_of_neighbours_can_leave_their_range() -> None:
    rng = np.random.default_rng(5)
    image = rng.normal(1000, 300, (60, 60)).astype(np.float32)
    defects = rng.random(image.shape) < 0.3
    values, flags = repaired(image, defects)
    assert (flags[defects] == F.DEFECT).all()
    assert values.min() >= image[~defects].min()
    assert values.max() <= image[~defects].max()


@pytest.mark.parametrize("shape", [(1, 40), (40, 1)])
def test_what_is_out_of_reach_stays_unrepairable(shape: tuple[int, int]) -> None:
    defects = np.ones(shape, bool)
    defects.reshape(-1)[0] = False
    values, flags = repaired(np.full(shape, 7.0), defects)
    np.testing.assert_allclose(values.reshape(-1)[1 : 1 + REACH], 7.0, rtol=1e-6)
    assert np.isnan(values.reshape(-1)[1 + REACH :]).all()
    assert (flags.reshape(-1)[1 + REACH :] == F.UNREPAIRABLE).all()


def test_a_panel_without_a_good_pixel_lists_nothing() -> None:
    everything = np.ones((4, 5), bool)
    for defects, ring in ((everything, ~everything), (everything, everything)):
        assert listed(repair_table(defects & ~ring, ring)).size == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_good_pixels_without_a_finite_value_drop_out(value: float) -> None:
    image = np.full((5, 5), 10.0)
    image[2, 1] = image[1, 1] = value
    defects = np.zeros((5, 5), bool)
    defects[2, 2] = defects[0, 0] = True
    values, flags = repaired(image, defects)
    assert values[2, 2] == values[0, 0] == pytest.approx(10)
    assert flags[2, 2] == F.DEFECT


def test_a_difference_too_large_to_square_still_gives_a_mean() -> None:
    image = np.full((3, 3), 1e30)
    image[1, 2] = -1e30
    defects = np.zeros((3, 3), bool)
    defects[1, 1] = True
    values, _ = repaired(image, defects)
    assert values[1, 1] == pytest.approx(5e29)
