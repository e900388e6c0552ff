"""Loading, making and applying calibrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fpxi_gui.state import Level
from fpxi_readout.frame import Sampling

CAL = Path("cal.h5")


def test_a_loaded_calibration_is_applied_and_described(rig: Any, calibration: Any) -> None:
    rig.loaded[CAL] = calibration
    rig.controller.calibration.load(CAL)
    assert rig.controller.tick().correction.progress == "Loading cal.h5 …"
    correction = rig.settle().correction
    assert correction.corrected
    assert correction.calibration == "cal.h5"
    assert "1 ms" in correction.detail
    assert correction.progress == ""
    assert rig.controller.tick().message == "Loaded cal.h5."
    assert rig.session.pipeline.settings.calibration is calibration


def test_a_file_that_is_no_calibration_is_told_and_changes_nothing(rig: Any) -> None:
    rig.controller.calibration.load(CAL)
    state = rig.settle()
    assert state.message_level is Level.ERROR
    assert "no calibration" in state.message
    assert not state.correction.corrected


def test_raw_reaches_the_pipeline(rig: Any, calibration: Any) -> None:
    rig.loaded[CAL] = calibration
    rig.controller.calibration.load(CAL)
    rig.settle()
    rig.controller.calibration.set_corrected(False)
    settings = rig.session.pipeline.settings
    assert not settings.corrected
    assert settings.calibration is calibration


def test_why_a_picture_is_not_corrected_is_shown(rig: Any, ramp: Any) -> None:
    rig.session.deliver(ramp, notice="raw: calibrated at 1000 us, data at 2000 us")
    assert "2000 us" in rig.controller.tick().correction.notice


def test_a_calibration_of_other_conditions_is_named_while_the_picture_is_raw(
    rig: Any, calibration: Any, calibration_of_another_exposure: Any, ramp: Any
) -> None:
    rig.session.connect()
    rig.session.deliver(ramp)
    rig.session.pipeline.configure(calibration=calibration_of_another_exposure, corrected=True)
    assert "exposure: " in str(rig.controller.tick().correction.misfit)
    rig.session.pipeline.configure(corrected=False)
    assert rig.controller.tick().correction.misfit is None
    rig.session.pipeline.configure(calibration=calibration, corrected=True)
    assert rig.controller.tick().correction.misfit is None


def test_a_calibration_of_another_region_is_named_while_the_picture_is_raw(
    rig: Any, calibration: Any, ramp: Any
) -> None:
    rig.session.connect()
    rig.session.deliver(ramp, sampling=Sampling(first_row=1))
    rig.session.pipeline.configure(calibration=calibration, corrected=True)
    assert "calibrate that region" in str(rig.controller.tick().correction.misfit)


def test_a_run_asks_for_the_beam_and_goes_on_when_told(rig: Any) -> None:
    rig.controller.calibration.make(CAL, 12)
    off = rig.tick_until(lambda state: state.question is not None)
    assert off.question == "Switch the beam off."
    rig.controller.calibration.answer(True)
    on = rig.tick_until(lambda state: state.question is not None)
    assert on.question == "Switch the beam on."
    assert on.correction.progress == "Darks: 3 of 3"
    assert on.acquisition.busy
    rig.controller.calibration.answer(True)
    state = rig.settle()
    assert state.correction.calibration == "cal.h5"
    assert rig.session.pipeline.settings.calibration.dark_frames == 12


def test_a_run_that_is_cancelled_makes_no_calibration(rig: Any) -> None:
    rig.controller.calibration.make(CAL, 12)
    rig.tick_until(lambda state: state.question is not None)
    rig.controller.calibration.answer(False)
    state = rig.settle()
    assert "cancelled" in state.message
    assert state.correction.calibration == ""
    assert rig.session.pipeline.settings.calibration is None


def test_a_refresh_renews_the_offset_and_says_how_far_it_had_drifted(
    rig: Any, calibration: Any
) -> None:
    rig.controller.calibration.refresh(9)
    assert not rig.controller.busy, "there is no calibration to refresh"
    rig.loaded[CAL] = calibration
    rig.controller.calibration.load(CAL)
    rig.settle()
    rig.controller.calibration.refresh(9)
    asked = rig.tick_until(lambda state: state.question is not None)
    assert asked.question == "Close the shutter."
    rig.controller.calibration.answer(True)
    rig.settle()
    state = rig.controller.tick()
    assert state.message == "the offset has drifted by 7 counts, by 9 darks of cal.h5"
    assert state.correction.calibration == "cal.h5"
    assert len(rig.session.pipeline.settings.calibration.refreshes) == 1
    assert "drifted by 7 counts" in state.correction.detail.replace("\n    ", " ")


def test_closing_ends_a_run_that_waits_for_an_answer(rig: Any) -> None:
    rig.controller.calibration.make(CAL, 12)
    rig.tick_until(lambda state: state.question is not None)
    rig.controller.close()
    rig.tick_until(lambda _: not rig.controller.busy)


def test_the_scene_is_changed_off_the_gui_thread(rig: Any) -> None:
    rig.controller.scene.set_beam(False)
    rig.controller.scene.set_object("edge")
    rig.controller.scene.set_tube("W:70kV")
    rig.controller.scene.set_dose_rate(1e-3)
    rig.settle()
    scene = rig.controller.tick().scene
    assert (scene.beam_on, scene.object_name, scene.tube) == (False, "edge", "W:70kV")
    assert scene.dose_rate_Gy_per_s == 1e-3


def test_a_real_device_has_no_scene(rig: Any) -> None:
    rig.session.scene = None
    rig.controller.scene.set_beam(False)
    assert rig.controller.tick().scene is None


def test_a_run_that_asks_after_closing_ends(rig: Any) -> None:
    rig.controller.calibration.close()
    rig.controller.calibration.make(CAL, 12)
    assert "cancelled" in rig.settle().message
