"""From a recording whose beam goes off to the lag, through file, session and simulated panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fpxi
import h5py
import numpy as np
import pytest
from fpxi.calibration import calibration_from_recordings
from fpxi.calibration.errors import MixedConditionsError
from fpxi.calibration.ghosting_run import ghosting_from_recordings
from fpxi.calibration.lag_run import after_exposure_from_recordings, lag_from_recording
from fpxi.calibration.lagging import with_lag
from fpxi.errors import FrameSelectionError
from fpxi.recording.file import RecordingFile
from fpxi.statistics import NOTHING
from fpxi_imaging import (
    Calibration,
    CalibrationMismatchError,
    DefectClass,
    Grade,
    ShapeMismatchError,
    Tolerances,
)
from fpxi_imaging.lag.errors import AveragedExposuresError, NoStepError, TooFewLagFramesError

LIT, FRAMES = 150, 400
URL = "sim:cmos32?time=virtual&object=none&beam=off"


@dataclass(frozen=True)
class Run:
    dark: Path
    flat: Path
    step_off: Path
    calibration: Calibration


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Darks, flats, and a recording that begins in the dark, has 150 lit frames and 200 after."""
    folder = tmp_path_factory.mktemp("lag")
    dark, flat, step_off = (folder / f"{name}.h5" for name in ("dark", "flat", "step"))
    with fpxi.open(URL) as session:
        scene = session.scene
        assert scene is not None
        session.set("exposure_us", 5000)
        session.capture(40, dark, image_key=fpxi.ImageKey.DARK)

        def see_to_beam(frames: int) -> None:
            scene.beam_on = 30 <= frames < 30 + LIT

        session.capture(FRAMES, step_off, progress=see_to_beam)
        scene.beam_on = True
        session.capture(40, flat, image_key=fpxi.ImageKey.FLAT)
    return Run(dark, flat, step_off, calibration_from_recordings(dark, flat))


def test_the_lag_of_the_panel_is_found(run: Run) -> None:
    done: list[tuple[int, int]] = []
    found = lag_from_recording(
        run.step_off, run.calibration, progress=lambda now, total: done.append((now, total))
    )
    model = found.model
    truth = 0.004 * 2 * (1 - np.exp(-0.5)) + 0.002
    assert model.first_frame(0.005) == pytest.approx(truth, rel=0.06)
    assert model.components == 2
    assert model.exposure_s == pytest.approx(LIT * 0.005, rel=0.3)
    assert done[0] == (1, 3 * FRAMES)
    assert all(now <= total for now, total in done)


def test_the_first_frame_after_the_exposure_shows_the_lagging_pixels(run: Run) -> None:
    offset = run.calibration.darks[0].mean
    once = after_exposure_from_recordings(run.step_off, offset)
    twice = after_exposure_from_recordings([run.step_off, run.step_off], offset)
    assert (once.steps, twice.steps) == (1, 2)
    np.testing.assert_array_equal(once.mean, twice.mean)
    level = lag_from_recording(run.step_off, run.calibration).level
    lag = once.mean[np.isfinite(once.mean)]
    assert np.median(lag) == pytest.approx(0.005 * level, rel=0.2)
    assert np.sort(lag)[-2] > 4 * np.median(lag)


def test_a_calibration_takes_lag_and_lagging_pixels_from_a_step_off(run: Run) -> None:
    made = calibration_from_recordings(run.dark, run.flat, step_off=run.step_off)
    assert made.lag is not None
    assert made.lag.components == 2
    assert run.calibration.lag is None
    lagging, before = (
        np.count_nonzero(each.defects.classes & DefectClass.PERSISTENT)
        for each in (made, run.calibration)
    )
    assert (lagging > 0, before) == (True, 0)
    assert [source.role.value for source in made.sources] == ["dark", "flat", "step-off"]
    assert made.sources[-1].frames == tuple(range(FRAMES))
    (level,) = [each for each in made.verdicts if each.check == "lag level"]
    target = made.gains[0].levels[-1].target
    assert f"the flats have {target:.0f}" in level.text
    assert made.agreement is not None


