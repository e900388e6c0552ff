"""The scene changes at run time, from the next frame on."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim.errors import BadValueError, ObjectError, RecordedFramesError
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.specification import SimulationSpecification


@pytest.fixture
def scene() -> Scene:
    return Scene(SimulationSpecification.from_url("sim:tft64?dose_rate=2e-6"))


def test_dose_is_rate_times_exposure_while_the_beam_is_on(scene: Scene) -> None:
    assert scene.state.dose_Gy(10_000) == pytest.approx(2e-8)
    scene.dose_rate = 4e-6
    assert scene.state.dose_Gy(5_000) == pytest.approx(2e-8)
    scene.beam_on = False
    assert scene.state.dose_Gy(10_000) == 0


def test_a_state_once_taken_does_not_change(scene: Scene) -> None:
    before = scene.state
    scene.beam_on = False
    scene.object = "none"
    assert before.beam_on
    assert before.object == "letters-caep"
    assert scene.state.transmission.min() == 1


def test_recorded_frames_can_be_put_in_and_taken_out(scene: Scene, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((8, 8), np.uint16))
    scene.play(str(tmp_path / "a.npy"), place=(0, 0), at_end="hold")
    assert scene.state.recorded is not None
    scene.stop_playing()
    assert scene.state.recorded is None


@pytest.mark.parametrize("dose_rate", [-1e-9, math.inf, math.nan])
def test_an_impossible_dose_rate_is_refused_and_the_old_one_stays(
    scene: Scene, dose_rate: float
) -> None:
    with pytest.raises(BadValueError):
        scene.dose_rate = dose_rate
    assert scene.dose_rate == 2e-6


def test_an_unknown_object_is_refused_and_the_old_one_stays(scene: Scene) -> None:
    with pytest.raises(ObjectError):
        scene.object = "gold"
    assert scene.object == "letters-caep"


def test_a_flaw_in_the_urls_scene_is_found_before_anything_runs() -> None:
    with pytest.raises(ObjectError):
        Scene(SimulationSpecification.from_url("sim:tft64?object=gold"))
    with pytest.raises(RecordedFramesError):
        Scene(SimulationSpecification.from_url("sim:tft64?frames=absent.npy"))
