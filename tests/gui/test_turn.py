"""Turned pictures on axes that count the panel's rows and columns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from fpxi_gui.turn import Turn
from fpxi_imaging import Orientation
from fpxi_imaging.correction.turning import turned

EVERY = [
    Orientation(flip_rows, flip_columns, angle)
    for flip_rows, flip_columns, angle in itertools.product(
        (False, True), (False, True), (0, 90, 180, 270)
    )
]


@pytest.mark.parametrize("orientation", EVERY, ids=str)
def test_numbers_rise_along_both_axes_of_what_is_drawn(orientation: Orientation) -> None:
    row, column = np.indices((3, 4))
    turn = Turn.of(orientation)
    places = turned(np.stack([row, column]), orientation)
    drawn = turn.ascending(np.moveaxis(places, 0, -1).astype(np.uint8))
    for down, across in np.ndindex(drawn.shape[:2]):
        assert turn.panel_place(down, across) == tuple(drawn[down, across])


@pytest.mark.parametrize("orientation", EVERY, ids=str)
def test_an_axis_runs_back_where_the_first_pixel_has_gone_to_its_end(
    orientation: Orientation,
) -> None:
    row, column = (turned(each, orientation) for each in np.indices((3, 4)))
    turn = Turn.of(orientation)
    down, across = (column, row) if turn.rows_across else (row, column)
    assert turn.upwards == (down[0, 0] != 0)
    assert turn.leftwards == (across[0, 0] != 0)
