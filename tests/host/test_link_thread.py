from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fpxi import ConnectionState
from fpxi.device_state import DeviceState
from fpxi.errors import ThreadFailedError
from fpxi.hub import FrameHub
from fpxi.link_thread import LinkThread
from fpxi.replay import ReplayPanel
from fpxi.replay_url import ReplaySpecification
from fpxi.source import FrameSource
from fpxi.subscription import FrameSubscription
from fpxi_readout.device_errors import CommandTimeoutError, DeviceFaultError
from fpxi_readout.errors import FpxiError
from fpxi_readout.frame import Frame
from fpxi_readout.links import LinkClosedError, LinkLostError

WAIT_S = 20.0


class ScriptedPanel(ReplayPanel):
    """A replayed recording whose settings can be changed, and that fails when told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(ReplaySpecification(path, pace="fast", loop=True))
        self.fails_with: Exception | None = None
        self.start_fails_with: Exception | None = None
        self.most_frames = 1000
        self.ready: list[Frame] = []
        self.on_start: Callable[[], None] = lambda: None
        self.asked: list[tuple[object, ...]] = []

    def set(self, name: str, value: int | str) -> int:
        self.asked.append((name, value))
        return int(value)

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:
        self.asked.append(("start", frames, reliable))
        self.on_start()
        if self.start_fails_with is not None:
            raise self.start_fails_with
        return super().start(min(frames, self.most_frames), reliable=reliable)

    def stop(self) -> None:
        self.asked.append(("stop",))
        super().stop()

    def poll(self, timeout_s: float) -> list[Frame]:
        error, self.fails_with = self.fails_with, None
        if error is not None:
            raise error
        return super().poll(timeout_s)

    def take_ready(self) -> list[Frame]:
        ready, self.ready = self.ready, []
        return ready


class ScriptedConnector:
    """Hands out a new panel for each connection; may fail first."""

    scene = None
    radio = None
    unhurried = True
    radio = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self.panels: list[ScriptedPanel] = []
        self.failures: list[Exception] = []
        self.waits_until_interrupted = False
        self.on_start: Callable[[], None] = lambda: None
        self.close_fails_with: Exception | None = None
        self._interrupted = threading.Event()

    def interrupt(self) -> None:
        self._interrupted.set()

    def connect(self) -> FrameSource:
        if self.waits_until_interrupted:
            assert self._interrupted.wait(WAIT_S)
            raise LinkClosedError("script:")
        if self.failures:
            raise self.failures.pop(0)
        self.panels.append(ScriptedPanel(self._path))
        self.panels[-1].on_start = self.on_start
        return self.panels[-1]

    def drop(self, source: FrameSource, *, link_lost: bool) -> None:
        source.close()

    def close(self) -> None:
        if self.close_fails_with is not None:
            raise self.close_fails_with


@pytest.fixture
def connector(record: Callable[..., Path], make_frame: Callable[..., Frame]) -> ScriptedConnector:
    return ScriptedConnector(record([make_frame(number) for number in range(3)]))


@pytest.fixture
def hub() -> FrameHub:
    return FrameHub()


@pytest.fixture
def link(connector: ScriptedConnector, hub: FrameHub) -> Iterator[LinkThread]:
    thread = LinkThread("script:", connector, hub, DeviceState(), reconnect=True)
    thread.start()
    yield thread
    thread.close(WAIT_S)


def wait_for(link: LinkThread, state: ConnectionState) -> None:
    deadline = time.monotonic() + WAIT_S
    status = link.status
    while status.state is not state:
        assert time.monotonic() < deadline
        status = link.wait_for_change(status, 1.0)


def wait_for_reconnection(link: LinkThread, connector: ScriptedConnector) -> None:
    """Wait for a second panel: the state between the two may be over before anybody looks."""
    deadline = time.monotonic() + WAIT_S
    while len(connector.panels) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    wait_for(link, ConnectionState.CONNECTED)


def test_settings_and_an_endless_run_are_asked_for_again_in_their_order(
    link: LinkThread, connector: ScriptedConnector
) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    for name, value in (("a", 1), ("b", 2), ("a", 3)):
        link.submit(lambda device, n=name, v=value: device.set(n, v)).result(WAIT_S)  # type: ignore[misc]
    link.submit(lambda device: device.start(0, reliable=True)).result(WAIT_S)
    connector.panels[0].fails_with = CommandTimeoutError("GET", 8, 4.0)
    wait_for_reconnection(link, connector)
    assert connector.panels[1].asked == [("b", 2), ("a", 3), ("start", 0, True)]


def test_a_run_that_has_ended_is_not_started_again(
    link: LinkThread, connector: ScriptedConnector, hub: FrameHub
) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    frames = FrameSubscription(hub, 5, WAIT_S)
    link.submit(lambda device: device.start(5)).result(WAIT_S)
    assert len(list(frames)) == 5
    connector.panels[0].fails_with = CommandTimeoutError("GET", 8, 4.0)
    wait_for_reconnection(link, connector)
    assert connector.panels[1].asked == []


def test_a_run_that_has_an_end_is_begun_anew_for_what_is_left(
    link: LinkThread, connector: ScriptedConnector, hub: FrameHub
) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    frames = FrameSubscription(hub, 5, WAIT_S, give_up_s=WAIT_S)
    connector.panels[0].most_frames = 2
    link.submit(lambda device: device.start(5, reliable=True)).result(WAIT_S)
    assert [next(frames).number for _ in range(2)] == [0, 1]
    connector.panels[0].fails_with = CommandTimeoutError("GET", 8, 4.0)
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert frames.times_anew == 1
    assert connector.panels[1].asked == [("start", 3, True)]


def test_a_start_that_was_not_answered_is_taken_back(
    link: LinkThread, connector: ScriptedConnector
) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    connector.panels[0].start_fails_with = CommandTimeoutError("START", 8, 4.0)
    failed = link.submit(lambda device: device.start(5))
    assert isinstance(failed.exception(WAIT_S), CommandTimeoutError)
    wait_for_reconnection(link, connector)
    assert connector.panels[1].asked == [("stop",)]


def test_what_a_source_still_had_when_it_failed_is_handed_on(
    link: LinkThread, connector: ScriptedConnector, hub: FrameHub, make_frame: Callable[..., Frame]
) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    frames = FrameSubscription(hub, 2, WAIT_S)
    connector.panels[0].ready = [make_frame(7), make_frame(8)]
    connector.panels[0].fails_with = LinkLostError("script:", "unplugged")
    assert [frame.number for frame in frames] == [7, 8]
    wait_for_reconnection(link, connector)


def test_an_interrupted_connection_attempt_is_an_orderly_end(
    connector: ScriptedConnector, hub: FrameHub
) -> None:
    connector.waits_until_interrupted = True
    link = LinkThread("script:", connector, hub, DeviceState(), reconnect=True)
    link.start()
    link.close(WAIT_S)
    assert link.status.state is ConnectionState.CLOSED
    assert link.status.error is None


def test_a_stopped_run_is_not_started_again(link: LinkThread, connector: ScriptedConnector) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    link.submit(lambda device: device.start(0)).result(WAIT_S)
    link.submit(lambda device: device.stop()).result(WAIT_S)
    connector.panels[0].fails_with = CommandTimeoutError("GET", 8, 4.0)
    wait_for_reconnection(link, connector)
    assert connector.panels[1].asked == []


def test_closing_stops_what_was_started(connector: ScriptedConnector, hub: FrameHub) -> None:
    link = LinkThread("script:", connector, hub, DeviceState(), reconnect=True)
    link.start()
    wait_for(link, ConnectionState.CONNECTED)
    link.submit(lambda device: device.start(0)).result(WAIT_S)
    link.close(WAIT_S)
    assert connector.panels[0].asked == [("start", 0, False), ("stop",)]
    assert link.status.state is ConnectionState.CLOSED


def test_a_device_is_stopped_that_comes_back_while_the_stop_is_asked_for(
    link: LinkThread, connector: ScriptedConnector
) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    link.submit(lambda device: device.start(0)).result(WAIT_S)
    link.stop_when_back()
    link.submit(lambda device: None).result(WAIT_S)
    link.submit(lambda device: None).result(WAIT_S)
    assert connector.panels[0].asked == [("start", 0, False), ("stop",)]


def test_a_stop_that_is_asked_for_while_a_run_is_begun_anew_holds(
    link: LinkThread, connector: ScriptedConnector
) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    link.submit(lambda device: device.start(0)).result(WAIT_S)
    connector.on_start = link.stop_when_back
    connector.panels[0].fails_with = CommandTimeoutError("GET", 8, 4.0)
    wait_for_reconnection(link, connector)
    link.submit(lambda device: None).result(WAIT_S)
    link.submit(lambda device: None).result(WAIT_S)
    assert connector.panels[1].asked == [("start", 0, False), ("stop",)]


def test_a_start_that_follows_a_stop_while_the_device_was_away_is_not_stopped(
    link: LinkThread, connector: ScriptedConnector
) -> None:
    wait_for(link, ConnectionState.CONNECTED)

    def begin(device: FrameSource) -> None:
        link.stop_when_back()
        device.start(0)

    link.submit(begin).result(WAIT_S)
    link.submit(lambda device: None).result(WAIT_S)
    assert connector.panels[0].asked == [("start", 0, False)]


def test_a_link_that_cannot_be_let_go_of_is_told_as_the_end(
    connector: ScriptedConnector, hub: FrameHub
) -> None:
    connector.close_fails_with = OSError("stuck")
    link = LinkThread("script:", connector, hub, DeviceState(), reconnect=True)
    link.start()
    wait_for(link, ConnectionState.CONNECTED)
    link.close(WAIT_S)
    assert link.status.state is ConnectionState.FAILED
    assert isinstance(link.submit(lambda device: None).exception(WAIT_S), ThreadFailedError)


def test_closing_leaves_alone_what_others_started(
    connector: ScriptedConnector, hub: FrameHub
) -> None:
    link = LinkThread("script:", connector, hub, DeviceState(), reconnect=True)
    link.start()
    wait_for(link, ConnectionState.CONNECTED)
    link.close(WAIT_S)
    assert connector.panels[0].asked == []


def test_a_fault_of_the_device_ends_the_run_and_not_the_session(
    link: LinkThread, connector: ScriptedConnector, hub: FrameHub
) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    frames = FrameSubscription(hub, None, WAIT_S, give_up_s=0)
    connector.panels[0].fails_with = DeviceFaultError("bias")
    with pytest.raises(DeviceFaultError):
        next(frames)
    assert link.submit(lambda device: device.get("light")).result(WAIT_S) == 1
    assert link.status.state is ConnectionState.CONNECTED


def test_a_command_that_times_out_tells_its_caller_and_reconnects(
    link: LinkThread, connector: ScriptedConnector
) -> None:
    wait_for(link, ConnectionState.CONNECTED)

    def fail(device: FrameSource) -> None:
        raise CommandTimeoutError("SET", 8, 4.0)

    assert isinstance(link.submit(fail).exception(WAIT_S), CommandTimeoutError)
    wait_for_reconnection(link, connector)


def test_attempts_are_counted_and_tell_why(connector: ScriptedConnector, hub: FrameHub) -> None:
    connector.failures = [CommandTimeoutError("IDENTIFY", 8, 4.0) for _ in range(2)]
    link = LinkThread("script:", connector, hub, DeviceState(), reconnect=True)
    seen = link.status
    link.start()
    states = []
    while seen.state is not ConnectionState.CONNECTED:
        seen = link.wait_for_change(seen, WAIT_S)
        states.append((seen.attempt, type(seen.error)))
    link.close(WAIT_S)
    assert states == [(1, CommandTimeoutError), (2, CommandTimeoutError), (0, type(None))]


@pytest.mark.parametrize(
    ("error", "becomes"), [(FpxiError("final"), FpxiError), (KeyError("bug"), ThreadFailedError)]
)
def test_what_no_reconnection_cures_ends_the_session_by_name(
    link: LinkThread,
    connector: ScriptedConnector,
    hub: FrameHub,
    error: Exception,
    becomes: type[FpxiError],
) -> None:
    wait_for(link, ConnectionState.CONNECTED)
    frames = FrameSubscription(hub, None, WAIT_S)
    connector.panels[0].fails_with = error
    with pytest.raises(becomes):
        next(frames)
    wait_for(link, ConnectionState.FAILED)
    assert isinstance(link.status.error, becomes)
    assert isinstance(link.submit(lambda device: None).exception(WAIT_S), becomes)
