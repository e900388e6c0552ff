"""What the user does in the panels, and what it leads to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fpxi.connection import ConnectionState
from fpxi_gui.parameter_text import parameter_title
from fpxi_gui.status_bar import status_texts
from fpxi_readout.errors import FpxiError


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


def test_a_panel_says_at_which_bias_it_works(live: Any) -> None:
    panel = live.window.scene
    assert not panel.wanted_bias.isVisibleTo(live.window)
    live.rig.session.scene.wanted_bias_mV = -3275
    live.settle()
    assert panel.wanted_bias.isVisibleTo(live.window)
    assert panel.wanted_bias.text() == "works at -3275 mV"


def test_the_highest_dose_rate_fits_into_its_field(live: Any) -> None:
    field = live.window.scene.dose_rate
    field.show_value(field.maximum())
    line = field.lineEdit()
    assert line.fontMetrics().horizontalAdvance("1,000,000.00") + 4 <= line.contentsRect().width()


def test_a_recording_that_is_played_offers_nothing_to_set(viewer: Any, ramp: Any) -> None:
    viewer.rig.session.url = "file:run.h5"
    viewer.rig.session.connect()
    viewer.rig.session.deliver(ramp)
    viewer.settle()
    device = viewer.window.device
    for setting in ("exposure_us", "gain_setting", "bias_mV", "trigger_mode"):
        assert not device.settings.editor(setting).isEnabled()
    assert not device.save.isEnabled()
    assert not device.reset.isEnabled()
    assert not device.readings.isEnabled()
    assert not viewer.window.correction.make.isEnabled()
    assert viewer.window.status.text("link_rate") == ""
    assert device.settings.editor("exposure_us").value() == 1000


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("exposure_us", "Exposure"),
        ("bias_ramp_mV_s", "Bias ramp"),
        ("aec_block_size", "AEC block size"),
        ("average_log2", "Average"),
        ("cds", "CDS"),
    ],
)
def test_parameters_have_titles_without_units(live: Any, name: str, title: str) -> None:
    assert (
        parameter_title(replace(live.rig.session.dictionary.parameters["exposure_us"], name=name))
        == title
    )


def test_a_panel_offers_its_settings(live: Any) -> None:
    device = live.window.device
    assert device.settings.editor("exposure_us").isEnabled()
    assert device.save.isEnabled()
    assert device.reset.isEnabled()
    assert live.window.correction.make.isEnabled()
    assert live.window.status.text("link_rate") != ""


def test_longer_figures_get_their_room_at_once(live: Any) -> None:
    bar = live.window.status
    bar.show_status(replace(bar._shown, frame_rate_hz=1.1))
    live.settle()
    bar.show_status(replace(bar._shown, frame_rate_hz=12345.6))
    label = bar._labels["rate"]
    assert label.text() == "12345.6 frames/s"
    assert label.width() >= label.sizeHint().width()


def test_no_byte_rate_is_shown_before_the_first_frame(live: Any) -> None:
    status = replace(live.window.status._shown, link_rate_Bps=500.0)
    assert status_texts(replace(status, frames_received=0))["link_rate"] == ""
    assert status_texts(replace(status, frames_received=1))["link_rate"] == "0.5 kB/s"


def test_readings_are_grey_without_a_connection(live: Any) -> None:
    assert live.window.device.readings.isEnabled()
    live.rig.session.set_connection(ConnectionState.RECONNECTING, FpxiError("unplugged"), 1)
    live.settle()
    assert not live.window.device.readings.isEnabled()


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


def test_settings_stand_in_groups_that_a_click_shows_and_hides(live: Any) -> None:
    settings = live.window.device.settings
    exposure, baud = settings.editor("exposure_us"), settings.editor("baud")
    assert exposure.isVisible()
    assert not baud.isVisible()
    settings.heading("baud").click()
    settings.heading("exposure_us").click()
    assert baud.isVisible()
    assert not exposure.isVisible()


def test_a_setting_that_only_a_newer_device_knows_is_shown_as_other(live: Any) -> None:
    settings = live.window.device.settings
    assert settings.heading("novelty").text() == "Other"
    assert settings.editor("novelty").isVisible()


def test_a_group_with_a_value_that_is_not_the_default_opens(viewer: Any) -> None:
    viewer.rig.session.source.known["region_rows"] = 3
    viewer.rig.session.connect()
    viewer.settle()
    settings = viewer.window.device.settings
    assert settings.editor("region_rows").isVisible()
    assert not settings.editor("baud").isVisible()


def test_a_group_that_was_closed_stays_closed(live: Any) -> None:
    settings = live.window.device.settings
    settings.heading("exposure_us").click()
    live.rig.session.source.known["exposure_us"] = 1234
    live.settle()
    assert not settings.editor("exposure_us").isVisible()


def test_a_power_of_two_is_chosen_by_what_it_is(live: Any) -> None:
    average = live.window.device.settings.editor("average_log2")
    assert [average.itemText(place) for place in range(average.count())] == ["1", "2", "4", "8"]
    average.activated.emit(3)
    live.settle()
    assert live.rig.session.source.calls == ["set average_log2 3"]
