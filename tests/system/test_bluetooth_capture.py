"""Captures over the air: bleak as it is here, panel, radio and org.bluez in another process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fpxi
import numpy as np
import pytest
from fpxi import ConnectionState
from numpy.typing import NDArray

Serve = Callable[..., contextlib.AbstractContextManager[Any]]
SIM = "sim:tft64?beam=off"
CMOS = "sim:cmos32?beam=off"
EXPOSURE_US = 10_000
WAIT_S = 60.0
CANCELLED = ("connect", "write_gatt_char", "start_notify", "read_gatt_char")


def twin(url: str, count: int) -> NDArray[np.uint16]:
    """The same panel's frames, taken in this process."""
    with fpxi.open(f"{url}&time=virtual") as session:
        session.set("exposure_us", EXPOSURE_US)
        with session.frames(count, timeout_s=WAIT_S) as frames:
            session.start(count, reliable=True)
            return np.stack([frame.samples for frame in frames])


def assert_holds(path: Path, url: str, count: int) -> list[str]:
    """See that the file has every frame, bit by bit; return its events."""
    with fpxi.read_recording(path) as reader:
        assert reader.complete
        numbers = reader.column("sequence_number").tolist()
        assert [number - numbers[0] for number in numbers] == list(range(count))
        frames = np.stack([reader.frame(index).samples for index in range(count)])
        events = [event.text for event in reader.events()]
    np.testing.assert_array_equal(frames, twin(url, count))
    return events


@contextlib.contextmanager
def connected(url: str, **options: Any) -> Iterator[fpxi.Session]:
    with fpxi.open(url, timeout_s=WAIT_S, **options) as session:
        session.set("exposure_us", EXPOSURE_US)
        yield session


@pytest.fixture
def count(thorough: bool) -> int:
    """How many frames a capture takes."""
    return 500 if thorough else 100


@pytest.mark.parametrize("errors", ["0", "0.1"])
def test_every_frame_comes_whole_also_where_every_tenth_packet_is_lost(
    serve_bluetooth: Serve, tmp_path: Path, errors: str, count: int
) -> None:
    with (
        serve_bluetooth(SIM, "--radio", f"packet_errors={errors}") as server,
        connected(server.url) as session,
    ):
        result = session.capture(count, tmp_path / "run.h5")
    assert result.complete
    assert result.crc_errors == 0
    assert_holds(tmp_path / "run.h5", SIM, count)


def test_every_frame_comes_whole_though_the_receiver_stalls_for_two_seconds(
    serve_bluetooth: Serve, tmp_path: Path, count: int
) -> None:
    with serve_bluetooth(SIM) as server, connected(server.url) as session:

        def stall(received: int) -> None:
            if received == count // 5:
                session.submit(lambda _: time.sleep(2.0))  # in the thread that reads the link

        result = session.capture(count, tmp_path / "run.h5", progress=stall)
    assert result.complete
    assert_holds(tmp_path / "run.h5", SIM, count)


class Drops:
    """Breaks a capture's link again and again, in every way, at random moments."""

    WAYS = ("remote", "supervision", "local", "cancel")

    def __init__(self, session: fpxi.Session, server: Any, drops: int) -> None:
        self.noticed = 0
        """how many the session has noticed"""
        self._drops = drops
        self._session = session
        self._server = server
        self._random = random.Random(5)
        self._begun = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Drops:
        self._thread.start()
        return self

    def begin(self, _received: int) -> None:
        """Begin, now that a frame has come: a run begun anew before that has other exposures."""
        self._begun.set()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._begun.set()
        self._thread.join()

    def _run(self) -> None:
        self._begun.wait()
        for count in itertools.count():
            if self.noticed == self._drops or self._over.wait(self._random.uniform(0.0, 0.4)):
                return
            self._break(self.WAYS[count % len(self.WAYS)])
            self.noticed += self._wait_for(ConnectionState.RECONNECTING, 1.0)
            if self._random.random() < 0.2:  # and again, while the link is being opened
                time.sleep(self._random.uniform(0.0, 0.8))
                self._break(self._random.choice(self.WAYS))
            self._wait_for(ConnectionState.CONNECTED, WAIT_S)

    def _break(self, way: str) -> None:
        if way in ("remote", "supervision"):
            self._server.tell(f"drop {way}")
        elif way == "local":
            self._in_link_loop(lambda client: asyncio.ensure_future(client.disconnect()))
        else:
            self._in_link_loop(cancel_operations)

    def _in_link_loop(self, action: Callable[[Any], object]) -> None:
        link = self._session._connector._link
        if link is not None:
            with contextlib.suppress(RuntimeError):  # it is closed at this very moment
                loop = link._loop._runner.get_loop()
                loop.call_soon_threadsafe(action, link._opened.client)

    def _wait_for(self, state: ConnectionState, limit_s: float) -> bool:
        deadline = time.monotonic() + limit_s
        while self._session.connection.state is not state and time.monotonic() < deadline:
            time.sleep(0.001)
        return self._session.connection.state is state


def cancel_operations(_: Any) -> None:
    """Cancel what goes on with the panel, as a system does that gives an operation up."""
    for task in asyncio.all_tasks():
        if getattr(task.get_coro(), "__name__", "") in CANCELLED:
            task.cancel()


@pytest.mark.timeout(300)
def test_drops_in_a_capture_lose_no_frame_that_the_device_still_has(
    serve_bluetooth: Serve, tmp_path: Path, thorough: bool
) -> None:
    path, count, wanted = tmp_path / "run.h5", *((2500, 50) if thorough else (500, 10))
    threads = set(threading.enumerate())
    fast = ("--radio", "interval_ms=7.5", "--radio", "supervision_s=0.3")
    with (
        serve_bluetooth(CMOS, *fast) as server,
        connected(server.url) as session,
        Drops(session, server, wanted) as drops,
    ):
        result = session.capture(count, path, progress=drops.begin)
    assert drops.noticed == wanted
    assert result.complete
    assert result.reconnections >= wanted
    events = assert_holds(path, CMOS, count)
    assert sum("lost" in text for text in events) >= wanted
    assert set(threading.enumerate()) <= threads
