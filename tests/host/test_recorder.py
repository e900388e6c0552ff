from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fpxi.recording.file as recording_file
import h5py
import pytest
from fpxi import read_recording
from fpxi.errors import (
    DiskFullError,
    RecordingBusyError,
    RecordingExistsError,
    RecordingInterruptedError,
    RecordingOpenError,
    RecordingOverflowError,
    RecordingWriteError,
    SessionClosedError,
    ThreadFailedError,
)
from fpxi.recording import recorder
from fpxi.recording.facts import RecordingFacts
from fpxi.recording.recorder import Recording
from fpxi.statistics import NOTHING
from fpxi_readout.frame import Frame
from fpxi_readout.links import LinkLostError

MakeFrame = Callable[..., Frame]
Limit = Callable[[int], AbstractContextManager[None]]
WAIT_S = 20.0


@pytest.fixture
def start(tmp_path: Path, facts: RecordingFacts) -> Iterator[Callable[..., Recording]]:
    """Begin a recording of the small panel."""
    begun: list[Recording] = []

    def make(name: str = "run.h5", **options: Any) -> Recording:
        recording = Recording(tmp_path / name, facts, link_statistics=lambda: NOTHING, **options)
        begun.append(recording)
        return recording

    yield make
    for recording in begun:
        recording.stop()
        recording.join(WAIT_S)


def offer_until_refused(recording: Recording, make_frame: MakeFrame) -> int:
    """Offer frames no faster than they are written; return how many were taken."""
    number = 0
    while recording.offer(make_frame(number)):
        number += 1
        while recording.crowded:
            time.sleep(0.001)
    return number


def numbers_in(path: Path) -> list[int]:
    with h5py.File(path) as file:
        return list(file["entry/instrument/detector/sequence_number"][:])


def test_everything_queued_is_written_when_stopped(
    start: Callable[..., Recording], make_frame: MakeFrame
) -> None:
    recording = start()
    for number in range(300):
        assert recording.offer(make_frame(number))
    recording.stop()
    assert not recording.offer(make_frame(300))
    recording.wait(WAIT_S)
    assert recording.finished
    assert recording.frames_written == 300
    assert numbers_in(recording.path) == list(range(300))


def test_it_ends_by_itself_after_the_frames_wanted(
    start: Callable[..., Recording], make_frame: MakeFrame
) -> None:
    recording = start(frames=3)
    taken = [recording.offer(make_frame(number)) for number in range(5)]
    recording.wait(WAIT_S)
    assert taken == [True, True, False, False, False]
    assert numbers_in(recording.path) == [0, 1, 2]


def test_events_keep_their_place_among_the_frames(
    start: Callable[..., Recording], make_frame: MakeFrame
) -> None:
    with start() as recording:
        recording.offer(make_frame(0))
        recording.lost(LinkLostError("serial:x", "unplugged"))
        recording.mark("connected again")
        recording.offer(make_frame(1))
    with read_recording(recording.path) as reader:
        places = [(event.frames_before, event.text) for event in reader.events()]
    assert places[0][0] == places[1][0] == 1
    assert "unplugged" in places[0][1]
    assert places[1][1] == "connected again"


def test_a_full_queue_ends_it_loudly_and_keeps_what_was_queued(
    start: Callable[..., Recording],
    make_frame: MakeFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder, "MOST_QUEUED_FRAMES", 4)
    held = threading.Event()
    append = recording_file.RecordingFile.append

    def slowly(*arguments: Any) -> None:
        held.wait(WAIT_S)
        append(*arguments)

    monkeypatch.setattr(recording_file.RecordingFile, "append", slowly)
    recording = start()
    number = 0
    while recording.offer(make_frame(number)):
        number += 1
    assert not recording.crowded  # nobody is to wait for a recording that takes no more
    held.set()
    with pytest.raises(RecordingOverflowError) as caught:
        recording.wait(WAIT_S)
    assert caught.value.dropped_from == number
    assert numbers_in(recording.path) == list(range(number))
    assert recording.frames_dropped == 0