def test_how_long_the_beam_had_been_on_can_be_told(run: Run) -> None:
    made = calibration_from_recordings(
        run.dark, run.flat, step_off=run.step_off, lag_exposure_s=60.0
    )
    assert made.lag is not None
    assert made.lag.exposure_s == 60.0
    (exposure,) = [each for each in made.verdicts if each.check == "lag exposure"]
    assert exposure.grade is Grade.GOOD


def test_lagging_pixels_are_judged_by_the_noise_of_that_frame_and_of_its_dark(run: Run) -> None:
    given: dict[str, Any] = {}

    def build(**evidence: Any) -> Calibration:
        given.update(evidence)
        return run.calibration

    with_lag(run.calibration, build, run.step_off, Tolerances(), None)
    (dark,) = run.calibration.darks
    expected = dark.noise * np.sqrt(1 + 1 / dark.frames)
    np.testing.assert_allclose(given["after_exposure_noise"], expected, rtol=1e-6)


def test_a_step_off_without_frames_is_refused(run: Run, tmp_path: Path) -> None:
    with fpxi.read_recording(run.dark) as reader:
        RecordingFile(tmp_path / "none.h5", reader.facts).finish(NOTHING, "stopped")
    with pytest.raises(FrameSelectionError, match="step-off"):
        calibration_from_recordings(run.dark, run.flat, step_off=tmp_path / "none.h5")


def test_a_recording_without_a_step_off_is_refused(run: Run) -> None:
    with pytest.raises(NoStepError):
        lag_from_recording(run.flat, run.calibration)
    with pytest.raises(NoStepError):
        after_exposure_from_recordings(run.dark, run.calibration.darks[0].mean)
    with pytest.raises(TooFewLagFramesError):
        after_exposure_from_recordings([], run.calibration.darks[0].mean)


def test_an_offset_of_another_region_is_refused(run: Run) -> None:
    with pytest.raises(ShapeMismatchError):
        after_exposure_from_recordings(run.step_off, np.zeros((3, 4), np.float32))


@pytest.fixture
def changed(run: Run, tmp_path: Path) -> Callable[[str, slice, float], Path]:
    """Return a maker of copies of the step-off in which a column's values are others."""

    def change(column: str, frames: slice, value: float) -> Path:
        copy = tmp_path / "changed.h5"
        copy.write_bytes(run.step_off.read_bytes())
        with h5py.File(copy, "r+") as file:
            file["entry/instrument/detector"][column][frames] = value
        return copy

    return change


def test_frames_of_two_exposures_are_refused(
    run: Run, changed: Callable[[str, slice, float], Path]
) -> None:
    mixed = changed("exposure_time", slice(200, None), 0.006)
    with pytest.raises(MixedConditionsError, match="exposure is 5 ms and 6 ms"):
        lag_from_recording(mixed, run.calibration)


def test_means_of_exposures_are_refused(
    run: Run, changed: Callable[[str, slice, float], Path]
) -> None:
    means = changed("averaged", slice(None), 4)
    with pytest.raises(AveragedExposuresError, match="mean of 4 exposures"):
        lag_from_recording(means, run.calibration)


def test_a_calibration_of_another_exposure_is_refused(
    run: Run, changed: Callable[[str, slice, float], Path]
) -> None:
    other = changed("exposure_time", slice(None), 0.006)
    with pytest.raises(CalibrationMismatchError, match="exposure: 5 ms"):
        lag_from_recording(other, run.calibration)


def test_a_panel_without_ghosting_responds_as_before(run: Run) -> None:
    found = ghosting_from_recordings(run.flat, run.flat, run.calibration)
    assert found.change == 0.0
    assert 0 < found.uncertainty < 1e-3
    assert found.map is not None
    assert found.map.shape == (32, 32)
    half = ghosting_from_recordings(run.flat, run.flat, run.calibration, dose_ratio=2.0)
    assert half.change == pytest.approx(-0.5)


def test_flats_of_other_settings_are_not_compared(
    run: Run, changed: Callable[[str, slice, float], Path]
) -> None:
    other = changed("exposure_time", slice(None), 0.006)
    with pytest.raises(MixedConditionsError, match="exposure is 5 ms and 6 ms"):
        ghosting_from_recordings(run.flat, other, run.calibration)
