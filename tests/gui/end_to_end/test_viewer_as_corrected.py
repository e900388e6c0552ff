"""The viewer shows of a recording, bit for bit, what `fpxi correct` makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import fpxi
import h5py
import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from fpxi import Session, waiting_frames
from fpxi.calibration.files import save_calibration
from fpxi.cli.main import cli
from fpxi.conditions import conditions_of
from fpxi.preview import PreviewImage
from fpxi_gui import app, application
from fpxi_gui.screenshot import ScreenshotTaker
from fpxi_gui.state import ViewState
from fpxi_gui.status_bar import status_texts
from fpxi_imaging import Averaging, LagModel, Processing, calibration_from_maps

FRAMES = 120


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "run.h5"
    with fpxi.open("sim:tft64?seed=1&time=virtual") as session:
        session.capture(FRAMES, path)
    return path


@pytest.fixture
def calibration(recording: Path, tmp_path: Path) -> Path:
    """One with noise and lag, so that every step can be taken."""
    path = tmp_path / "cal.h5"
    with fpxi.read_recording(recording) as reader:
        geometry, serial_number = reader.geometry, reader.facts.identity.serial_number
        conditions = conditions_of(reader.frame(0), geometry.name, serial_number)
    shape = geometry.not_imaging.shape
    random = np.random.default_rng(8)
    made = calibration_from_maps(
        offset=random.normal(500, 50, shape),
        gain=random.normal(1, 0.1, shape),
        defects=np.zeros(shape, np.bool_),
        not_imaging=geometry.not_imaging,
        normalisation=3000.0,
        saturation_level=geometry.full_scale,
        dark_frames=10,
        flat_frames=10,
        conditions=conditions,
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )
    lag = LagModel(
        fractions=(0.05, 0.02),
        time_constants_s=(0.02, 0.3),
        covariance=np.zeros((4, 4)),
        residual=0.001,
        frames=50,
        first_s=0.01,
        last_s=1.0,
    )
    darks = (replace(made.darks[0], noise=np.full(shape, 3.0, np.float32)),)
    gains = (replace(made.gains[0], noise_per_count=0.5),)
    save_calibration(path, replace(made, darks=darks, gains=gains, lag=lag))
    return path


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[tuple[PreviewImage, ViewState]]:
    """The preview, and what the window tells, of every picture that is saved."""
    opened: list[Session] = []
    pictures: list[tuple[PreviewImage, ViewState]] = []
    save = ScreenshotTaker._save

    def open_session(url: str, *, reconnect: bool) -> Session:
        opened.append(Session(url, reconnect=reconnect))
        return opened[-1]

    def note_and_save(self: ScreenshotTaker, state: ViewState) -> None:
        preview = opened[-1].preview()
        assert preview is not None
        pictures.append((preview, state))
        save(self, state)

    monkeypatch.setattr(application, "Session", open_session)
    monkeypatch.setattr(ScreenshotTaker, "_save", note_and_save)
    return pictures


def last_corrected(
    recording: Path, calibration: Path, processing: Processing
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return values and flags of the last picture that `fpxi correct` makes."""
    described, out = recording.with_name("processing.json"), recording.with_name("out.h5")
    described.write_text(processing.to_json())
    words = ["correct", str(recording), "-c", str(calibration)]
    words += ["--processing", str(described), "-o", str(out)]
    result = CliRunner().invoke(cli, words, prog_name="fpxi")
    assert result.exit_code == 0, result.output
    with h5py.File(out) as file:
        detector = file["entry/instrument/detector"]
        return detector["data"][-1], detector["pixel_flags"][-1]


@pytest.mark.parametrize("most_waiting", [waiting_frames.MOST_FRAMES, 4])
def test_a_screenshot_of_a_recording_has_the_values_of_its_corrected_file(
    recording: Path,
    calibration: Path,
    saved: list[tuple[PreviewImage, ViewState]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    most_waiting: int,
) -> None:
    monkeypatch.setattr(waiting_frames, "MOST_FRAMES", most_waiting)
    processing = Processing(lag=True, zinger_sigma=6.0, averaging=Averaging.recursive(8))
    values, flags = last_corrected(recording, calibration, processing)
    notes: list[str] = []
    app.run_viewer(
        f"file:{recording}?pace=fast",
        calibration=calibration,
        processing=processing,
        screenshot=tmp_path / "window.png",
        screenshot_frames=FRAMES,
        notify=notes.append,
    )
    ((preview, state),) = saved
    assert preview.corrected
    assert preview.values.tobytes() == values.tobytes()
    assert preview.flags.tobytes() == flags.tobytes()
    texts = status_texts(state.status)
    assert (texts["average"], texts["not_corrected"]) == ("average of 8 frames", "")
    assert notes == []
