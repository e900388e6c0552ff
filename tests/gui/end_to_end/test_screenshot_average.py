"""A screenshot of an average waits until it is full, or says that it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from fpxi import Session
from fpxi_gui import app, application
from fpxi_gui.screenshot import ScreenshotTaker
from fpxi_gui.state import ViewState
from fpxi_gui.status_bar import average_text
from fpxi_imaging import Averaging, Processing


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the status line says of the average in every picture that is saved."""
    texts: list[str] = []
    save = ScreenshotTaker._save

    def save_and_note(self: ScreenshotTaker, state: ViewState) -> None:
        texts.append(average_text(state.status))
        save(self, state)

    monkeypatch.setattr(ScreenshotTaker, "_save", save_and_note)
    return texts


@pytest.mark.parametrize(
    "averaging", [Averaging.recursive(30), Averaging.block(40), Averaging.median(7)], ids=str
)
def test_a_live_average_is_waited_for(
    averaging: Averaging, saved: list[str], tmp_path: Path
) -> None:
    notes: list[str] = []
    app.run_viewer(
        "sim:tft64?seed=1",
        processing=Processing(averaging=averaging),
        screenshot=tmp_path / "window.png",
        screenshot_frames=1,
        notify=notes.append,
    )
    assert saved == [f"average of {averaging.frames} frames"]
    assert notes == []


def test_a_whole_block_stays_until_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Session] = []

    def open_session(url: str, *, reconnect: bool) -> Session:
        opened.append(Session(url, reconnect=reconnect))
        return opened[-1]

    monkeypatch.setattr(application, "Session", open_session)
    app.run_viewer("sim:tft64", screenshot=tmp_path / "window.png", screenshot_frames=1)
    assert opened[0].pipeline.settings.whole_blocks


def test_a_recording_that_ends_before_is_shown_with_a_note(
    saved: list[str], tmp_path: Path
) -> None:
    recording, path = tmp_path / "run.h5", tmp_path / "window.png"
    with Session("sim:tft64?seed=1") as session:
        session.wait_connected()
        session.capture(3, recording)
    notes: list[str] = []
    app.run_viewer(
        f"file:{recording}",
        processing=Processing(averaging=Averaging.recursive(8)),
        screenshot=path,
        screenshot_frames=3,
        notify=notes.append,
    )
    assert saved == ["average of 3 of 8 frames"]
    assert len(notes) == 1
    assert notes[0].startswith(f"{path}: {saved[0]}")
    assert "?loop=1" in notes[0]
    assert path.exists()
