"""The controls of what is done to frames, and turned pictures on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fpxi_gui.processing_control import AveragingWay
from fpxi_imaging import Averaging, AveragingMode, Orientation, Processing, Scale

RUNNING = AveragingWay(AveragingMode.RUNNING)
BLOCK = AveragingWay(AveragingMode.BLOCK)
CORNERS = [(0, 0), (0, 7), (5, 0), (5, 7), (2, 3)]


@pytest.fixture
def corrected(live: Any, calibration: Any) -> Any:
    """A window that corrects."""
    live.rig.loaded[Path("cal.h5")] = calibration
    live.rig.controller.calibration.load(Path("cal.h5"))
    live.settle()
    return live


def test_averaging_reaches_the_pipeline(live: Any) -> None:
    panel = live.window.processing
    assert not panel.frames.isEnabled()
    panel.averaging.activated.emit(panel.averaging.findData("running"))
    live.settle()
    assert panel.frames.isEnabled()
    panel.frames.setValue(16)
    live.settle()
    assert live.rig.controller.processing.processing.averaging == Averaging.running(16)
    panel.averaging.activated.emit(panel.averaging.findData("off"))
    live.settle()
    assert live.rig.controller.processing.processing == Processing()


def test_more_frames_than_a_mode_can_hold_cannot_be_chosen(live: Any) -> None:
    panel = live.window.processing
    live.rig.controller.processing.set_averaging(RUNNING, 5)
    live.settle()
    panel.frames.setValue(5000)
    live.settle()
    assert live.rig.controller.processing.processing.averaging == Averaging.running(1000)
    live.rig.controller.processing.set_averaging(BLOCK, 9000)
    live.settle()
    assert panel.frames.value() == 9000


def test_going_on_to_a_mode_that_holds_fewer_frames_averages_as_many_as_it_can(live: Any) -> None:
    panel = live.window.processing
    live.rig.controller.processing.set_averaging(BLOCK, 9000)
    live.settle()
    panel.averaging.activated.emit(panel.averaging.findData("running"))
    live.settle()
    assert live.rig.controller.processing.processing.averaging == Averaging.running(1000)


def test_steps_of_the_correction_are_switched(corrected: Any) -> None:
    panel = corrected.window.processing
    assert panel.repair.isChecked()
    panel.zingers.click()
    panel.repair.click()
    panel.scale.activated.emit(panel.scale.findData(Scale.TRANSMISSION))
    corrected.settle()
    processing = corrected.rig.controller.processing.processing
    assert processing.zinger_sigma is not None
    assert not processing.repair
    assert processing.scale is Scale.TRANSMISSION
    assert not panel.lag.isEnabled()
    assert "step-off" in panel.lag.toolTip()


def test_a_raw_picture_offers_averaging_and_turning_alone(live: Any) -> None:
    panel = live.window.processing
    for widget in (panel.lag, panel.zingers, panel.repair, panel.scale):
        assert not widget.isEnabled()
    for widget in (panel.averaging, panel.flip_rows, panel.flip_columns, panel.rotate):
        assert widget.isEnabled()


def test_a_description_that_was_given_is_shown(corrected: Any) -> None:
    given = Processing(averaging=Averaging.block(5), scale=Scale.ATTENUATION, zinger_sigma=4.0)
    corrected.rig.controller.processing.set_processing(given)
    corrected.settle()
    panel = corrected.window.processing
    assert panel.averaging.currentText() == "block"
    assert panel.frames.value() == 5
    assert panel.scale.currentText() == "-ln transmission"
    assert panel.zingers.isChecked()
    assert corrected.rig.controller.processing.processing == given


@pytest.mark.parametrize(
    "orientation",
    [Orientation(flip_rows=True), Orientation(rotate_deg=90), Orientation(True, True, 270)],
    ids=str,
)
def test_a_turned_picture_is_drawn_turned_and_its_pixels_keep_their_numbers(
    live: Any, ramp: Any, orientation: Orientation
) -> None:
    before = [place_on_screen(live, *pixel) for pixel in CORNERS]
    live.rig.session.deliver(ramp + 1, processing=Processing(orientation=orientation))
    live.window.display.low.setValue(1)
    live.window.display.high.setValue(5008)
    live.settle()
    image = live.window.image
    for pixel in CORNERS:
        assert image.pixel_at(image.scene_position(*pixel)) == pixel
        level = int(256 * float(ramp[pixel]) / 5007)
        assert abs(live.drawn_pixel(*pixel)[0] - min(level, 255)) <= 1
    after = [place_on_screen(live, *pixel) for pixel in CORNERS]
    assert after != before
    marks = np.zeros(ramp.shape)
    marks[0, 0] = 1
    down, across = np.argwhere(turned_by_hand(marks, orientation))[0]
    others = [place_on_screen(live, *pixel) for pixel in CORNERS[:4]]
    first = others[0]
    assert (first[0] == min(each[0] for each in others)) == (across == 0)
    assert (first[1] == min(each[1] for each in others)) == (down == 0)


def turned_by_hand(image: Any, orientation: Orientation) -> Any:
    image = image[::-1] if orientation.flip_rows else image
    image = image[:, ::-1] if orientation.flip_columns else image
    return np.rot90(image, orientation.rotate_deg // 90)


def place_on_screen(live: Any, row: int, column: int) -> tuple[int, int]:
    place = live.window.image.scene_position(row, column)
    return round(place.x()), round(place.y())


def test_axes_of_a_rotated_picture_count_what_runs_along_them(live: Any, ramp: Any) -> None:
    turn = Processing(orientation=Orientation(rotate_deg=90))
    live.rig.session.deliver(ramp, processing=turn)
    live.settle()
    plot = live.window.image._plot
    assert plot.getAxis("bottom").labelText == "row"
    assert plot.getAxis("left").labelText == "column"
    live.rig.session.deliver(ramp)
    live.settle()
    assert plot.getAxis("bottom").labelText == "column"


def test_levels_are_written_as_finely_as_their_scale_asks_for(corrected: Any, ramp: Any) -> None:
    values = (ramp / 5000).astype(np.float32)
    corrected.rig.session.deliver(
        ramp, values=values, processing=Processing(scale=Scale.TRANSMISSION)
    )
    corrected.settle()
    display = corrected.window.display
    display.high.setValue(0.5432)
    display.low.setValue(0.1234)
    assert corrected.settle().picture.levels == (0.1234, 0.5432)
    assert display.histogram._plot.getAxis("bottom").labelText == "transmission"
    corrected.rig.controller.display.cursor = (2, 1)
    corrected.window.tick()
    assert "transmission  0.4002" in corrected.window.legend._cursor.text()


def test_the_notes_of_an_interpolation_are_shown(corrected: Any, ramp: Any) -> None:
    notes = corrected.window.correction.notes
    assert not notes.isVisible()
    corrected.rig.session.deliver(
        ramp, values=ramp.astype(np.float32), notes=("offset between 5 and 20 ms",)
    )
    corrected.settle()
    assert notes.text() == "offset between 5 and 20 ms"
    assert notes.isVisible()
