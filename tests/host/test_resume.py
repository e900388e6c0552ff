"""Captures that survive their link: a proxy between session and panel drops connections."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fpxi
import numpy as np
import pytest
from fpxi import ConnectionState
from fpxi.errors import LinkGivenUpError, NotConnectedError, SubscriptionTimeoutError
from fpxi_hwsim.serve import Server, serve_serial, serve_tcp
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_readout.device_errors import DeviceFaultError, StreamTakenError
from fpxi_readout.links import LinkLostError, open_link
from fpxi_readout.links.serial import SerialLink
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import State

WAIT_S = 30.0
URL = "sim:cmos32?serial=ONE&seed=4"
QUICK = {"exposure_us": 2000}
SLOW_US = 20_000
"""Exposures after which no frame waits to be taken, also where the machine is busy."""


class Proxy:
    """A TCP port in front of another, which drops the connection when told to.

    It carries the bytes of one connection at a time. `plan` gives, for each connection in turn, the
    number of bytes to the host after which it is dropped; afterwards none is dropped.
    """

    def __init__(self, url: str) -> None:
        self.plan: Iterator[int] = iter(())
        self.drops = 0
        self.open_for_hosts = True
        host, _, port = url.removeprefix("socket://").rpartition(":")
        self._device = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._closing = False
        self._cut = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Drop the connection now."""
        self._cut.set()

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while not self._closing:
            try:
                host, _ = self._listener.accept()
            except TimeoutError:
                continue
            if self.open_for_hosts:
                with host, socket.create_connection(self._device) as device:
                    self._carry(host, device)
                self.drops += 1
            else:
                host.close()

    def _carry(self, host: socket.socket, device: socket.socket) -> None:
        left: float = next(self.plan, float("inf"))
        self._cut.clear()
        for each in (host, device):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.settimeout(0.001)
        with contextlib.suppress(ConnectionError):
            while left > 0 and not (self._closing or self._cut.is_set()):
                with contextlib.suppress(TimeoutError):
                    data = device.recv(4096)
                    if not data:
                        return
                    data = data[: int(min(left, len(data)))]
                    host.sendall(data)
                    left -= len(data)
                with contextlib.suppress(TimeoutError):
                    data = host.recv(4096)
                    if not data:
                        return
                    device.sendall(data)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_tcp(SimulationSpecification.from_url(URL)) as served:
        yield served


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    proxy = Proxy(server.url)
    yield proxy
    proxy.close()


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in left if name.startswith("fpxi")}


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def read(path: Path) -> tuple[list[int], Any, Any, list[str]]:
    """Numbers, samples, which rows came, and events of a recording."""
    with fpxi.read_recording(path) as reader:
        frames = [reader.frame(index) for index in range(len(reader))]
        return (
            [frame.number for frame in frames],
            np.array([frame.samples for frame in frames]),
            np.array([frame.row_received for frame in frames]),
            [event.text for event in reader.events()],
        )


def undisturbed(count: int, exposure_us: int = QUICK["exposure_us"]) -> Any:
    """Samples of a reliable capture from an equal panel that nothing disturbs."""
    with fpxi.open(f"{URL}&time=virtual") as session:
        session.set("exposure_us", exposure_us)
        with session.frames(count) as frames:
            session.start(count, reliable=True)
            return np.array([frame.samples for frame in frames])


def test_fifty_drops_cost_a_reliable_capture_nothing(proxy: Proxy, tmp_path: Path) -> None:
    count, drops = 300, 50
    chance = random.Random(7)
    with fpxi.open(proxy.url) as session:
        session.set("exposure_us", QUICK["exposure_us"])
        proxy.plan = iter([chance.randrange(400, 14_000) for _ in range(drops - 1)])
        proxy.cut()
        notes: list[str] = []
        result = session.capture(count, tmp_path / "run.h5", notify=notes.append)
    numbers, samples, rows, events = read(tmp_path / "run.h5")
    assert numbers == list(range(count))
    assert rows.all()
    assert np.array_equal(samples, undisturbed(count))
    assert result.complete
    assert result.frames_lost == result.frames_skipped == 0
    assert result.away_s > 0
    lost = [text for text in events if "lost" in text]
    found = [text for text in events if "connected again after" in text]
    assert len(lost) == len(found) == len(notes) // 2
    assert proxy.drops >= drops
    assert result.reconnections >= drops // 2  # some drops broke an attempt to come back


