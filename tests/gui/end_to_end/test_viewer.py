"""The viewer on the simulator: real session, real firmware, real window, no screen."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fpxi import Session, read_recording
from fpxi.calibration.errors import NotACalibrationError
from fpxi_gui import application, viewing
from fpxi_gui.app import run_viewer
from fpxi_gui.controller import ViewerController
from fpxi_gui.errors import (
    ScreenshotEndedError,
    ScreenshotExistsError,
    ScreenshotFolderError,
    ScreenshotSuffixError,
    ScreenshotTimeoutError,
    ScreenshotWriteError,
)
from fpxi_gui.parameter_groups import GROUPS, OTHER
from fpxi_gui.screenshot import ScreenshotOrder
from fpxi_gui.state import ViewState
from fpxi_gui.window import ViewerWindow
from fpxi_imaging import CalibrationMismatchError
from fpxi_readout.links.base import LinkOpenError
from PIL import Image
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

LONGEST_WAIT_S = 60.0
FOR_EVER_S = 3600.0


def test_a_screenshot_shows_the_frames_of_the_panel(tmp_path: Path) -> None:
    path = tmp_path / "viewer.png"
    assert run_viewer("sim:tft64?seed=1", screenshot=path, screenshot_frames=5) == 0
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("L"))
    assert pixels.shape[0] >= 700
    middle = pixels[100:650, 360:920]
    assert middle.std() > 30


def test_a_screenshot_can_be_corrected(run: Any, tmp_path: Path) -> None:
    calibration = tmp_path / "cal.h5"
    running = run("sim:tft64?seed=1")
    running.until(lambda state: state.acquisition.acquiring)
    running.controller.calibration.make(calibration, 8)
    state = running.until(lambda state: state.picture is not None and state.picture.corrected)
    assert state.correction.calibration == "cal.h5"
    running.controller.calibration.refresh(20)
    state = running.until(lambda state: "Refreshed" in state.correction.detail)
    assert state.correction.can_refresh
    path = tmp_path / "viewer.png"
    status = run_viewer("sim:tft64?seed=1", calibration=calibration, screenshot=path)
    assert status == 0
    assert path.stat().st_size > 10_000


def test_a_screenshot_without_frames_fails_by_name(tmp_path: Path) -> None:
    from fpxi_gui.application import show_device

    order = ScreenshotOrder(tmp_path / "never.png", 1_000_000, patience_s=1.0)
    with pytest.raises(ScreenshotTimeoutError, match="of 1000000 frames") as caught:
        show_device("sim:tft64", calibration=None, order=order)
    assert caught.value.wanted == 1_000_000
    assert not order.path.exists()


def test_a_screenshot_of_no_device_says_why(tmp_path: Path) -> None:
    from fpxi_gui.application import show_device

    order = ScreenshotOrder(tmp_path / "never.png", 1, patience_s=FOR_EVER_S)
    with pytest.raises(LinkOpenError, match=r"127\.0\.0\.1:1"):
        show_device("socket://127.0.0.1:1", calibration=None, order=order)


def test_a_screenshot_that_cannot_be_written_fails_by_name(tmp_path: Path) -> None:
    path = tmp_path / "folder.png"
    path.mkdir()
    with pytest.raises(ScreenshotWriteError, match=r"folder\.png"):
        run_viewer("sim:tft64", screenshot=path, screenshot_frames=1, overwrite=True)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("taken.png", ScreenshotExistsError),
        ("no such folder/viewer.png", ScreenshotFolderError),
        ("taken.png/viewer.png", ScreenshotFolderError),
        ("viewer.jpg", ScreenshotSuffixError),
        ("viewer", ScreenshotSuffixError),
    ],
)
def test_a_screenshot_that_may_not_be_written_is_refused_before_anything_starts(
    tmp_path: Path, name: str, error: type[Exception]
) -> None:
    (tmp_path / "taken.png").write_text("precious")
    with pytest.raises(error):
        run_viewer("no-such-device:", screenshot=tmp_path / name)
    assert (tmp_path / "taken.png").read_text() == "precious"
    assert list(tmp_path.iterdir()) == [tmp_path / "taken.png"]


def test_a_screenshot_is_replaced_if_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "viewer.PNG"
    path.write_text("replace me")
    assert run_viewer("sim:tft64", screenshot=path, screenshot_frames=1, overwrite=True) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_screenshot_with_what_is_no_calibration_fails_by_name(tmp_path: Path) -> None:
    (tmp_path / "run.h5").write_text("no calibration")
    with pytest.raises(NotACalibrationError, match=r"run\.h5"):
        run_viewer("sim:tft64", calibration=tmp_path / "run.h5", screenshot=tmp_path / "never.png")
    assert not (tmp_path / "never.png").exists()


def test_a_screenshot_with_the_calibration_of_another_panel_fails_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calibration: Any
) -> None:
    monkeypatch.setattr(viewing, "load", lambda _path: calibration)
    with pytest.raises(CalibrationMismatchError, match="test-panel"):
        run_viewer("sim:tft64", calibration=tmp_path / "cal.h5", screenshot=tmp_path / "never.png")
    assert not (tmp_path / "never.png").exists()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A recording of three frames."""
    path = tmp_path / "run.h5"
    with Session("sim:tft64?seed=1") as session:
        session.wait_connected()
        session.capture(3, path)
    return path


