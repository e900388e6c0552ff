from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import fpxi
import numpy as np
import pytest
from click.testing import CliRunner
from fpxi.cli.main import cli
from fpxi.errors import (
    ImageKeyContradictionError,
    RecordingOpenError,
    ReplayError,
    ReplayTooShortError,
    ReplayUrlError,
)
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


def test_more_frames_than_there_are_left_are_refused_at_once(run: Path, tmp_path: Path) -> None:
    with fpxi.open(f"file:{run}?pace=fast") as session:
        for reliable in (True, False):
            with pytest.raises(ReplayTooShortError, match="holds 5: ask") as caught:
                session.capture(6, tmp_path / "x.h5", reliable=reliable)
            assert (caught.value.wanted, caught.value.left, caught.value.available) == (6, 5, 5)
        session.capture(3)
        with pytest.raises(ReplayTooShortError, match="only 2"):
            session.capture(3)
        assert not (tmp_path / "x.h5").exists()
    with fpxi.open(f"file:{run}?pace=fast&loop=1") as session:
        assert session.capture(6).frames_received == 6


KEYS = [fpxi.ImageKey.DARK, fpxi.ImageKey.IMAGE, fpxi.ImageKey.INVALID]


def test_a_replayed_frame_stays_what_it_was_recorded_as(
    record: Record, make_frame: MakeFrame, tmp_path: Path
) -> None:
    run = record([make_frame(number) for number in range(3)], key=KEYS)
    with fpxi.open(f"file:{run}?pace=fast") as session:
        session.capture(3, tmp_path / "again.h5")
    with fpxi.read_recording(tmp_path / "again.h5") as reader:
        assert reader.image_keys.tolist() == KEYS


def test_a_replayed_dark_cannot_become_a_flat(
    record: Record, make_frame: MakeFrame, tmp_path: Path
) -> None:
    run = record([make_frame(0), make_frame(1)], key=[fpxi.ImageKey.DARK, fpxi.ImageKey.IMAGE])
    out = tmp_path / "again.h5"
    with fpxi.open(f"file:{run}?pace=fast") as session:
        with pytest.raises(ImageKeyContradictionError, match="recorded as dark"):
            session.capture(2, out, image_key=fpxi.ImageKey.FLAT)
        with pytest.raises(ImageKeyContradictionError, match="recorded as dark"):
            session.record(out, image_key=fpxi.ImageKey.FLAT)
        assert not out.exists()
        session.capture(2, out, image_key=fpxi.ImageKey.DARK)
    with fpxi.read_recording(out) as reader:
        assert reader.image_keys.tolist() == [fpxi.ImageKey.DARK] * 2


def test_rows_that_a_recording_lacks_are_not_blamed_on_the_panel(
    record: Record, make_frame: MakeFrame, tmp_path: Path
) -> None:
    received = np.ones(6, np.bool_)
    received[2] = False
    run = record([make_frame(0, row_received=received)])
    words = ["capture", f"file:{run}", "-n", "1", "-o", str(tmp_path / "again.h5")]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 1
    assert "lacks these rows itself" in result.stderr


def test_what_is_replayed_is_not_recorded_over(run: Path) -> None:
    with fpxi.open(f"file:{run}?pace=fast") as session:
        with pytest.raises(RecordingOpenError, match="choose another name"):
            session.capture(2, run, overwrite=True)
        with pytest.raises(RecordingOpenError, match="choose another name"):
            session.record(run, overwrite=True)


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
