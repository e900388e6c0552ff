from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import fpxi
import h5py
import numpy as np
import pytest
from fpxi import ConnectionState
from fpxi.errors import (
    CaptureCountError,
    NotConnectedError,
    RecordingExistsError,
    SessionClosedError,
    SubscriptionTimeoutError,
    UnsupportedUrlError,
)
from fpxi_hwsim.errors import SimulationUrlError
from fpxi_readout.device_errors import CommandRefusedError, ParameterRangeError, ParameterValueError
from fpxi_readout.links import LinkOpenError
from fpxi_readout.protocol.generated import Delivery, Fault, ResetCause


def test_open_connects_and_knows_the_device(session: fpxi.Session) -> None:
    assert session.connection.state is ConnectionState.CONNECTED
    assert session.identity is not None
    assert session.geometry is not None
    assert session.dictionary is not None
    assert session.geometry.name == "cmos32"
    assert session.parameters.keys() == session.dictionary.parameters.keys()
    assert session.scene.beam_on


def test_setting_and_reading_parameters(session: fpxi.Session) -> None:
    assert session.set("exposure_us", 1234) == 1234
    assert session.parameters["exposure_us"] == 1234
    assert session.get("exposure_us") == 1234
    assert session.set("trigger_mode", "software") == 1


def test_a_refusal_reaches_the_caller_and_the_session_goes_on(session: fpxi.Session) -> None:
    with pytest.raises(ParameterRangeError):
        session.set("exposure_us", 1)
    with pytest.raises(CommandRefusedError):
        session.software_trigger()
    assert session.connection.state is ConnectionState.CONNECTED


