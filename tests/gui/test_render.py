"""Colours of values and flags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from fpxi_gui.colour_maps import COLOUR_MAPS, colour_table
from fpxi_gui.render import ALWAYS_MARKED, FLAG_COLOURS, NO_VALUE, colourise, count_flags
from fpxi_gui.state import Picture
from fpxi_imaging.correction.processing import Orientation, Scale
from fpxi_imaging.flags import PixelFlag
from fpxi_readout.protocol.geometry import FrameArea
from hypothesis import given, settings
from hypothesis import strategies as st

GREY = colour_table("grey")


def picture(values: Any, flags: Any = None, levels: tuple[float, float] = (0.0, 256.0)) -> Picture:
    array = np.atleast_2d(np.asarray(values, np.float32))
    marks = np.zeros(array.shape, np.uint8) if flags is None else np.atleast_2d(flags)
    area = FrameArea(0, 0, *array.shape)
    flags = marks.astype(np.uint8)
    how = (Scale.COUNTS, Orientation())
    return Picture(1, array, flags, levels, "grey", ALWAYS_MARKED, False, area, *how)


def test_values_between_the_levels_take_the_colours_in_order() -> None:
    image = colourise(picture([0.0, 1.0, 127.5, 255.0]), GREY)
    assert image[0, :, 0].tolist() == [0, 1, 127, 255]


def test_values_beyond_the_levels_take_the_end_colours() -> None:
    image = colourise(picture([-1e30, 1e30], levels=(10.0, 20.0)), GREY)
    assert image[0, :, 0].tolist() == [0, 255]


def test_a_value_that_is_not_finite_is_drawn_as_no_value() -> None:
    image = colourise(picture([np.nan, np.inf, -np.inf]), GREY)
    assert {tuple(pixel) for pixel in image[0].tolist()} == {NO_VALUE}


@pytest.mark.parametrize("flag", [flag for flag in FLAG_COLOURS if flag in ALWAYS_MARKED])
def test_a_flag_that_forbids_a_value_is_drawn_in_its_colour(flag: PixelFlag) -> None:
    image = colourise(picture([np.nan, 3.0], [flag, 0]), GREY)
    assert tuple(image[0, 0]) == FLAG_COLOURS[flag]
    assert tuple(image[0, 1]) == (3, 3, 3)


def test_interpolated_defects_are_marked_only_when_asked_for() -> None:
    shown = picture([7.0], [PixelFlag.DEFECT])
    assert tuple(colourise(shown, GREY)[0, 0]) == (7, 7, 7)
    marked = replace(shown, marked=ALWAYS_MARKED | PixelFlag.DEFECT)
    assert tuple(colourise(marked, GREY)[0, 0]) == FLAG_COLOURS[PixelFlag.DEFECT]


def test_a_saturated_defect_shows_the_saturation() -> None:
    both = PixelFlag.DEFECT | PixelFlag.SATURATED
    marked = replace(picture([7.0], [both]), marked=ALWAYS_MARKED | PixelFlag.DEFECT)
    assert tuple(colourise(marked, GREY)[0, 0]) == FLAG_COLOURS[PixelFlag.SATURATED]


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float32, (3, 4), elements=st.floats(width=32)),
    hnp.arrays(np.uint8, (3, 4)),
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
)
def test_any_values_and_flags_can_be_drawn(
    values: Any, flags: Any, low: float, width: float
) -> None:
    before = values.copy()
    image = colourise(picture(values, flags, (low, low + width)), GREY)
    assert image.shape == (3, 4, 3)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_every_colour_map_has_256_colours_that_nobody_can_change(name: str) -> None:
    table = colour_table(name)
    assert (table.shape, table.dtype) == ((256, 3), np.uint8)
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 0


def test_inverted_grey_is_grey_backwards() -> None:
    np.testing.assert_array_equal(colour_table("inverted grey"), GREY[::-1])


def test_only_flags_that_are_there_are_counted() -> None:
    flags = np.array([[PixelFlag.DEFECT | PixelFlag.SATURATED, PixelFlag.DEFECT, 0]], np.uint8)
    assert count_flags(flags) == {PixelFlag.DEFECT: 2, PixelFlag.SATURATED: 1}
