"""`fpxi view`: what the viewer is told, and how its refusals read."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from fpxi_imaging import Averaging, Processing
from fpxi_readout.errors import FpxiError

Run = Callable[..., Result]


class FakeViewer(types.ModuleType):
    """Stands for `fpxi_gui.app` and remembers what it was called with."""

    def __init__(self) -> None:
        super().__init__("fpxi_gui.app")
        self.called_with: tuple[str, dict[str, Any]] | None = None
        self.status = 0
        self.error: FpxiError | None = None
        self.note = ""

    def run_viewer(self, url: str, *, notify: Callable[[str], None], **named: Any) -> int:
        self.called_with = url, named
        if self.note:
            notify(self.note)
        if self.error is not None:
            raise self.error
        return self.status


@pytest.fixture
def viewer(monkeypatch: pytest.MonkeyPatch) -> FakeViewer:
    fake = FakeViewer()
    monkeypatch.setitem(sys.modules, "fpxi_gui.app", fake)
    return fake


def test_without_a_url_a_simulated_panel_is_shown(run: Run, viewer: FakeViewer) -> None:
    assert run("view").exit_code == 0
    assert viewer.called_with == (
        "sim:tft64",
        {
            "calibration": None,
            "processing": None,
            "screenshot": None,
            "screenshot_frames": 20,
            "overwrite": False,
        },
    )


def test_everything_is_handed_on(run: Run, viewer: FakeViewer, tmp_path: Path) -> None:
    calibration, picture = tmp_path / "cal.h5", tmp_path / "window.png"
    calibration.touch()
    processing = Processing(averaging=Averaging.recursive(4))
    (tmp_path / "p.json").write_text(processing.to_json())
    run(
        "view",
        "sim:cmos32",
        "-c",
        calibration,
        "--processing",
        tmp_path / "p.json",
        "--screenshot",
        picture,
        "--frames",
        3,
        "--overwrite",
    )
    assert viewer.called_with == (
        "sim:cmos32",
        {
            "calibration": calibration,
            "processing": processing,
            "screenshot": picture,
            "screenshot_frames": 3,
            "overwrite": True,
        },
    )


def test_the_viewer_s_status_is_the_command_s(run: Run, viewer: FakeViewer) -> None:
    viewer.status = 3
    assert run("view").exit_code == 3


def test_what_the_viewer_notes_is_told_beside_the_results(run: Run, viewer: FakeViewer) -> None:
    viewer.note = "window.png: average of 3 of 8 frames"
    result = run("view")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{viewer.note}\n")


def test_a_refusal_of_the_viewer_is_one_message(run: Run, viewer: FakeViewer) -> None:
    viewer.error = FpxiError("no display; try --screenshot")
    result = run("view")
    assert (result.exit_code, result.stderr) == (1, "Error: no display; try --screenshot\n")


def test_a_calibration_must_exist(run: Run, viewer: FakeViewer, tmp_path: Path) -> None:
    assert run("view", "-c", tmp_path / "none.h5").exit_code == 2
    assert viewer.called_with is None
