"""The part of each fine pixel inside polygons, against areas known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fpxi_hwsim.physics.object.coverage import coverage_of
from fpxi_hwsim.physics.object.outlines import area, disk, hole, rectangle, rounded, stroke
from hypothesis import given
from hypothesis import strategies as st

SHAPE = (12, 9)
place = st.floats(-20, 30)


def test_a_rectangle_between_grid_lines_covers_parts_of_its_margin() -> None:
    covered = coverage_of([rectangle(1.25, 2.5, 3.5, 4.0)], SHAPE)
    expected = np.zeros(SHAPE, np.float32)
    expected[2:4, 1:4] = np.outer([0.5, 1], [0.75, 1, 0.5])
    np.testing.assert_allclose(covered, expected, atol=1e-7)


@given(left=place, top=place, width=st.floats(1e-3, 40), height=st.floats(1e-3, 40))
def test_a_rectangle_covers_what_of_it_lies_in_the_grid(
    left: float, top: float, width: float, height: float
) -> None:
    covered = coverage_of([rectangle(left, top, left + width, top + height)], SHAPE)
    rows = np.clip(
        np.minimum(top + height, np.arange(1, 13)) - np.maximum(top, np.arange(12)), 0, 1
    )
    columns = np.clip(
        np.minimum(left + width, np.arange(1, 10)) - np.maximum(left, np.arange(9)), 0, 1
    )
    np.testing.assert_allclose(covered, np.outer(rows, columns), atol=1e-6)


@given(x=st.floats(3, 6), y=st.floats(3, 9), radius=st.floats(0.05, 3), turn=st.floats(-180, 180))
def test_a_turned_triangle_inside_the_grid_covers_its_area(
    x: float, y: float, radius: float, turn: float
) -> None:
    angle = np.radians(turn + np.array([0, 120, 240]))
    triangle = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)
    covered = coverage_of([triangle], SHAPE).sum(dtype=np.float64)
    assert covered == pytest.approx(radius**2 * 3 * math.sqrt(3) / 4, abs=1e-5)


def test_every_cell_of_a_slanted_half_plane_is_exact() -> None:
    slope = math.tan(math.radians(3))
    plane = np.array([[-99, -99], [5 - 99 * slope, -99], [5 + 99 * slope, 99], [-99, 99]])
    covered = coverage_of([plane], SHAPE)
    y = (np.arange(12 * 1000) + 0.5) / 1000
    edge = np.clip((5 + y * slope)[:, None] - np.arange(9), 0, 1)
    np.testing.assert_allclose(covered, edge.reshape(12, 1000, 9).mean(axis=1), atol=1e-6)


def test_a_hole_is_taken_away_and_a_disk_has_the_circles_area() -> None:
    ring = coverage_of([disk(4.5, 6, 4), hole(disk(4.5, 6, 2.5))], SHAPE)
    assert ring.sum(dtype=np.float64) == pytest.approx(math.pi * (16 - 6.25), rel=1e-6)
    assert ring[6, 4] == 0


def test_a_stroke_has_the_area_of_its_line_and_a_closed_one_is_a_ring() -> None:
    straight = stroke(np.array([[1.0, 1.0], [4.0, 5.0]]), 0.5)
    assert sum(map(area, straight)) == pytest.approx(2.5)
    corner = stroke(np.array([[1.0, 1.0], [5.0, 1.0], [5.0, 4.0]]), 1)
    assert sum(map(area, corner)) == pytest.approx(7)
    square = np.array([[1.0, 1], [5, 1], [5, 5], [1, 5], [1, 1]])
    assert sum(map(area, stroke(square, 1))) == pytest.approx(16)


def test_a_rounded_rectangle_lacks_its_corners() -> None:
    assert area(rounded(0, 0, 8, 6, 2)) == pytest.approx(48 - (4 - math.pi) * 4, rel=3e-3)
