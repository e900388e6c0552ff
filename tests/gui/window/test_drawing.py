"""What the window draws: pixels at their place, levels, colours, the pointer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fpxi_gui.render import FLAG_COLOURS
from fpxi_imaging.flags import PixelFlag
from fpxi_readout.frame import Sampling
from PySide6.QtCore import QPointF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication


def test_the_window_shows_before_anything_is_connected(viewer: Any) -> None:
    state = viewer.settle()
    assert viewer.window.isVisible()
    assert viewer.window.banners.bars[0].banner == state.banners[0]
    assert not viewer.window.controls.run.isEnabled()


def test_frames_are_drawn_once_each(live: Any, ramp: Any) -> None:
    assert live.window.pictures_drawn == 1
    live.window.tick()
    assert live.window.pictures_drawn == 1
    live.rig.session.deliver(ramp + 1)
    live.window.tick()
    assert live.window.pictures_drawn == 2


def test_pixels_are_drawn_at_their_row_and_column(live: Any) -> None:
    samples = np.ones((6, 8), np.uint16)
    samples[1, 6] = 100
    live.window.display.low.setValue(1)
    live.window.display.high.setValue(100)
    live.rig.session.deliver(samples)
    live.settle()
    for inside in ((1, 6), (0.6, 5.6), (1.4, 6.4)):
        assert live.drawn_pixel(*inside) == (255, 255, 255)
    for beside in ((1, 5.4), (1, 6.6), (0.4, 6), (1.6, 6)):
        assert live.drawn_pixel(*beside) == (0, 0, 0)
    assert live.drawn_pixel(4, 1) == (0, 0, 0)


def test_row_0_is_at_the_top_and_pixels_are_square(live: Any) -> None:
    image = live.window.image
    corner, right, below = (image.scene_position(*at) for at in ((0, 0), (0, 1), (1, 0)))
    assert below.y() > corner.y()
    assert right.x() > corner.x()
    assert below.y() - corner.y() == pytest.approx(right.x() - corner.x(), rel=1e-6)


@pytest.mark.parametrize(
    ("shape", "width_over_height"),
    [((1, 64), 1 / 8), ((64, 1), 8.0), ((1, 8), 1.0), ((7, 11), 1.0), ((1, 1), 1.0)],
)
def test_a_picture_is_drawn_at_most_eight_times_longer_than_wide(
    live: Any, shape: tuple[int, int], width_over_height: float
) -> None:
    live.rig.session.deliver(np.arange(np.prod(shape), dtype=np.uint16).reshape(shape))
    live.settle()
    image = live.window.image
    corner, end = image.scene_position(-0.5, -0.5), image.scene_position(0.5, 0.5)
    drawn = (end.x() - corner.x()) / (end.y() - corner.y())
    assert drawn == pytest.approx(width_over_height, rel=1e-6)
    last = (shape[0] - 1, shape[1] - 1)
    assert image.pixel_at(image.scene_position(*last)) == last


@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (7, 11), (256, 256)])
def test_axes_count_whole_pixels_that_there_are(live: Any, shape: tuple[int, int]) -> None:
    live.rig.session.deliver(np.zeros(shape, np.uint16))
    live.settle()
    for axis, size in zip(("left", "bottom"), shape, strict=True):
        ticks = ticks_of(live, axis)
        assert 0 in ticks
        assert all(at == round(at) and 0 <= at < size for at in ticks)
        written = live.window.image._plot.getAxis(axis).tickStrings(ticks, 1.0, 0.1)
        assert written == [str(round(at)) for at in ticks]


def test_millimetres_of_the_axes_are_of_the_panel_s_area_alone(live: Any) -> None:
    live.rig.session.deliver(np.zeros((1, 64), np.uint16))
    live.window.display.axes_mm.click()
    live.settle()
    assert all(-0.5 <= at <= 0.5 for at in ticks_of(live, "left"))
    assert len(ticks_of(live, "left")) > 1, "between the edges of a pixel there are millimetres"


def ticks_of(live: Any, name: str) -> list[float]:
    """Return where an axis has ticks of any level, in pixels."""
    axis = live.window.image._plot.getAxis(name)
    levels = axis.tickValues(*axis.range, axis.height() if name == "left" else axis.width())
    return [at for _, values in levels for at in values]


def test_a_single_pixel_is_read_without_pointing_at_it(live: Any) -> None:
    live.rig.session.deliver(np.array([[321]], np.uint16))
    live.settle()
    assert live.window.legend._cursor.text().split() == ["row", "0", "col", "0", "raw", "321"]


def test_a_row_that_never_arrived_is_drawn_in_its_signal_colour(live: Any, ramp: Any) -> None:
    live.rig.session.deliver(ramp, row_received=np.array([True] * 3 + [False] + [True] * 2))
    live.settle()
    assert live.drawn_pixel(3, 4) == FLAG_COLOURS[PixelFlag.MISSING]
    assert live.drawn_pixel(2, 4) != FLAG_COLOURS[PixelFlag.MISSING]


def test_a_raw_count_of_0_is_drawn_in_the_signal_colour_of_what_is_cut_off(
    live: Any, ramp: Any
) -> None:
    live.rig.session.deliver(ramp)
    live.settle()
    assert live.drawn_pixel(0, 0) == FLAG_COLOURS[PixelFlag.CUT_OFF]
    assert live.drawn_pixel(0, 1) != FLAG_COLOURS[PixelFlag.CUT_OFF]


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 7), (5, 0), (5, 7), (2, 3)])
def test_the_pointer_reads_exactly_the_pixel_it_is_on(live: Any, row: int, column: int) -> None:
    image = live.window.image
    half = 0.49 * (image.scene_position(0, 1).x() - image.scene_position(0, 0).x())
    for shift in (QPointF(0, 0), QPointF(half, half), QPointF(-half, -half)):
        assert image.pixel_at(image.scene_position(row, column) + shift) == (row, column)


def test_the_pointer_beside_the_image_reads_nothing(live: Any) -> None:
    image = live.window.image
    assert image.pixel_at(image.scene_position(-1, 0)) is None
    assert image.pixel_at(image.scene_position(0, 8)) is None
    assert image.pixel_at(QPointF(-10, -10)) is None


def test_moving_the_mouse_shows_position_and_counts(live: Any) -> None:
    view = live.window.image._plot
    place = view.mapFromScene(live.window.image.scene_position(4, 3))
    QTest.mouseMove(view.viewport(), place)
    QApplication.processEvents()
    live.window.tick()
    text = live.window.legend._cursor.text()
    assert text.split() == ["row", "4", "col", "3", "raw", "4003"]


def test_the_cursor_can_read_millimetres(live: Any) -> None:
    live.window.display.axes_mm.click()
    live.rig.controller.display.cursor = (4, 3)
    live.window.tick()
    assert "(0.80, 0.60) mm" in live.window.legend._cursor.text()


def test_levels_typed_in_are_manual_levels(live: Any) -> None:
    live.window.display.low.setValue(1000)
    live.window.display.high.setValue(3000)
    state = live.settle()
    assert state.picture.levels == (1000.0, 3000.0)
    assert not live.window.display.auto.isChecked()
    live.window.display.auto.click()
    assert live.settle().display.auto_levels


def test_levels_dragged_on_the_histogram_are_manual_levels(live: Any) -> None:
    live.window.display.histogram.drag_levels(500.0, 1500.0)
    state = live.settle()
    assert state.picture.levels == (500.0, 1500.0)
    assert live.window.display.low.value() == 500.0


def test_drawing_a_histogram_is_not_dragging_it(live: Any, ramp: Any) -> None:
    live.rig.session.deliver(ramp * 3)
    assert live.settle().display.auto_levels


def test_the_colour_map_can_be_chosen(live: Any) -> None:
    choice = live.window.display.colour_map
    choice.activated.emit(choice.findData("viridis"))
    live.settle()
    assert live.drawn_pixel(5, 7) == (253, 231, 37)


def test_a_region_is_drawn_and_read_at_its_place_on_the_panel(live: Any) -> None:
    samples = np.arange(6, dtype=np.uint16).reshape(2, 3) * 100 + 1
    live.rig.session.deliver(samples, sampling=Sampling(first_row=40, first_column=8))
    live.window.display.low.setValue(1)
    live.window.display.high.setValue(501)
    state = live.settle()
    assert state.picture.shape == (2, 3)
    assert live.drawn_pixel(41, 10) == (255, 255, 255)
    assert live.drawn_pixel(40, 8) == (0, 0, 0)
    image = live.window.image
    assert image.pixel_at(image.scene_position(41, 10)) == (1, 2)
    for beside in ((39, 10), (42, 10), (41, 7), (41, 11)):
        assert image.pixel_at(image.scene_position(*beside)) is None
    live.rig.controller.display.cursor = (1, 2)
    live.window.tick()
    text = live.window.legend._cursor.text()
    assert text.split() == ["row", "41", "col", "10", "raw", "501"]


def test_a_region_that_moves_is_drawn_at_its_new_place(live: Any) -> None:
    for first_row in (2, 0):
        sampling = Sampling(first_row=first_row)
        live.rig.session.deliver(np.ones((2, 3), np.uint16), sampling=sampling)
        live.settle()
        image = live.window.image
        assert image.pixel_at(image.scene_position(first_row, 0)) == (0, 0)


def test_the_pointer_reads_any_pixel_of_a_bin(live: Any) -> None:
    samples = np.arange(6, dtype=np.uint16).reshape(2, 3)
    live.rig.session.deliver(samples, sampling=Sampling(first_row=1, first_column=4, binning=2))
    live.settle()
    image = live.window.image
    for row, column in ((3, 6), (3, 7), (4, 6), (4.4, 7.4)):
        assert image.pixel_at(image.scene_position(row, column)) == (1, 1)
    live.rig.controller.display.cursor = (1, 1)
    live.window.tick()
    text = live.window.legend._cursor.text()
    assert text.split() == ["row", "3-4", "col", "6-7", "raw", "4"]


def test_a_cursor_that_a_smaller_picture_leaves_reads_nothing(live: Any) -> None:
    live.rig.controller.display.cursor = (5, 7)
    live.rig.session.deliver(np.ones((2, 3), np.uint16), sampling=Sampling(first_row=1))
    assert live.settle().cursor is None


def test_millimetres_are_of_the_middle_of_a_bin(live: Any) -> None:
    live.window.display.axes_mm.click()
    live.rig.controller.display.cursor = (1, 2)
    live.rig.session.deliver(np.ones((2, 3), np.uint16), sampling=Sampling(binning=2))
    live.settle()
    assert "(0.50, 0.90) mm" in live.window.legend._cursor.text()