def test_a_screenshot_of_a_recording_with_too_few_frames_fails_by_name(
    recording: Path, tmp_path: Path
) -> None:
    from fpxi_gui.application import show_device

    order = ScreenshotOrder(tmp_path / "never.png", 5, patience_s=FOR_EVER_S)
    with pytest.raises(ScreenshotEndedError, match="after 3 of the 5") as caught:
        show_device(f"file:{recording}", calibration=None, order=order)
    assert (caught.value.wanted, caught.value.received) == (5, 3)


def test_a_screenshot_of_a_recording_shows_it(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "viewer.png"
    assert run_viewer(f"file:{recording}", screenshot=path, screenshot_frames=3) == 0
    assert path.stat().st_size > 10_000


def test_an_error_that_nobody_foresaw_ends_a_screenshot_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ViewerController, "tick", broken)
    with pytest.raises(ZeroDivisionError):
        run_viewer("sim:tft64", screenshot=tmp_path / "never.png")


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the user's own settings alone."""
    file = str(tmp_path / "viewer.ini")
    monkeypatch.setattr(
        application, "QSettings", lambda *_: QSettings(file, QSettings.Format.IniFormat)
    )


@pytest.mark.usefixtures("own_settings")
def test_an_interrupt_ends_the_viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ViewerController, "tick", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_viewer("sim:tft64")


