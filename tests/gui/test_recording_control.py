"""Recording from the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fpxi.errors import RecordingExistsError
from fpxi_readout.errors import FpxiError


@pytest.fixture
def recording(rig: Any, tmp_path: Path) -> Any:
    rig.session.connect()
    rig.controller.recording.begin(tmp_path / "run.h5", 10, overwrite=False)
    rig.settle()
    return rig


def test_a_recording_shows_frames_time_and_size(recording: Any, tmp_path: Path) -> None:
    made = recording.session.recordings[0]
    assert (made.path, made.frames) == (tmp_path / "run.h5", 10)
    made.path.write_bytes(b"x" * 1234)
    made.frames_written = 3
    recording.clock.now += 2.0
    recording.controller.tick()
    state = recording.settle().acquisition.recording
    assert (state.running, state.frames, state.elapsed_s) == (True, 3, 2.0)
    assert state.size_bytes == 1234


def test_a_recording_that_has_all_its_frames_ends(recording: Any) -> None:
    made = recording.session.recordings[0]
    made.frames_written, made.finished = 10, True
    recording.clock.now += 1.0
    state = recording.settle()
    assert not state.acquisition.recording.running
    assert "Recorded 10 frames" in state.message
    recording.clock.now += 100.0
    assert recording.settle().acquisition.recording.elapsed_s == 1.0


def test_the_size_at_the_end_is_the_size_of_the_whole_file(recording: Any) -> None:
    made = recording.session.recordings[0]
    recording.settle()
    made.path.write_bytes(b"x" * 999)
    made.finished = True
    recording.controller.tick()
    assert recording.settle().acquisition.recording.size_bytes == 999


def test_stopping_is_asked_for_off_the_gui_thread(recording: Any) -> None:
    recording.controller.recording.stop()
    state = recording.settle()
    assert not recording.tick_until(
        lambda state: not state.acquisition.recording.running
    ).acquisition.recording.running
    assert not state.banners
    assert not recording.controller.recording.running


def test_a_recording_that_fails_is_loud_and_stays_so(recording: Any) -> None:
    made = recording.session.recordings[0]
    made.error, made.finished = FpxiError("the disk is full"), True
    recording.clock.now += 1000.0
    recording.controller.tick()
    state = recording.settle()
    assert [banner.title for banner in state.banners] == ["The recording has failed"]
    assert "the disk is full" in state.banners[0].text
    assert not state.acquisition.recording.running


def test_a_new_recording_takes_the_failure_away(recording: Any, tmp_path: Path) -> None:
    made = recording.session.recordings[0]
    made.error, made.finished = FpxiError("the disk is full"), True
    recording.settle()
    recording.controller.recording.begin(tmp_path / "next.h5", None, overwrite=False)
    assert recording.settle().banners == ()


def test_a_file_that_is_there_already_is_told(rig: Any, tmp_path: Path) -> None:
    rig.session.record_error = RecordingExistsError(tmp_path / "run.h5")
    rig.controller.recording.begin(tmp_path / "run.h5", None, overwrite=False)
    state = rig.settle()
    assert "exists" in state.message
    assert state.acquisition.recording is None
    assert not rig.controller.recording.running
