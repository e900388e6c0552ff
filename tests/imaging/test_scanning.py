"""Pictures joined from the frames of a scan."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_imaging import (
    ArrayLayoutError,
    PixelFlag,
    ScanPath,
    ScanSizeError,
    ScanStepError,
    SettingError,
    ShapeMismatchError,
    assemble_scan,
    scan_path,
)
from hypothesis import given
from hypothesis import strategies as st


def assemble(
    values: npt.NDArray[Any], path: ScanPath, steps: list[int] | None = None
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]:
    chosen = np.arange(len(values)) if steps is None else np.array(steps)
    return assemble_scan(values, np.zeros(values.shape, np.uint8), chosen.astype(np.int64), path)


sizes = st.integers(1, 6)


@given(sizes, sizes, sizes, sizes, st.booleans())
def test_a_picture_that_was_cut_into_steps_comes_back(
    rows: int, columns: int, height: int, width: int, serpentine: bool
) -> None:
    path = ScanPath(rows, columns, serpentine)
    pixels = np.arange(rows * height * columns * width, dtype=np.float32)
    picture = pixels.reshape(rows * height, columns * width)
    blocks = picture.reshape(rows, height, columns, width).swapaxes(1, 2).copy()
    if serpentine:
        blocks[1::2] = blocks[1::2, ::-1].copy()
    frames = np.ascontiguousarray(blocks.reshape(path.steps, height, width))
    joined, flags = assemble(frames, path)
    assert np.array_equal(joined, picture)
    assert not flags.any()


def test_a_point_scan_goes_from_left_to_right_and_a_serpentine_comes_back() -> None:
    values = np.arange(6, dtype=np.uint16).reshape(6, 1, 1)
    assert assemble(values, ScanPath(2, 3))[0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert assemble(values, ScanPath(2, 3, serpentine=True))[0].tolist() == [[0, 1, 2], [5, 4, 3]]


@pytest.mark.parametrize("dtype", [np.float32, np.uint16])
def test_a_step_without_a_frame_is_marked_and_has_no_value(dtype: Any) -> None:
    picture, flags = assemble(np.ones((3, 1, 2), dtype), ScanPath(2, 2), steps=[0, 1, 3])
    assert flags.tolist() == [[0, 0, 0, 0], [PixelFlag.MISSING] * 2 + [0, 0]]
    missing = picture[1, :2]
    assert np.isnan(missing).all() if dtype is np.float32 else (missing == 0).all()
    assert picture.dtype == dtype


def test_the_flags_of_the_frames_go_with_their_values() -> None:
    flags = np.array([0, PixelFlag.SATURATED], np.uint8).reshape(2, 1, 1)
    values = np.ones((2, 1, 1), np.float32)
    joined = assemble_scan(values, flags, np.array([1, 0], np.int64), ScanPath(1, 2))[1]
    assert joined.tolist() == [[PixelFlag.SATURATED, 0]]


def test_steps_that_fill_whole_rows_need_no_count_of_rows() -> None:
    assert scan_path(12, 4, serpentine=True) == ScanPath(3, 4, serpentine=True)
    assert scan_path(10, 4, 3) == ScanPath(3, 4)


@pytest.mark.parametrize(("steps", "columns", "rows"), [(10, 4, None), (3, 4, None), (13, 4, 3)])
def test_steps_that_do_not_fit_are_refused(steps: int, columns: int, rows: int | None) -> None:
    with pytest.raises(ScanSizeError, match=f"{steps} steps") as caught:
        scan_path(steps, columns, rows)
    assert (caught.value.steps, caught.value.columns, caught.value.rows) == (steps, columns, rows)


@pytest.mark.parametrize(("columns", "rows"), [(0, None), (4, 0), (-1, 2)])
def test_an_empty_scan_is_refused(columns: int, rows: int | None) -> None:
    with pytest.raises(SettingError):
        scan_path(4, columns, rows)


@pytest.mark.parametrize("steps", [[0, 4], [-1, 0], [2, 2]])
def test_a_step_outside_the_scan_or_taken_twice_is_refused(steps: list[int]) -> None:
    with pytest.raises(ScanStepError):
        assemble(np.zeros((2, 1, 1), np.float32), ScanPath(2, 2), steps)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    values, flags = np.zeros((2, 1, 1), np.float32), np.zeros((2, 1, 1), np.uint8)
    steps, path = np.arange(2, dtype=np.int64), ScanPath(1, 2)
    with pytest.raises(ShapeMismatchError):
        assemble_scan(values[0], flags, steps, path)
    with pytest.raises(ShapeMismatchError):
        assemble_scan(values, flags[:1], steps, path)
    with pytest.raises(ShapeMismatchError):
        assemble_scan(values, flags, steps[:1], path)
    with pytest.raises(ArrayLayoutError):
        assemble_scan(values, flags.astype(np.int16), steps, path)
