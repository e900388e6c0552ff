"""The scene changes at run time, from the next frame on."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim.errors import (
    BadValueError,
    ObjectError,
    RecordedFramesError,
    UnphysicalError,
)
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.specification import SimulationSpecification


@pytest.fixture
def scene() -> Scene:
    return Scene(SimulationSpecification.from_url("sim:tft64?dose_rate=2e-6"))


def test_the_dose_rate_holds_while_the_beam_is_on_and_wanted(scene: Scene) -> None:
    assert scene.state.rate_Gy_s(10_000) == 2e-6
    scene.dose_rate = 4e-6
    assert scene.state.rate_Gy_s(5_000) == 4e-6
    assert scene.state.rate_Gy_s(0) == 0
    scene.beam_on = False
    assert scene.state.rate_Gy_s(10_000) == 0


def test_a_dose_for_each_exposure_does_not_depend_on_its_length() -> None:
    scene = Scene(SimulationSpecification.from_url("sim:tft64?dose=50e-6"))
    for beam_us in (10_000, 1_000_000):
        assert scene.state.rate_Gy_s(beam_us) * beam_us * 1e-6 == pytest.approx(50e-6)
    scene.dose_rate = 4e-6
    assert scene.state.rate_Gy_s(10_000) == 4e-6


def test_another_tube_keeps_the_dose_rate_and_sees_through_more(scene: Scene) -> None:
    soft = scene.state.projection.at(0).brightness.min()
    scene.tube = "W:120kV:Al 2.5mm"
    assert scene.tube == "W:120kV:Al 2.5mm"
    assert scene.dose_rate == 2e-6
    assert scene.state.projection.at(0).brightness.min() > soft
    with pytest.raises(BadValueError, match="kV"):
        scene.tube = "120"
    assert scene.tube == "W:120kV:Al 2.5mm"


def test_another_tube_has_photons_of_its_own_whatever_was_published_of_the_first() -> None:
    name, tube = "tft64-ba2ma9pb10i31", "W:50kV:Be 0.127mm+SiO2 26mm"
    specification = SimulationSpecification.from_url(f"sim:{name}?object=none")
    published = specification.preset.beam.photons_per_Gy_cm2
    assert published == 6.22e12
    scene = Scene(specification)
    assert scene.state.preset.beam.spectrum().photons_total == pytest.approx(published)
    scene.tube = tube
    asked = Scene(SimulationSpecification.from_url(f"sim:{name}?object=none&tube={tube}"))
    for changed in (scene, asked):
        assert changed.state.preset.beam.spectrum().photons_total == pytest.approx(
            2.24e12, rel=0.02
        )


@pytest.mark.parametrize(
    "setting",
    [
        "object=bars:lp_mm=1e9@rotate",
        "magnification=1e6",
        "magnification=2&focal_spot_um=130000",
        "tube=W:50kV:lead 1000mm",
        "mA=1e5&distance_mm=1&tube=W:250kV",
    ],
)
def test_what_cannot_be_is_refused_before_a_frame_is_read(setting: str) -> None:
    with pytest.raises(UnphysicalError):
        Scene(SimulationSpecification.from_url(f"sim:tft64?{setting}"))


def brightness(settings: str) -> np.ndarray:
    specification = SimulationSpecification.from_url(f"sim:tft64?without=sharing&{settings}")
    return np.asarray(Scene(specification).state.projection.at(0).brightness)


def test_the_beam_of_a_near_tube_is_weaker_at_the_corners() -> None:
    near = brightness("object=none&distance_mm=20")
    # Corners are 6.4 mm off in both directions; the cosine of their angle, cubed.
    expected = (1 + 2 * (6.3 / 20) ** 2) ** -1.5
    assert near[0, 0] / near[32, 32] == pytest.approx(expected, rel=0.01)


def test_a_focal_spot_paints_edges_as_wide_as_its_penumbra() -> None:
    edge = "object=edge:angle_deg=0&magnification=2&focal_spot_um="
    sharp, soft = (brightness(f"{edge}{spot}")[32] for spot in (0, 1000))
    between = [int(np.count_nonzero((row > 0.02) & (row < 0.98))) for row in (sharp, soft)]
    assert between == [0, 6]  # 1 mm is five pixels, about a boundary between two
    assert soft.sum() == pytest.approx(sharp.sum(), rel=1e-3)


def test_a_state_once_taken_does_not_change(scene: Scene) -> None:
    before = scene.state
    scene.beam_on = False
    scene.object = "none"
    assert before.beam_on
    assert before.object == "letters-caep"
    assert scene.state.projection is not before.projection


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


@pytest.mark.parametrize(("name", "bias_mV"), [("tft64", 0), ("cmos32-cspbbr3", -100_000)])
def test_a_scene_knows_the_bias_that_its_panel_asks_for(name: str, bias_mV: int) -> None:
    assert Scene(SimulationSpecification.from_url(f"sim:{name}")).wanted_bias_mV == bias_mV


def test_a_fixed_dose_of_each_exposure_can_be_set_and_ended(scene: Scene) -> None:
    assert scene.dose is None
    scene.dose = 1e-6
    assert scene.dose == 1e-6
    assert scene.state.rate_Gy_s(1000) == pytest.approx(1e-3)
    scene.dose = None
    assert scene.state.rate_Gy_s(1000) == 2e-6
    with pytest.raises(BadValueError):
        scene.dose = -1.0
