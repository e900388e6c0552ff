"""The window on a fake session: what is drawn, and what the user's acts lead to."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fpxi.connection import ConnectionState
from fpxi_gui.application import make_application
from fpxi_gui.render import FLAG_COLOURS
from fpxi_gui.settings import Settings
from fpxi_gui.state import Level
from fpxi_gui.window import ViewerWindow
from fpxi_imaging.flags import PixelFlag
from fpxi_readout.errors import FpxiError
from PySide6.QtCore import QPointF, QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication


@pytest.fixture
def live(viewer: Any, ramp: Any) -> Any:
    """A viewer that is connected and has drawn a frame."""
    viewer.rig.session.connect()
    viewer.rig.session.deliver(ramp)
    viewer.settle()
    return viewer


def drawn_pixel(viewer: Any, row: int, column: int) -> tuple[int, int, int]:
    """Return the colour on the screen at the centre of a pixel."""
    view = viewer.window.image._plot
    place = view.mapFromScene(viewer.window.image.scene_position(row, column))
    image: QImage = view.grab().toImage()
    scale = image.devicePixelRatio()
    colour = image.pixelColor(round(place.x() * scale), round(place.y() * scale))
    return colour.red(), colour.green(), colour.blue()


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
    samples = np.zeros((6, 8), np.uint16)
    samples[1, 6] = 100
    live.window.display.low.setValue(0)
    live.window.display.high.setValue(100)
    live.rig.session.deliver(samples)
    live.settle()
    assert drawn_pixel(live, 1, 6) == (255, 255, 255)
    assert drawn_pixel(live, 1, 5) == (0, 0, 0)
    assert drawn_pixel(live, 4, 1) == (0, 0, 0)


def test_row_0_is_at_the_top_and_pixels_are_square(live: Any) -> None:
    image = live.window.image
    corner, right, below = (image.scene_position(*at) for at in ((0, 0), (0, 1), (1, 0)))
    assert below.y() > corner.y()
    assert right.x() > corner.x()
    assert below.y() - corner.y() == pytest.approx(right.x() - corner.x(), rel=1e-6)


def test_a_row_that_never_arrived_is_drawn_in_its_signal_colour(live: Any, ramp: Any) -> None:
    live.rig.session.deliver(ramp, row_received=np.array([True] * 3 + [False] + [True] * 2))
    live.settle()
    assert drawn_pixel(live, 3, 4) == FLAG_COLOURS[PixelFlag.MISSING]
    assert drawn_pixel(live, 2, 4) != FLAG_COLOURS[PixelFlag.MISSING]


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
    assert drawn_pixel(live, 5, 7) == (253, 231, 37)


def test_an_edited_parameter_is_set_and_shown(live: Any) -> None:
    field = live.window.device.settings.editor("exposure_us")
    assert field.value() == 1000
    field.setValue(5000)
    live.settle()
    assert live.rig.session.source.calls == ["set exposure_us 5000"]
    assert field.value() == 5000


def test_a_refused_parameter_reverts_and_says_why(live: Any) -> None:
    live.rig.session.source.refusals["bias_mV"] = "the supply says no"
    field = live.window.device.settings.editor("bias_mV")
    field.setValue(700)
    live.settle()
    assert field.value() == 0
    assert live.window.device.refusals.text() == "the supply says no"
    assert live.window.device.refusals.isVisible()
    assert field.property("refused") is True


def test_the_same_value_refused_twice_reverts_twice(live: Any) -> None:
    live.rig.session.source.refusals["bias_mV"] = "no"
    field = live.window.device.settings.editor("bias_mV")
    for _ in range(2):
        field.setValue(700)
        live.settle()
        assert field.value() == 0


def test_a_value_that_only_shows_is_not_set(live: Any) -> None:
    live.rig.session.source.known["exposure_us"] = 1234
    live.settle()
    assert live.window.device.settings.editor("exposure_us").value() == 1234
    assert live.rig.session.source.calls == []


def test_what_is_being_typed_is_left_alone(live: Any) -> None:
    field = live.window.device.settings.editor("exposure_us")
    live.window.activateWindow()
    field.setFocus()
    field.lineEdit().setText("77")
    assert field.being_edited
    live.rig.session.source.known["exposure_us"] = 1234
    live.window.tick()
    assert field.lineEdit().text() == "77"


def test_named_values_are_chosen_by_name(live: Any) -> None:
    settings = live.window.device.settings
    gain, trigger = settings.editor("gain_setting"), settings.editor("trigger_mode")
    assert [gain.itemText(place) for place in range(gain.count())] == ["0.5 pC", "1.2 pC"]
    assert trigger.itemText(1) == "software"
    gain.activated.emit(1)
    live.settle()
    assert live.rig.session.source.calls == ["set gain_setting 1"]


def test_a_parameter_for_the_stopped_panel_waits_for_the_stop(live: Any) -> None:
    settings = live.window.device.settings
    assert settings.editor("trigger_mode").isEnabled()
    live.window.controls.run.trigger()
    live.settle()
    assert not settings.editor("trigger_mode").isEnabled()
    assert settings.editor("exposure_us").isEnabled()


def test_readings_carry_units_and_names(live: Any) -> None:
    readings = live.window.device.readings
    assert readings.text("temperature_mC") == "25.0 °C"
    assert readings.text("state") == "idle"


def test_the_run_button_starts_and_stops(live: Any) -> None:
    live.window.controls.run.trigger()
    live.settle()
    assert live.window.controls.run.text() == "Stop"
    live.window.controls.run.trigger()
    live.settle()
    assert live.window.controls.run.text() == "Start"
    assert live.rig.session.source.calls == ["start 0 live", "stop"]


def test_the_trigger_button_works_only_in_software_trigger_mode(live: Any) -> None:
    assert not live.window.controls.trigger.isEnabled()
    trigger_mode = live.window.device.settings.editor("trigger_mode")
    trigger_mode.activated.emit(1)
    live.settle()
    live.window.controls.run.trigger()
    live.settle()
    live.window.controls.trigger.trigger()
    live.settle()
    assert live.rig.session.source.calls[-1] == "software_trigger"


def test_reliable_delivery_can_be_chosen_while_stopped(live: Any) -> None:
    delivery = live.window.controls.delivery
    delivery.activated.emit(1)
    live.window.controls.run.trigger()
    live.settle()
    assert live.rig.session.source.calls == ["start 0 reliable"]
    assert not delivery.isEnabled()


def test_recording_asks_for_a_file_and_is_stopped_by_the_same_button(
    live: Any, tmp_path: Path
) -> None:
    live.dialogs.path = tmp_path / "run.h5"
    live.window.controls.frames.setValue(25)
    live.window.controls.record.trigger()
    live.settle()
    made = live.rig.session.recordings[0]
    assert (made.path, made.frames) == (tmp_path / "run.h5", 25)
    assert live.window.controls.record.text() == "Stop recording"
    made.frames_written = 4
    live.settle()
    assert "4 frames" in live.window.controls.recording.text()
    live.window.controls.record.trigger()
    live.settle()
    live.settle()
    assert live.window.controls.record.text() == "Record …"


def test_no_file_no_recording(live: Any) -> None:
    live.window.controls.record.trigger()
    live.settle()
    assert live.rig.session.recordings == []


def test_a_recording_that_fails_shows_a_banner(live: Any, tmp_path: Path) -> None:
    live.dialogs.path = tmp_path / "run.h5"
    live.window.controls.record.trigger()
    live.settle()
    made = live.rig.session.recordings[0]
    made.error, made.finished = FpxiError("the disk is full"), True
    live.settle()
    shown = [bar.banner for bar in live.window.banners.bars if bar.isVisible()]
    assert [banner.title for banner in shown] == ["The recording has failed"]
    assert live.window.controls.recording.text().startswith("Failed")


def test_closing_during_a_recording_asks_first(live: Any, tmp_path: Path) -> None:
    live.dialogs.path = tmp_path / "run.h5"
    live.window.controls.record.trigger()
    live.settle()
    live.dialogs.agree = False
    assert not live.window.close()
    live.dialogs.agree = True
    assert live.window.close()


def test_raw_and_corrected_are_switched(live: Any, calibration: Any) -> None:
    panel = live.window.correction
    assert not panel.corrected.isEnabled()
    live.rig.loaded[Path("cal.h5")] = calibration
    live.dialogs.path = Path("cal.h5")
    panel.load.click()
    live.settle()
    assert panel.corrected.isChecked()
    assert panel.calibration.text() == "cal.h5"
    panel.raw.click()
    assert not live.settle().correction.corrected
    live.window._toggle_corrected()
    assert live.settle().correction.corrected


def test_a_mismatch_of_conditions_is_written_under_the_switch(live: Any, ramp: Any) -> None:
    live.rig.session.deliver(ramp, notice="raw: the exposure differs")
    live.settle()
    assert live.window.correction.notice.text() == "raw: the exposure differs"
    assert live.window.correction.notice.isVisible()


def test_a_calibration_run_asks_by_dialog(live: Any) -> None:
    live.dialogs.path = Path("new.h5")
    live.window.correction.make.click()
    live.rig.tick_until(lambda state: state.question is not None)
    live.window.tick()
    live.rig.tick_until(lambda state: state.question is not None)
    live.window.tick()
    live.settle()
    assert live.dialogs.asked[1:] == ["Switch the beam off.", "Switch the beam on."]
    assert live.window.correction.calibration.text() == "new.h5"


def test_averaging_reaches_the_pipeline(live: Any) -> None:
    live.window.correction.averaging.setValue(16)
    assert live.rig.session.pipeline.settings.averaging_frames == 16


def test_the_scene_is_shown_and_changed(live: Any) -> None:
    scene = live.window.scene
    assert scene.isVisibleTo(live.window)
    scene.beam.click()
    scene.object.activated.emit(scene.object.findData("edge"))
    scene.dose_rate.setValue(120)
    live.settle()
    fake = live.rig.session.scene
    assert (fake.beam_on, fake.object) == (False, "edge")
    assert fake.dose_rate == pytest.approx(120e-6)


def test_an_image_file_can_be_put_in_the_beam(live: Any) -> None:
    live.dialogs.path = Path("bird.png")
    scene = live.window.scene
    scene.object.activated.emit(scene.object.findText("Image file …"))
    live.settle()
    assert live.rig.session.scene.object == "bird.png"
    assert scene.object.currentText() == "bird.png"


def test_a_real_device_has_no_scene_panel(viewer: Any) -> None:
    viewer.rig.session.scene = None
    viewer.rig.session.connect()
    viewer.settle()
    assert not viewer.window.scene.isVisibleTo(viewer.window)


def test_an_unplugged_device_leaves_a_usable_window_that_recovers(live: Any, ramp: Any) -> None:
    session = live.rig.session
    session.set_connection(ConnectionState.RECONNECTING, FpxiError("unplugged"), 2)
    live.settle()
    shown = live.window.banners.bars[0]
    assert shown.isVisible()
    assert "attempt 2" in shown.banner.text
    assert not live.window.controls.run.isEnabled()
    live.window.display.colour_map.activated.emit(2)
    assert live.settle().picture.colour_map == "viridis"
    session.connect()
    session.deliver(ramp + 5)
    live.settle()
    assert not shown.isVisible()
    assert live.window.controls.run.isEnabled()
    assert live.window.pictures_drawn == 3


def test_a_device_with_other_parameters_builds_the_panel_anew(live: Any) -> None:
    from dataclasses import replace

    old = live.window.device.settings
    known = live.rig.session.dictionary
    fewer = {n: i for n, i in known.parameters.items() if n != "bias_mV"}
    live.rig.session.dictionary = replace(known, parameters=fewer)
    live.settle()
    assert live.window.device.settings is not old
    with pytest.raises(KeyError):
        live.window.device.settings.editor("bias_mV")


def test_losses_are_coloured_and_skips_are_not(live: Any) -> None:
    from dataclasses import replace

    session = live.rig.session
    session.link = replace(session.link, frames_lost=1, rows_lost=6)
    session.counted["preview_skipped"] = 9
    live.settle()
    assert live.window.status.text("lost") == "1 frames, 6 rows lost"
    assert live.window.status.text("not_drawn") == "9 not drawn"
    assert live.window.status._labels["lost"].styleSheet() != ""


def test_a_message_floats_over_the_image(live: Any) -> None:
    live.rig.controller.report("something is wrong")
    live.settle()
    assert live.window._toast.isVisible()
    assert live.window._toast.text() == "something is wrong"


@pytest.mark.parametrize(
    ("key", "flag"), [(Qt.Key.Key_D, "mark_defects"), (Qt.Key.Key_M, "axes_mm")]
)
def test_keys_change_the_display(live: Any, key: Qt.Key, flag: str) -> None:
    live.window.activateWindow()
    live.window.image.setFocus()
    QApplication.processEvents()
    QTest.keyClick(live.window, key)
    assert getattr(live.rig.controller.display, flag)


def test_the_space_key_starts(live: Any) -> None:
    live.window.activateWindow()
    QApplication.processEvents()
    QTest.keyClick(live.window, Qt.Key.Key_Space)
    live.settle()
    assert live.rig.session.source.calls == ["start 0 live"]


def test_help_lists_the_keys(live: Any) -> None:
    live.window._show_help()
    assert "Space" in live.dialogs.asked[-1]


def test_reset_asks_first(live: Any) -> None:
    live.dialogs.agree = False
    live.window.device.reset.click()
    live.settle()
    assert live.rig.session.source.calls == []
    live.dialogs.agree = True
    live.window.device.reset.click()
    live.settle()
    assert live.rig.session.source.calls == ["reset"]


def test_zooming_in_and_back_shows_the_whole_image(live: Any) -> None:
    image = live.window.image
    image._box.scaleBy((0.1, 0.1))
    image.reset_zoom()
    (left, right), (top, bottom) = image._box.viewRange()
    assert left <= -0.5
    assert right >= 7.5
    assert top <= -0.5
    assert bottom >= 5.5


def test_the_colour_map_is_remembered(rig: Any, tmp_path: Path) -> None:
    make_application()
    file = str(tmp_path / "viewer.ini")
    first = ViewerWindow(rig.controller, Settings(QSettings(file, QSettings.Format.IniFormat)))
    rig.controller.display.colour_map = "inferno"
    first.close()
    rig.controller.display.colour_map = "grey"
    again = ViewerWindow(rig.controller, Settings(QSettings(file, QSettings.Format.IniFormat)))
    assert rig.controller.display.colour_map == "inferno"
    again.dispose()
    first.dispose()


def test_settings_of_another_version_are_left_alone(rig: Any, tmp_path: Path) -> None:
    make_application()
    store = QSettings(str(tmp_path / "viewer.ini"), QSettings.Format.IniFormat)
    store.setValue("colour_map", "no such map")
    store.setValue("geometry", "nonsense")
    window = ViewerWindow(rig.controller, Settings(store))
    assert rig.controller.display.colour_map == "grey"
    window.dispose()


def test_thousands_of_redraws_do_not_grow_the_memory(live: Any, ramp: Any) -> None:
    def resident_kib() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4

    def redraw(times: int) -> None:
        for turn in range(times):
            live.rig.session.deliver(ramp + turn % 7)
            live.window.tick()
            if turn % 20 == 0:
                QApplication.processEvents()
        gc.collect()

    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc to see the resident memory")
    redraw(300)
    before = resident_kib()
    redraw(2000)
    assert resident_kib() - before < 20_000
    assert live.window.pictures_drawn == 2301


def test_the_level_of_a_banner_gives_its_colour(live: Any) -> None:
    live.rig.session.set_connection(ConnectionState.FAILED, FpxiError("no"), 1)
    live.settle()
    assert live.window.banners.bars[0].banner.level is Level.ERROR
    assert "e5534b" in live.window.banners.bars[0].styleSheet()
