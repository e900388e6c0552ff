"""Links over real pseudo-terminals and sockets, with pyserial as it is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import fpxi_hwsim
import pytest
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.links import (
    Link,
    LinkClosedError,
    LinkLostError,
    LinkOpenError,
    UnknownSchemeError,
    list_serial_ports,
    open_link,
)
from fpxi_readout.links.serial import open_port
from fpxi_readout.panel import Panel

posix_only = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")


@pytest.fixture(params=["pty", "tcp"])
def far_end(request: pytest.FixtureRequest) -> Iterator[tuple[Link, Any]]:
    """An open link and what is at its other end: read, write, close."""
    if request.param == "pty" and os.name != "posix":
        pytest.skip("pseudo-terminals are POSIX")
    end = _Terminal() if request.param == "pty" else _Socket()
    link = open_link(end.url)
    end.accept()
    yield link, end
    link.close()
    end.close()


class _Terminal:
    def __init__(self) -> None:
        import tty

        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.url = f"serial:{os.ttyname(self.slave)}"

    def accept(self) -> None:
        os.close(self.slave)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.master, data) :]

    def read(self, count: int) -> bytes:
        return os.read(self.master, count)

    def close(self) -> None:
        if self.master >= 0:
            os.close(self.master)
        self.master = -1


class _Socket:
    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self.server.getsockname()[1]}"
        self.peer: socket.socket | None = None

    def accept(self) -> None:
        self.peer, _ = self.server.accept()
        self.server.close()

    def write(self, data: bytes) -> None:
        assert self.peer is not None
        self.peer.sendall(data)

    def read(self, count: int) -> bytes:
        assert self.peer is not None
        return self.peer.recv(count)

    def close(self) -> None:
        assert self.peer is not None
        self.peer.close()


def test_bytes_pass_both_ways_unchanged(far_end: tuple[Link, Any]) -> None:
    link, end = far_end
    data = bytes(range(256)) * 8
    end.write(data)
    received = b""
    while len(received) < len(data):
        received += link.read(1.0)
    assert received == data
    link.write(bytes(range(256)))
    assert end.read(4096) == bytes(range(256))


def test_read_returns_nothing_when_nothing_comes(far_end: tuple[Link, Any]) -> None:
    link, _ = far_end
    assert link.read(0.0) == b""
    assert link.read(0.02) == b""


def test_read_returns_what_comes_while_it_waits(far_end: tuple[Link, Any]) -> None:
    link, end = far_end
    timer = threading.Timer(0.05, end.write, [b"late"])
    timer.start()
    assert link.read(10.0) == b"late"
    timer.join()


def test_a_big_transfer_does_not_come_in_single_bytes(far_end: tuple[Link, Any]) -> None:
    link, end = far_end
    data = bytes(1_000_000)
    thread = threading.Thread(target=end.write, args=[data])
    thread.start()
    reads, size = 0, 0
    while size < len(data):
        got = link.read(1.0)
        reads, size = reads + 1, size + len(got)
    thread.join()
    assert size == len(data)
    assert size / reads > 200


def test_unplugging_is_named_on_read(far_end: tuple[Link, Any]) -> None:
    link, end = far_end
    end.close()
    with pytest.raises(LinkLostError) as caught:
        link.read(10.0)
    assert caught.value.url == link.description


def test_unplugging_is_named_on_write(far_end: tuple[Link, Any]) -> None:
    link, end = far_end
    end.close()
    with pytest.raises(LinkLostError):
        _write_for_a_second(link)


def _write_for_a_second(link: Link) -> None:
    """TCP takes what is written until the other end has refused it."""
    for _ in range(100):
        link.write(b"x")
        time.sleep(0.01)


def test_a_closed_link_says_so(far_end: tuple[Link, Any]) -> None:
    link, _ = far_end
    link.close()
    link.close()
    with pytest.raises(LinkClosedError):
        link.read(0.0)
    with pytest.raises(LinkClosedError):
        link.write(b"x")


@posix_only
def test_a_port_that_takes_no_bytes_is_lost_within_a_bounded_time() -> None:
    end = _Terminal()
    link = open_link(end.url)
    with pytest.raises(LinkLostError):
        link.write(bytes(1_000_000))
    link.close()
    end.accept()
    end.close()


@posix_only
def test_a_port_is_not_shared() -> None:
    end = _Terminal()
    link = open_link(end.url)
    with pytest.raises(LinkOpenError):
        open_link(end.url)
    link.close()
    open_link(end.url).close()
    end.accept()
    end.close()


@posix_only
def test_a_pseudo_terminal_is_opened_without_the_parity_that_it_does_not_know() -> None:
    end = _Terminal()
    port = open_port(end.url, baud=115_200, parity="E", timeout_s=0.1)
    assert port.parity == ("N" if sys.platform == "linux" else "E")
    end.accept()
    port.close()
    end.close()


def test_a_port_is_opened_with_the_rate_parity_and_timeout_asked_for() -> None:
    port = open_port("serial:loop://?baud=9600", baud=115_200, parity="E", timeout_s=0.1)
    assert (port.baudrate, port.parity, port.timeout) == (115_200, "E", 0.1)
    port.close()
    port = open_port("serial:loop://?baud=9600")
    assert (port.baudrate, port.parity) == (9600, "N")
    port.close()


def test_a_port_without_a_descriptor_works() -> None:
    link = open_link("serial:loop://")
    link.write(b"echo" * 100)
    received = b""
    while len(received) < 400:
        received += link.read(1.0)
    assert received == b"echo" * 100
    assert link.read(0.03) == b""
    assert link.read(0.0) == b""
    link.close()


@pytest.mark.parametrize(
    "url",
    [
        "serial:/dev/no-such-port",
        "serial:",
        "serial:/dev/ttyX?baud=fast",
        "serial:/dev/ttyX?baud=0",
        "serial:/dev/ttyX?speed=9600",
        "serial:nonsense://x",
        "socket://127.0.0.1:1",
        "socket://nonsense",
    ],
)
def test_what_cannot_be_opened_is_named(url: str) -> None:
    with pytest.raises(LinkOpenError) as caught:
        open_link(url)
    assert caught.value.url == url


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("socket://localhost", "write .*socket://host:port"),
        ("socket://:5000", "write .*socket://host:port"),
        ("socket://localhost:99999", "write .*socket://host:port"),
        ("serial:socket://localhost:x", "write .*socket://host:port"),
        ("serial:/dev/ttyX?speed=9600", "write serial:"),
        ("socket://127.0.0.1:1", "served there"),
        ("serial:/dev/no-such-port", "check the name and the cable"),
    ],
)
def test_the_remedy_fits_what_was_wrong(url: str, remedy: str) -> None:
    with pytest.raises(LinkOpenError, match=remedy):
        open_link(url)


@pytest.mark.parametrize("url", ["", "usb:1", "/dev/ttyACM0", "sim:tft64"])
def test_an_unknown_scheme_lists_the_known_ones(url: str) -> None:
    with pytest.raises(UnknownSchemeError, match="serial:, socket://"):
        open_link(url)


def test_serial_ports_are_listed() -> None:
    assert all(url.startswith("serial:") for url, _ in list_serial_ports())


def test_the_package_loads_without_pyserial() -> None:
    code = "import sys, fpxi_readout.panel, fpxi_readout.links; sys.exit('serial' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture(params=["pty", "tcp"])
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A simulated panel behind a real pseudo-terminal or TCP port."""
    if request.param == "pty" and os.name != "posix":
        pytest.skip("pseudo-terminals are POSIX")
    serve = fpxi_hwsim.serve_serial if request.param == "pty" else fpxi_hwsim.serve_tcp
    with serve(fpxi_hwsim.SimulationSpecification.from_url("sim:tft64")) as served:
        yield served


