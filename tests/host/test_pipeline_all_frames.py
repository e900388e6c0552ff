"""A preview whose steps rest on earlier frames takes every frame, or counts what it missed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fpxi
import fpxi_imaging
import numpy as np
import pytest
from fpxi import waiting_frames
from fpxi.device_state import DeviceState
from fpxi.pipeline import Pipeline
from fpxi.preview import PreviewImage
from fpxi.recording.facts import RecordingFacts
from fpxi.rendering import Renderer
from fpxi.waiting_frames import WaitingFrames
from fpxi_imaging import DEFAULT_PROCESSING, Averaging, Processing
from fpxi_readout.frame import Frame

MakeFrame = Callable[..., Frame]
WAIT_S = 30.0
AVERAGED = Processing(averaging=Averaging.recursive(100))


@pytest.fixture
def source() -> dict[str, bool]:
    return {"waits": False}


@pytest.fixture
def pipeline(facts: RecordingFacts, source: dict[str, bool]) -> Iterator[Pipeline]:
    """One that averages, with its kernels at hand."""
    fpxi_imaging.warm_up(rare=False)
    device = DeviceState()
    device.geometry, device.identity = facts.dictionary.panel, facts.identity
    made = Pipeline(device, lambda: source["waits"])
    made.configure(processing=AVERAGED)
    assert made.newest is None
    wait_until(lambda: made.warm)
    yield made
    made.close(WAIT_S)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What the making of every picture waits for, but that of frame 100; open at first."""
    opened = threading.Event()
    opened.set()
    render = Renderer.render

    def when_open(self: Renderer, frame: Frame, *given: Any, **named: Any) -> PreviewImage:
        assert frame.number == 100 or opened.wait(WAIT_S)
        return render(self, frame, *given, **named)

    monkeypatch.setattr(Renderer, "render", when_open)
    yield opened
    opened.set()


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def begin_first(pipeline: Pipeline, make_frame: MakeFrame) -> None:
    """Have the first frame taken from the queue; the gate keeps it from being done."""
    pipeline.offer(make_frame(0))
    wait_until(lambda: len(pipeline._waiting) == 0)


def last_picture(pipeline: Pipeline, number: int) -> PreviewImage:
    def arrived() -> bool:
        return pipeline.newest is not None and pipeline.newest.frame.number == number

    wait_until(arrived)
    with pipeline._wake:  # held until the picture has been counted too
        picture = pipeline._newest
    assert picture is not None
    return picture


def test_every_frame_that_waits_is_in_the_average(
    pipeline: Pipeline, gate: threading.Event, make_frame: MakeFrame
) -> None:
    gate.clear()
    begin_first(pipeline, make_frame)
    for number in range(1, 60):
        assert pipeline.offer(make_frame(number))
    gate.set()
    assert last_picture(pipeline, 59).averaged_frames == 60
    assert pipeline.frames_missed == 0
    assert pipeline.frames_previewed + pipeline.frames_skipped == 60
    assert pipeline.frames_skipped > 0
    assert pipeline.frames_reached == 60


def test_it_is_told_how_far_the_picture_has_come(
    pipeline: Pipeline, gate: threading.Event, make_frame: MakeFrame
) -> None:
    gate.clear()
    pipeline.offer(make_frame(100))
    last_picture(pipeline, 100)
    assert pipeline.frames_reached == 1
    for number in range(101, 106):
        pipeline.offer(make_frame(number))
    assert pipeline.frames_reached == 1
    gate.set()
    last_picture(pipeline, 105)
    assert pipeline.frames_reached == 6


def test_where_the_queue_is_full_the_oldest_are_missed_and_counted(
    pipeline: Pipeline,
    gate: threading.Event,
    make_frame: MakeFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting_frames, "MOST_FRAMES", 4)
    gate.clear()
    begin_first(pipeline, make_frame)
    for number in range(1, 10):
        assert pipeline.offer(make_frame(number))
    assert not pipeline.crowded, "a source in real time is not held up"
    assert pipeline.frames_missed == 5
    gate.set()
    assert last_picture(pipeline, 9).averaged_frames == 5, "the first, and the four that waited"
    assert pipeline.frames_previewed + pipeline.frames_skipped == 10
    assert pipeline.frames_reached == 10
    pipeline.configure(processing=DEFAULT_PROCESSING)
    assert pipeline.frames_missed == 0, "no step lacks them any more"


def test_a_source_that_can_wait_is_made_to_and_none_is_missed(
    pipeline: Pipeline,
    source: dict[str, bool],
    gate: threading.Event,
    make_frame: MakeFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting_frames, "MOST_FRAMES", 4)
    source["waits"] = True
    gate.clear()
    begin_first(pipeline, make_frame)
    crowded = []
    for number in range(1, 10):  # what it sends at once, it sends before it looks
        pipeline.offer(make_frame(number))
        crowded.append(pipeline.crowded)
    assert crowded == [False] * 2 + [True] * 7
    gate.set()
    assert last_picture(pipeline, 9).averaged_frames == 10
    assert pipeline.frames_missed == 0
    assert not pipeline.crowded


def test_a_picture_of_one_frame_is_of_the_newest_and_misses_none(
    pipeline: Pipeline, source: dict[str, bool], gate: threading.Event, make_frame: MakeFrame
) -> None:
    pipeline.configure(processing=DEFAULT_PROCESSING)
    source["waits"] = True
    gate.clear()
    begin_first(pipeline, make_frame)
    for number in range(1, 2000):
        pipeline.offer(make_frame(number))
    assert not pipeline.crowded
    gate.set()
    last_picture(pipeline, 1999)
    assert pipeline.frames_skipped == 1998
    assert (pipeline.frames_missed, pipeline.frames_reached) == (0, 2000)


def test_a_preview_that_has_failed_holds_nobody_up(
    pipeline: Pipeline,
    source: dict[str, bool],
    make_frame: MakeFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("surprise")

    source["waits"] = True
    monkeypatch.setattr(Renderer, "render", fail)
    pipeline.offer(make_frame(0))
    wait_until(lambda: pipeline._error is not None)
    for number in range(1, 2000):
        pipeline.offer(make_frame(number))
    assert not pipeline.crowded
    assert len(pipeline._waiting) == 1


@pytest.mark.parametrize(("rows", "most"), [(64, 1024), (512, 64), (2048, 4), (8192, 2)])
def test_the_queue_is_bounded_by_bytes_and_by_frames(
    make_frame: MakeFrame, rows: int, most: int
) -> None:
    waiting = WaitingFrames()
    # A view of one value: as many bytes to the queue, none in memory.
    frame = make_frame(0, samples=np.broadcast_to(np.uint16(7), (rows, rows)))
    dropped = [waiting.append(frame, bounded=True) for _ in range(most + 3)]
    assert dropped == [0] * most + [1] * 3
    assert len(waiting) == most


def test_a_recording_beside_a_slow_preview_has_every_frame(
    gate: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_frames, "MOST_FRAMES", 2)
    out = tmp_path / "run.h5"
    with fpxi.open("sim:cmos32") as session:
        session.pipeline.configure(processing=AVERAGED)
        session.preview()
        wait_until(lambda: session.pipeline.warm)
        gate.clear()
        session.start(reliable=True)
        session.record(out, frames=30).wait(WAIT_S)
        session.stop()
        assert session.statistics().preview_missed > 0
        gate.set()
    with fpxi.read_recording(out) as reader:
        assert np.all(np.diff(reader.column("sequence_number")) == 1)
        assert reader.frame_count == 30