@pytest.mark.parametrize("reliable", [True, False])
def test_a_line_that_keeps_what_was_under_way_costs_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reliable: bool
) -> None:
    """As behind a Bluetooth module: nobody hangs up, so stale bytes come first."""
    count = 100
    breaks, broken, real = threading.Event(), threading.Event(), SerialLink.read

    def read_or_break(link: SerialLink, timeout_s: float) -> bytes:
        if breaks.is_set():
            breaks.clear()
            broken.set()
            raise LinkLostError(link.description, "cut")
        return real(link, timeout_s)

    def break_now_and_then(done: int) -> None:
        if done % 10 == 0 and done < count - 20:
            wait_until(lambda: session.connection.state is ConnectionState.CONNECTED)
            broken.clear()
            breaks.set()
            assert broken.wait(WAIT_S)

    monkeypatch.setattr(SerialLink, "read", read_or_break)
    served = serve_serial(SimulationSpecification.from_url(URL))
    with served, fpxi.open(served.url) as session:
        session.set("exposure_us", SLOW_US)
        result = session.capture(
            count, tmp_path / "run.h5", reliable=reliable, progress=break_now_and_then
        )
    numbers, samples, rows, _ = read(tmp_path / "run.h5")
    assert result.reconnections > 1
    if reliable:
        assert numbers == list(range(count))
        assert np.array_equal(samples, undisturbed(count, SLOW_US))
        assert rows.all()
    absent = result.last_frame - result.first_frame + 1 - result.frames_received
    assert result.frames_lost + result.frames_skipped == absent
    assert numbers == sorted(set(numbers))


def test_live_frames_that_passed_meanwhile_are_counted(proxy: Proxy, tmp_path: Path) -> None:
    def cut(done: int) -> None:
        if done in (5, 20):
            wait_until(lambda: session.connection.state is ConnectionState.CONNECTED)
            proxy.open_for_hosts = False
            proxy.cut()
            wait_until(lambda: session.connection.state is ConnectionState.RECONNECTING)
            proxy.open_for_hosts = True

    count = 60
    with fpxi.open(proxy.url) as session:
        session.set("exposure_us", SLOW_US)
        result = session.capture(count, tmp_path / "run.h5", reliable=False, progress=cut)
    numbers, _, _, events = read(tmp_path / "run.h5")
    assert numbers == sorted(set(numbers))
    assert len(numbers) == count
    assert result.reconnections == 2
    absent = result.last_frame - result.first_frame + 1 - count
    assert result.frames_lost + result.frames_skipped == absent
    assert sum("the acquisition goes on" in text for text in events) == 2


@pytest.mark.parametrize("drops", [[], [700, 800, 900, 1200]], ids=["once", "and again"])
def test_a_device_that_restarts_is_begun_anew_for_what_is_still_wanted(
    server: Server, proxy: Proxy, tmp_path: Path, drops: list[int]
) -> None:
    def pull_the_plug(done: int) -> None:
        if done == 10:
            proxy.open_for_hosts = False
            proxy.cut()
            server.device.reset()
            proxy.plan = iter(drops)
            proxy.open_for_hosts = True

    with fpxi.open(proxy.url) as session:
        session.set("exposure_us", QUICK["exposure_us"])
        result = session.capture(40, tmp_path / "run.h5", progress=pull_the_plug)
    assert result.frame_rate_hz == 0.0  # two clocks tell no rate
    numbers, _, _, events = read(tmp_path / "run.h5")
    begin = numbers.index(0, 1)
    assert begin >= 10
    assert numbers == [*range(begin), *range(40 - begin)]
    assert any(f"begun anew for {40 - begin} frames" in text for text in events), events
    with fpxi.read_recording(tmp_path / "run.h5") as reader:
        assert set(reader.column("exposure_time").tolist()) == {0.002}


def test_a_reset_in_mid_capture_is_survived(tmp_path: Path) -> None:
    with fpxi.open("sim:cmos32") as session:
        device = session._connector._link.device  # type: ignore[attr-defined]

        def reset(done: int) -> None:
            if done == 5:
                device.reset()

        session.capture(20, tmp_path / "run.h5", progress=reset)
    numbers, _, _, events = read(tmp_path / "run.h5")
    assert len(numbers) == 20
    assert 0 in numbers[1:]
    assert any("begun anew" in text for text in events)


def test_a_device_that_stays_away_ends_the_capture_with_its_loss(
    proxy: Proxy, tmp_path: Path
) -> None:
    def go(done: int) -> None:
        if done == 5:
            proxy.open_for_hosts = False
            proxy.cut()

    with fpxi.open(proxy.url) as session:
        began = time.monotonic()
        with pytest.raises(LinkGivenUpError, match=r"gave up after 0\.5 s"):
            session.capture(10_000, tmp_path / "run.h5", give_up_s=0.5, progress=go)
        assert time.monotonic() - began >= 0.5
    with fpxi.read_recording(tmp_path / "run.h5") as reader:
        assert reader.complete
        assert len(reader) >= 5