@pytest.mark.parametrize("reliable", [False, True])
def test_a_panel_works_over_a_real_port(
    server: Any, cache: DictionaryCache, reliable: bool
) -> None:
    with Panel.connect(open_link(server.url), cache=cache) as panel:
        panel.parameters.exposure_us = 3000
        panel.start(50, reliable=reliable)
        frames = list(panel.frames(timeout_s=5.0))
        statistics = panel.statistics
    assert len(frames) + statistics.frames_skipped == 50
    assert sum(frame.rows_missing for frame in frames) == 0
    assert statistics.frames_lost == statistics.crc_errors == 0


def test_a_second_program_can_connect_after_the_first(server: Any, cache: DictionaryCache) -> None:
    first = Panel.connect(open_link(server.url), cache=cache)
    first.start()
    next(first.frames(timeout_s=5.0))
    first.close()  # the device goes on sending
    with Panel.connect(open_link(server.url), cache=cache) as panel:
        panel.start(5, reliable=True)
        assert len(list(panel.frames(timeout_s=5.0))) == 5


def test_a_device_that_is_switched_off_is_named(server: Any, cache: DictionaryCache) -> None:
    panel = Panel.connect(open_link(server.url), cache=cache)
    panel.start()
    next(panel.frames(timeout_s=5.0))
    server.close()
    with pytest.raises(LinkLostError):
        list(panel.frames(timeout_s=5.0))
    panel.close()
