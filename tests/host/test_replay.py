from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import fpxi
import pytest
from fpxi.errors import ReplayError, ReplayUrlError
from fpxi.recording.facts import RecordingFacts
from fpxi.replay import ReplayPanel
from fpxi.replay_url import ReplaySpecification
from fpxi_readout.device_errors import UnknownParameterError
from fpxi_readout.frame import Frame

MakeFrame = Callable[..., Frame]
Record = Callable[..., Path]


@pytest.fixture
def run(record: Record, make_frame: MakeFrame) -> Path:
    """A recording of five frames, 2.6 ms apart."""
    return record([make_frame(number) for number in range(5)])


def test_a_replayed_run_delivers_the_same_frames(
    run: Path, same_frame: Callable[[Frame, Frame], bool], make_frame: MakeFrame
) -> None:
    with fpxi.open(f"file:{run}?pace=fast") as session, session.frames(5) as frames:
        session.start()
        pairs = zip(frames, [make_frame(number) for number in range(5)], strict=True)
        assert all(same_frame(*pair) for pair in pairs)


def test_a_replayed_device_is_the_recorded_one(run: Path, facts: RecordingFacts) -> None:
    with fpxi.open(f"file:{run}") as session:
        assert session.identity == facts.identity
        assert session.dictionary == facts.dictionary
        assert session.parameters["exposure_us"] == 2500
        assert session.scene is None


def test_recording_a_replay_gives_the_same_frames_again(run: Path, tmp_path: Path) -> None:
    with fpxi.open(f"file:{run}") as session:
        result = session.capture(5, tmp_path / "again.h5")
    assert result.frames_received == 5
    with fpxi.read_recording(run) as old, fpxi.read_recording(tmp_path / "again.h5") as new:
        assert (old.data[:] == new.data[:]).all()
        assert (old.column("timestamp") == new.column("timestamp")).all()


def test_the_recorded_pace_is_kept(record: Record, make_frame: MakeFrame) -> None:
    path = record([make_frame(0, timestamp_us=0), make_frame(1, timestamp_us=300_000)])
    panel = ReplayPanel(ReplaySpecification(path))
    panel.start()
    began = time.monotonic()
    assert len(panel.poll(0.01)) == 1
    assert panel.poll(0.01) == []
    frames: list[Frame] = []
    while not frames:
        frames = panel.poll(0.1)
    assert time.monotonic() - began >= 0.3
    panel.close()


def test_a_clock_that_went_back_does_not_stall_the_pace(
    record: Record, make_frame: MakeFrame
) -> None:
    path = record([make_frame(0, timestamp_us=10**12), make_frame(0, timestamp_us=5)])
    panel = ReplayPanel(ReplaySpecification(path))
    panel.start()
    assert len(panel.poll(1.0) + panel.poll(1.0)) == 2
    panel.close()


def test_looping_begins_again(run: Path) -> None:
    with fpxi.open(f"file:{run}?pace=fast&loop=1") as session, session.frames(12) as frames:
        session.start()
        assert [frame.number for frame in frames] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]


def test_it_ends_after_the_last_frame_and_can_be_started_again(run: Path) -> None:
    panel = ReplayPanel(ReplaySpecification(run, pace="fast"))
    panel.start()
    assert len(panel.poll(0.0)) == 5
    assert panel.poll(0.0) == []
    assert panel.start(2) == 0
    assert len(panel.poll(0.0)) == 2
    assert panel.statistics.frames_received == 7
    panel.close()


def test_what_was_recorded_cannot_be_changed(run: Path) -> None:
    panel = ReplayPanel(ReplaySpecification(run))
    for action in (lambda: panel.set("exposure_us", 1), panel.software_trigger, panel.save):
        with pytest.raises(ReplayError):
            action()
    with pytest.raises(UnknownParameterError):
        panel.get("nonsense")
    panel.close()


def test_a_recording_without_frames_cannot_be_played(record: Record) -> None:
    panel = ReplayPanel(ReplaySpecification(record([])))
    with pytest.raises(ReplayError):
        panel.start()
    panel.close()


@pytest.mark.parametrize("url", ["file:", "file:x?pace=slow", "file:x?loop=2", "file:x?a=1"])
def test_a_wrong_url_is_named(url: str) -> None:
    with pytest.raises(ReplayUrlError):
        ReplaySpecification.from_url(url)


def test_a_url_is_read() -> None:
    assert ReplaySpecification.from_url("file:/a%20b/c.h5?pace=fast&loop=1") == (
        ReplaySpecification(Path("/a b/c.h5"), "fast", loop=True)
    )
