from __future__ import annotations

import itertools

import numpy as np
import pytest
from fpxi_imaging import Orientation
from fpxi_imaging.correction.turning import turned, turned_back, turned_centres, turned_shape

SHAPE = (3, 4)
EVERY = [
    Orientation(flip_rows, flip_columns, angle)
    for flip_rows, flip_columns, angle in itertools.product(
        (False, True), (False, True), (0, 90, 180, 270)
    )
]


def test_a_picture_is_flipped_and_then_rotated_anticlockwise() -> None:
    image = np.array([[1, 2, 3], [4, 5, 6]])
    assert turned(image, Orientation(flip_rows=True)).tolist() == [[4, 5, 6], [1, 2, 3]]
    assert turned(image, Orientation(flip_columns=True)).tolist() == [[3, 2, 1], [6, 5, 4]]
    assert turned(image, Orientation(rotate_deg=90)).tolist() == [[3, 6], [2, 5], [1, 4]]
    both = Orientation(flip_rows=True, rotate_deg=90)
    assert turned(image, both).tolist() == [[6, 3], [5, 2], [4, 1]]


@pytest.mark.parametrize("orientation", EVERY, ids=str)
def test_every_pixel_of_a_turned_picture_is_found_where_it_was(orientation: Orientation) -> None:
    image = np.arange(12).reshape(SHAPE)
    shown = turned(image, orientation)
    assert shown.shape == turned_shape(SHAPE, orientation)
    np.testing.assert_array_equal(turned_back(shown, orientation), image)


@pytest.mark.parametrize("orientation", EVERY, ids=str)
def test_a_stack_turns_as_its_images_do(orientation: Orientation) -> None:
    stack = np.arange(24).reshape(2, *SHAPE)
    shown = turned(stack, orientation)
    for image, each in zip(stack, shown, strict=True):
        np.testing.assert_array_equal(turned(image, orientation), each)
    np.testing.assert_array_equal(turned_back(shown, orientation), stack)


@pytest.mark.parametrize("orientation", EVERY, ids=str)
def test_centres_turn_about_the_point_that_they_are_counted_from(orientation: Orientation) -> None:
    rows, columns = np.array([1.0, 2.0, 3.0]), np.array([-4.0, -3.0, -2.0, -1.0])
    down, right = turned_centres(rows, columns, orientation)
    assert (np.diff(down) > 0).all()
    assert (np.diff(right) > 0).all()
    was_row, was_column = np.indices(SHAPE)
    was_row, was_column = turned(was_row, orientation), turned(was_column, orientation)
    assert was_row.shape == (len(down), len(right))
    along_rows = np.abs(down)[:, None] if orientation.rotate_deg % 180 == 0 else np.abs(right)
    along_columns = np.abs(right) if orientation.rotate_deg % 180 == 0 else np.abs(down)[:, None]
    np.testing.assert_array_equal(np.broadcast_to(along_rows, was_row.shape), rows[was_row])
    np.testing.assert_array_equal(
        np.broadcast_to(along_columns, was_row.shape), -columns[was_column]
    )