def test_an_error_of_the_submitters_own_goes_to_him_alone(session: fpxi.Session) -> None:
    future = session.submit(lambda device: 1 // 0)
    assert isinstance(future.exception(10), ZeroDivisionError)
    assert session.get("state") == 0


def test_reset_returns_to_the_defaults(session: fpxi.Session) -> None:
    session.set("exposure_us", 1234)
    session.reset()
    assert session.parameters["exposure_us"] == 10_000
    assert session.identity is not None
    assert session.identity.reset_cause == ResetCause.COMMAND


def test_capture_records_exactly_the_frames_asked_for(
    session: fpxi.Session, tmp_path: Path
) -> None:
    done: list[int] = []
    result = session.capture(30, tmp_path / "run.h5", progress=done.append)
    assert (result.frames_received, result.frames_lost, result.rows_lost) == (30, 0, 0)
    assert result.complete
    assert result.bytes_received > 30 * 32 * 32 * 2
    assert result.frame_rate_hz > 0
    assert done == list(range(1, 31))
    with fpxi.read_recording(tmp_path / "run.h5") as reader:
        assert reader.column("sequence_number").tolist() == list(range(30))
        assert reader.image_keys.tolist() == [fpxi.ImageKey.IMAGE] * 30
    assert session.get("state") == 0


def test_captures_follow_one_another_without_mixing(session: fpxi.Session, tmp_path: Path) -> None:
    first = session.capture(5, tmp_path / "a.h5", reliable=False, image_key=fpxi.ImageKey.DARK)
    second = session.capture(5, tmp_path / "b.h5")
    assert first.last_frame < second.first_frame
    with fpxi.read_recording(tmp_path / "b.h5") as reader:
        assert reader.frame(0).number == second.first_frame


def test_capture_sends_the_triggers_that_frames_wait_for(session: fpxi.Session) -> None:
    session.set("trigger_mode", "software")
    assert session.capture(3).frames_received == 3


def test_capture_refuses_before_anything_is_started(session: fpxi.Session, tmp_path: Path) -> None:
    (tmp_path / "run.h5").write_text("precious")
    with pytest.raises(RecordingExistsError):
        session.capture(3, tmp_path / "run.h5")
    with pytest.raises(CaptureCountError):
        session.capture(0)
    assert (tmp_path / "run.h5").read_text() == "precious"
    assert session.get("frames_acquired") == 0


def test_capture_replaces_a_running_acquisition_and_sees_its_own_frames_only(
    session: fpxi.Session, tmp_path: Path
) -> None:
    with session.frames(5) as frames:
        session.start(reliable=True)
        list(frames)
    result = session.capture(3, tmp_path / "run.h5")
    with fpxi.read_recording(tmp_path / "run.h5") as reader:
        numbers = reader.column("sequence_number").tolist()
    assert numbers == list(range(result.first_frame, result.first_frame + 3))


@pytest.mark.parametrize("count", [1.5, "x", None, -1])
def test_a_count_that_is_no_count_is_named(session: fpxi.Session, count: Any) -> None:
    with pytest.raises(CaptureCountError, match="whole number"):
        session.capture(count)


@pytest.mark.parametrize("value", [None, 1000.0])
def test_a_value_that_is_no_whole_number_is_named(session: fpxi.Session, value: Any) -> None:
    with pytest.raises(ParameterValueError, match="whole number"):
        session.set("exposure_us", value)


@pytest.mark.parametrize("reliable", [True, False])
def test_a_recording_tells_how_it_was_delivered(
    session: fpxi.Session, tmp_path: Path, reliable: bool
) -> None:
    session.capture(1, reliable=not reliable)
    session.capture(1, tmp_path / "run.h5", reliable=reliable)
    with h5py.File(tmp_path / "run.h5") as file:
        delivery = file["entry/device/parameters/delivery"]
        assert delivery[()] == (Delivery.RELIABLE if reliable else Delivery.LIVE)
        assert delivery.attrs["value_name"] == ("reliable" if reliable else "live")


def test_a_start_that_is_refused_leaves_no_file(session: fpxi.Session, tmp_path: Path) -> None:
    with pytest.raises(ParameterRangeError):
        session.capture(2**40, tmp_path / "run.h5")
    assert not (tmp_path / "run.h5").exists()


def test_a_subscription_gets_every_frame_in_order(session: fpxi.Session) -> None:
    with session.frames(50) as frames:
        first = session.start(50, reliable=True)
        assert [frame.number for frame in frames] == list(range(first, first + 50))


def test_a_slow_reader_makes_a_reliable_device_wait(session: fpxi.Session) -> None:
    with session.frames(60, queue_frames=4) as frames:
        session.start(60, reliable=True)
        while not frames.crowded:
            session.get("state")
        for _ in range(60):  # time enough to overflow, if nothing held the device back
            session.get("state")
        assert [frame.number for frame in frames] == list(range(60))


def test_a_host_that_waits_for_slow_readers_is_not_taken_for_gone() -> None:
    with fpxi.open("sim:cmos32") as session, session.frames(60, queue_frames=40) as frames:
        session.set("heartbeat_timeout_ms", 300)
        session.start(60, reliable=True)
        while not frames.crowded:
            time.sleep(0.01)
        time.sleep(0.9)  # three time-outs
        assert [frame.number for frame in frames] == list(range(60))
        assert session.get("fault") == Fault.NONE


def test_without_frames_a_subscription_says_so(session: fpxi.Session) -> None:
    with session.frames(timeout_s=0.05) as frames, pytest.raises(SubscriptionTimeoutError):
        next(frames)


def test_recording_beside_a_running_acquisition(session: fpxi.Session, tmp_path: Path) -> None:
    session.start(reliable=True)
    recording = session.record(tmp_path / "run.h5", frames=20)
    recording.wait(20.0)
    session.stop()
    with fpxi.read_recording(tmp_path / "run.h5") as reader:
        numbers = reader.column("sequence_number")
    assert np.all(np.diff(numbers) == 1)
    assert len(numbers) == 20
    assert session.statistics().frames_recorded == 20


def test_statistics_tell_losses_from_skipped_previews(session: fpxi.Session) -> None:
    session.capture(100)
    session.pipeline.close(10.0)  # after this the preview has seen all it ever will
    statistics = session.statistics()
    assert statistics.link.frames_received == 100
    assert statistics.link.frames_lost == 0
    assert statistics.frames_previewed + statistics.preview_skipped <= 100
    assert statistics.last_frame_at is not None
    assert session.events()[0].text.startswith("firmware started")


def test_closing_ends_every_thread_and_later_calls_say_so() -> None:
    before = set(threading.enumerate())
    session = fpxi.open("sim:cmos32")
    session.start()
    frames = session.frames()
    next(frames)
    session.close()
    assert set(threading.enumerate()) <= before
    assert session.connection.state is ConnectionState.CLOSED
    with pytest.raises(SessionClosedError):
        session.get("state")
    with pytest.raises(SessionClosedError):
        for _ in frames:  # what is queued comes first
            pass
    with pytest.raises(SessionClosedError):
        next(session.frames())
    session.close()


def test_closing_finishes_open_recordings(tmp_path: Path) -> None:
    with fpxi.open("sim:cmos32?time=virtual") as session:
        session.start(reliable=True)
        recording = session.record(tmp_path / "run.h5")
        with session.frames(10) as frames:
            list(frames)
    assert recording.finished
    assert recording.error is None
    with fpxi.read_recording(tmp_path / "run.h5") as reader:
        assert reader.complete
        assert len(reader) >= 10


def test_a_session_that_never_began_can_be_closed() -> None:
    session = fpxi.Session("sim:cmos32")
    session.close()
    with pytest.raises(SessionClosedError):
        session.get("state")


def test_recording_needs_a_device_to_have_answered(tmp_path: Path) -> None:
    session = fpxi.Session("serial:/dev/does-not-exist")
    with pytest.raises(NotConnectedError):
        session.record(tmp_path / "run.h5")
    session.close()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("nonsense", UnsupportedUrlError),
        ("sim:unknown", SimulationUrlError),
        ("serial:/dev/does-not-exist", LinkOpenError),
        ("file:/does/not/exist.h5", fpxi.RecordingError),
    ],
)
def test_what_cannot_be_opened_is_named_at_once(url: str, error: type[Exception]) -> None:
    before = set(threading.enumerate())
    with pytest.raises(error):
        fpxi.open(url)
    assert set(threading.enumerate()) <= before


def test_begin_keeps_trying_while_a_port_is_absent() -> None:
    with fpxi.Session("serial:/dev/does-not-exist") as session:
        with pytest.raises(LinkOpenError):
            session.wait_connected(5.0)
        with pytest.raises(NotConnectedError):
            session.get("state")
        assert session.connection.state is ConnectionState.CONNECTING
        assert session.connection.attempt >= 1


def test_without_reconnection_an_absent_port_is_final() -> None:
    with fpxi.Session("serial:/dev/does-not-exist", reconnect=False) as session:
        with pytest.raises(LinkOpenError):
            session.wait_connected(5.0)
        with pytest.raises(LinkOpenError):
            session.get("state")
        assert session.connection.state is ConnectionState.FAILED