def test_a_full_disk_ends_it_loudly_and_keeps_what_was_written(
    start: Callable[..., Recording],
    make_frame: MakeFrame,
    monkeypatch: pytest.MonkeyPatch,
    files_limited_to: Limit,
) -> None:
    monkeypatch.setattr(recorder, "COMMIT_BYTES", 20_000)
    with files_limited_to(1_500_000):
        recording = start()
        number = offer_until_refused(recording, make_frame)
        with pytest.raises(DiskFullError) as caught:
            recording.wait(WAIT_S)
    assert caught.value.frames_written == recording.frames_written > 0
    assert recording.frames_dropped == number - recording.frames_written
    assert numbers_in(recording.path) == list(range(recording.frames_written))
    with read_recording(recording.path) as reader:
        assert reader.complete


def test_a_disk_that_fills_up_unannounced_is_named_too(
    start: Callable[..., Recording],
    make_frame: MakeFrame,
    monkeypatch: pytest.MonkeyPatch,
    files_limited_to: Limit,
) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    monkeypatch.setattr(recorder, "COMMIT_BYTES", 20_000)
    with files_limited_to(1_000_000):
        recording = start()
        offer_until_refused(recording, make_frame)
        with pytest.raises(DiskFullError):
            recording.wait(WAIT_S)
    assert numbers_in(recording.path) == list(range(recording.frames_written))
    assert recording.frames_written > 0


def test_where_room_cannot_be_set_aside_it_is_looked_up(
    start: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    def full(_: object) -> object:
        return SimpleNamespace(free=1000)

    monkeypatch.setattr(os, "posix_fallocate", unsupported, raising=False)
    monkeypatch.setattr(shutil, "disk_usage", full)
    with pytest.raises(RecordingOpenError, match="No space"):
        start().wait(WAIT_S)


def test_a_disk_that_is_full_from_the_first_is_named(
    start: Callable[..., Recording], files_limited_to: Limit
) -> None:
    with files_limited_to(1000):
        recording = start()
        with pytest.raises(RecordingOpenError, match="free space"):
            recording.wait(WAIT_S)
    assert not recording.path.exists()


def test_a_failing_disk_leaves_the_last_commit(
    start: Callable[..., Recording], make_frame: MakeFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = start()
    recording.offer(make_frame(0))
    while recording.frames_written == 0:
        assert recording.error is None

    def fail(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(recording_file, "_extend", fail)
    recording.offer(make_frame(1))
    with pytest.raises(RecordingWriteError, match="Input/output"):
        recording.wait(WAIT_S)
    assert recording.frames_dropped == 1
    assert numbers_in(recording.path) == [0]


def test_a_name_that_is_taken_is_refused_at_once(
    start: Callable[..., Recording], tmp_path: Path
) -> None:
    (tmp_path / "run.h5").touch()
    with pytest.raises(RecordingExistsError):
        start()


def test_the_end_of_the_session_is_an_error_if_frames_are_wanting(
    start: Callable[..., Recording], make_frame: MakeFrame
) -> None:
    recording = start(frames=2)
    recording.offer(make_frame(0))
    recording.end(SessionClosedError("sim:x"))
    with pytest.raises(RecordingInterruptedError) as caught:
        recording.wait(WAIT_S)
    assert (caught.value.frames_taken, caught.value.frames_wanted) == (1, 2)
    assert numbers_in(recording.path) == [0]


def test_closing_the_session_ends_an_open_recording_well(start: Callable[..., Recording]) -> None:
    recording = start()
    recording.end(SessionClosedError("sim:x"))
    recording.wait(WAIT_S)
    assert recording.error is None


def test_a_lost_session_is_the_error_of_an_open_recording(
    start: Callable[..., Recording],
) -> None:
    recording = start()
    recording.end(LinkLostError("serial:x", "unplugged"))
    with pytest.raises(RecordingInterruptedError, match="unplugged"):
        recording.wait(WAIT_S)


def test_waiting_too_short_is_named(start: Callable[..., Recording]) -> None:
    with pytest.raises(RecordingBusyError):
        start().wait(0.0)


def test_an_error_that_nobody_foresaw_is_not_lost(
    start: Callable[..., Recording], make_frame: MakeFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr(recording_file, "compress", fail)
    recording = start()
    recording.offer(make_frame(0))
    with pytest.raises(ThreadFailedError, match="surprise"):
        recording.wait(WAIT_S)