def test_an_outage_longer_than_a_frame_may_take_is_no_late_frame(proxy: Proxy) -> None:
    def go(done: int) -> None:
        if done == 5:
            proxy.open_for_hosts = False
            proxy.cut()
            threading.Timer(0.8, lambda: setattr(proxy, "open_for_hosts", True)).start()

    with fpxi.open(proxy.url) as session:
        result = session.capture(20, timeout_s=0.5, progress=go)
    assert result.away_s >= 0.5
    assert result.frames_received == 20


@pytest.mark.parametrize("burst", [1, 3])
def test_triggered_bursts_come_once_each_whatever_drops(
    server: Server, proxy: Proxy, tmp_path: Path, burst: int
) -> None:
    chance = random.Random(3)
    with fpxi.open(proxy.url) as session:
        session.set("exposure_us", QUICK["exposure_us"])
        session.set("trigger_mode", "software")
        session.set("burst_frames", burst)
        proxy.plan = iter([chance.randrange(300, 9000) for _ in range(12)])
        proxy.cut()
        result = session.capture(24, tmp_path / "run.h5")
    numbers, _, _, _ = read(tmp_path / "run.h5")
    assert numbers == list(range(numbers[0], numbers[0] + 24))
    assert result.reconnections > 3
    assert server.device.truth.exposures == 24 + numbers[0]


def test_a_run_that_another_host_took_meanwhile_is_named(server: Server, proxy: Proxy) -> None:
    def take(done: int) -> None:
        if done == 5:
            proxy.open_for_hosts = False
            proxy.cut()
            drops = proxy.drops
            wait_until(lambda: proxy.drops > drops)
            with Panel.connect(open_link(server.url)) as other:
                other.start()
            proxy.open_for_hosts = True

    with fpxi.open(proxy.url) as session:
        with pytest.raises(StreamTakenError, match="another host"):
            session.capture(10_000, progress=take)
        assert session.connection.state is ConnectionState.FAILED


def test_a_fault_ends_a_capture_however_patient(server: Server, proxy: Proxy) -> None:
    def stay_away(done: int) -> None:
        if done == 3:
            proxy.open_for_hosts = False
            proxy.cut()
            threading.Timer(0.5, lambda: setattr(proxy, "open_for_hosts", True)).start()

    with fpxi.open(proxy.url) as session:
        session.set("heartbeat_timeout_ms", 100)
        with pytest.raises(DeviceFaultError, match="heartbeat"):
            session.capture(10_000, progress=stay_away)


def test_stopping_while_the_device_is_away_stops_it_when_it_is_back(
    server: Server, proxy: Proxy
) -> None:
    with fpxi.open(proxy.url) as session:
        with session.frames(5, timeout_s=WAIT_S) as frames:
            session.start()
            assert len(list(frames)) == 5
        proxy.open_for_hosts = False
        proxy.cut()
        wait_until(lambda: session.connection.state is ConnectionState.RECONNECTING)
        with pytest.raises(NotConnectedError):
            session.stop()
        proxy.open_for_hosts = True
        wait_until(lambda: session.connection.state is ConnectionState.CONNECTED)
        wait_until(lambda: session.get("state") == 0)
        exposures = server.device.truth.exposures
        time.sleep(0.1)
        assert server.device.truth.exposures == exposures


def test_a_live_capture_that_loses_its_link_at_the_end_is_whole_and_stops_the_device(
    server: Server, proxy: Proxy
) -> None:
    def cut(done: int) -> None:
        if done == 20:
            proxy.open_for_hosts = False
            proxy.cut()
            wait_until(lambda: session.connection.state is ConnectionState.RECONNECTING)
            back.start()

    back = threading.Timer(0.1, setattr, (proxy, "open_for_hosts", True))
    with fpxi.open(proxy.url) as session:
        session.set("exposure_us", QUICK["exposure_us"])
        result = session.capture(20, reliable=False, progress=cut)
        back.join()
        assert result.frames_received == 20
        assert session.get("state") == State.IDLE


def test_a_plain_subscription_keeps_its_own_time(proxy: Proxy) -> None:
    with fpxi.open(proxy.url) as session, session.frames(timeout_s=0.5) as frames:
        session.start()
        next(frames)
        proxy.open_for_hosts = False
        proxy.cut()
        with pytest.raises(SubscriptionTimeoutError):
            list(frames)