@pytest.mark.usefixtures("own_settings")
def test_a_window_goes_on_after_an_error_that_nobody_foresaw(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tick, ticks = ViewerController.tick, []

    def sometimes_broken(self: ViewerController) -> ViewState:
        ticks.append(self)
        if len(ticks) == 2:
            raise ZeroDivisionError
        state = tick(self)
        if state.message.startswith("Unforeseen error"):
            QApplication.quit()
        return state

    monkeypatch.setattr(ViewerController, "tick", sometimes_broken)
    assert run_viewer("sim:tft64") == 0
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.usefixtures("own_settings")
def test_another_panel_is_shown_at_the_place_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tick = ViewerWindow.tick
    shown: list[str] = []

    def choose_another(self: ViewerWindow) -> None:
        tick(self)
        assert self.state is not None
        if self.state.picture is None:
            return
        panel = self.state.geometry.name if self.state.geometry else ""
        if panel not in shown:
            shown.append(panel)
            self.panel_chosen.emit("sim:cmos32")
        elif panel == "cmos32":
            QApplication.quit()

    monkeypatch.setattr(ViewerWindow, "tick", choose_another)
    assert run_viewer("sim:tft64") == 0
    assert shown == ["tft64", "cmos32"]
    assert [thread.name for thread in threading.enumerate() if "fpxi-sim" in thread.name] == []


@pytest.mark.usefixtures("own_settings")
def test_a_panel_that_no_url_names_leaves_the_first_one_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tick = ViewerWindow.tick
    asked: list[ViewerWindow] = []

    def choose_nonsense(self: ViewerWindow) -> None:
        tick(self)
        assert self.state is not None
        if not asked:
            asked.append(self)
            self.panel_chosen.emit("nonsense:")
        elif "nonsense:" in self.state.message:
            assert asked == [self]
            QApplication.quit()

    monkeypatch.setattr(ViewerWindow, "tick", choose_nonsense)
    assert run_viewer("sim:tft64") == 0


def test_frames_are_drawn_and_parameters_set(run: Any) -> None:
    running = run("sim:tft64?seed=1")
    running.until(lambda state: running.window.pictures_drawn >= 3)
    assert running.window.device.settings.editor("exposure_us").value() == 10_000
    running.window.device.settings.editor("exposure_us").setValue(3000)
    state = running.until(lambda state: state.parameters.values["exposure_us"].value == 3000)
    assert state.status.frames_lost == 0
    drawn = running.window.pictures_drawn
    running.until(lambda _: running.window.pictures_drawn > drawn + 2)
    assert running.session.preview().frame.exposure_us == 3000


def test_every_setting_of_this_protocol_has_its_group(run: Any) -> None:
    running = run("sim:tft64?seed=1")
    running.until(lambda _: running.window.device.settings is not None)
    settings = running.window.device.settings
    named = {name for group in GROUPS for name in group.names}
    known = running.session.dictionary.parameters.values()
    settable = {info.name for info in known if info.access != "ro"} - {"delivery"}
    assert named == settable
    assert all(settings.heading(name).text() != OTHER for name in settable)


def test_the_cursor_reads_the_frame_that_is_shown(run: Any) -> None:
    running = run("sim:tft64?seed=1")
    running.until(lambda state: state.picture is not None)
    running.controller.device.stop()
    running.until(lambda state: not state.acquisition.acquiring and not state.acquisition.busy)
    running.controller.display.cursor = (12, 34)
    state = running.until(lambda state: state.cursor is not None)
    assert state.cursor.raw == running.session.preview().frame.samples[12, 34]


def test_switching_the_beam_off_darkens_the_image(run: Any) -> None:
    running = run("sim:tft64?seed=1")
    bright = running.until(lambda state: state.picture is not None).picture
    running.window.scene.beam.click()
    running.until(
        lambda state: np.nanmedian(state.picture.values) < 0.7 * np.nanmedian(bright.values)
    )


def test_a_recording_is_written(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    running = run("sim:tft64?seed=1")
    running.until(lambda state: state.acquisition.acquiring)
    running.controller.recording.begin(path, 5, overwrite=False)
    running.until(lambda s: s.acquisition.recording and not s.acquisition.recording.running)
    with read_recording(path) as recording:
        assert len(recording) == 5


def test_software_triggers_make_single_frames(run: Any) -> None:
    running = run("sim:tft64?seed=1")
    running.until(lambda state: state.acquisition.acquiring)
    running.controller.device.stop()
    running.until(lambda state: not state.acquisition.acquiring and not state.acquisition.busy)
    running.controller.device.set_parameter("trigger_mode", 1)
    running.controller.device.start()
    running.until(lambda state: state.acquisition.triggered and state.acquisition.acquiring)
    received = running.window.state.status.frames_received
    running.controller.device.trigger()
    running.until(lambda state: state.status.frames_received == received + 1)


def test_an_unplugged_panel_is_told_and_comes_back(run: Any) -> None:
    from fpxi_hwsim.serve import serve_tcp
    from fpxi_hwsim.specification import SimulationSpecification

    specification = SimulationSpecification.from_url("sim:tft64?seed=1")
    served = serve_tcp(specification, "127.0.0.1", 0)
    url = served.url
    port = int(url.rsplit(":", 1)[1])
    try:
        running = run(url)
        running.until(lambda _: running.window.pictures_drawn >= 2)
        served.close()
        state = running.until(lambda state: state.banners)
        assert not state.acquisition.connected
        assert "attempt" in state.banners[0].text
        assert state.picture is not None
        served = serve_tcp(specification, "127.0.0.1", port)
        drawn = running.window.pictures_drawn
        running.until(lambda s: not s.banners and running.window.pictures_drawn > drawn + 1)
    finally:
        served.close()


def test_closing_leaves_no_thread_behind(run: Any) -> None:
    running = run("sim:tft64?seed=1")
    running.until(lambda state: state.picture is not None)
    running.close()
    deadline = time.monotonic() + LONGEST_WAIT_S
    while time.monotonic() < deadline:
        alive = [thread.name for thread in threading.enumerate() if "fpxi" in thread.name]
        if not alive:
            return
        time.sleep(0.01)
    pytest.fail(f"still running: {alive}")


def test_a_screenshot_needs_no_display_at_all(tmp_path: Path) -> None:
    path = tmp_path / "viewer.png"
    code = (
        "import os, sys; from pathlib import Path\n"
        "for name in ('DISPLAY', 'WAYLAND_DISPLAY', 'QT_QPA_PLATFORM'): os.environ.pop(name, 0)\n"
        "from fpxi_gui.app import run_viewer\n"
        "sys.exit(run_viewer('sim:cmos32', screenshot=Path(sys.argv[1]), screenshot_frames=2))"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert ended.returncode == 0
    assert path.exists()
