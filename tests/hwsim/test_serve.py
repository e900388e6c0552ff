"""Served panels: real pseudo-terminals and TCP ports, hosts that come and go."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable

import pytest
from fpxi_hwsim import Server, SimulationSpecification, serve_serial, serve_tcp
from fpxi_hwsim.errors import ServeError
from fpxi_readout.links import open_link
from fpxi_readout.links.base import Link, LinkLostError
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import ResetCause

Connect = Callable[[Link], Panel]
Serve = Callable[[SimulationSpecification], Server]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
MEDIA = [pytest.param(serve_serial, marks=posix_only), serve_tcp]
from_url = SimulationSpecification.from_url


def address(server: Server) -> tuple[str, int]:
    host, port = server.url.removeprefix("socket://").split(":")
    return host, int(port)


def hears_the_device_restart(host: socket.socket, server: Server) -> bool:
    """Reset the device, which it reports to whoever is there, until the host hears of it."""
    for _ in range(20):
        server.device.reset()
        try:
            return bool(host.recv(1))
        except TimeoutError:
            continue
    return False


def poll_for_ever(panel: Panel) -> None:
    while True:
        panel.poll(0.2)


@pytest.mark.parametrize("serve", MEDIA)
def test_hosts_come_and_go_in_mid_stream(serve: Serve, connect: Connect) -> None:
    with serve(from_url("sim:cmos32")) as server:
        for _ in range(3):
            link = open_link(server.url)
            panel = connect(link)
            panel.start()
            frames = [frame for _, frame in zip(range(3), panel.frames(timeout_s=5), strict=False)]
            assert all(frame.row_received.all() for frame in frames)
            link.close()  # without a word: the device goes on acquiring


@posix_only
def test_a_terminal_nobody_reads_lets_the_device_go_on_and_skip(connect: Connect) -> None:
    with serve_serial(from_url("sim:cmos32")) as server:
        link = open_link(server.url)
        panel = connect(link)
        panel.parameters.exposure_us = 100
        panel.start()
        link.close()
        time.sleep(1.0)
        panel = connect(open_link(server.url))
        panel.stop()
        assert panel.parameters.frames_skipped > 0
        panel.close()


def test_a_host_that_does_not_read_lets_the_device_go_on(start_packet: bytes) -> None:
    with serve_tcp(from_url("sim:tft64")) as server, socket.socket() as host:
        host.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host.connect(address(server))
        host.sendall(start_packet)
        while server.device.truth.to_host.bytes < 100_000:
            time.sleep(0.01)
        stuck = -1
        while stuck < server.device.truth.to_host.bytes:
            stuck = server.device.truth.to_host.bytes
            time.sleep(0.3)
        exposures = server.device.truth.exposures
        time.sleep(0.3)
        assert server.device.truth.exposures > exposures + 5


@pytest.mark.parametrize("serve", MEDIA)
def test_closing_the_server_is_a_lost_link_and_leaves_no_thread(
    serve: Serve, connect: Connect
) -> None:
    before = set(threading.enumerate())
    server = serve(from_url("sim:cmos32"))
    link = open_link(server.url)
    panel = connect(link)
    server.close()
    server.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(LinkLostError):
        poll_for_ever(panel)
    link.close()


@pytest.mark.parametrize("serve", MEDIA)
def test_virtual_time_waits_for_the_host(serve: Serve, connect: Connect) -> None:
    with serve(from_url("sim:cmos32?time=virtual")) as server:
        panel = connect(open_link(server.url))
        panel.start(300)
        frames = list(panel.frames(300, timeout_s=10))
        assert [frame.number for frame in frames] == list(range(300))
        panel.close()


@pytest.mark.parametrize("serve", MEDIA)
def test_the_scene_and_the_reset_line_work_while_a_host_is_there(
    serve: Serve, connect: Connect
) -> None:
    with serve(from_url("sim:cmos32")) as server:
        link = open_link(server.url)
        panel = connect(link)
        server.device.scene.beam_on = False
        panel.start(1)
        (frame,) = panel.frames(1, timeout_s=5)
        assert frame.samples.mean() < 12_000
        server.device.reset()
        assert connect(link).identity.reset_cause is ResetCause.EXTERNAL
        link.close()


@posix_only
def test_the_terminal_is_raw_and_stays_so_between_hosts() -> None:
    import termios

    with serve_serial(from_url("sim:tft64")) as server:
        path = server.url.removeprefix("serial:")
        for _ in range(2):
            terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
            _, output, _, local, *_ = termios.tcgetattr(terminal)
            assert not local & (termios.ECHO | termios.ICANON | termios.ISIG)
            assert not output & termios.OPOST
            os.close(terminal)


def test_a_second_host_waits_until_the_first_has_left(connect: Connect) -> None:
    with serve_tcp(from_url("sim:cmos32")) as server:
        first = open_link(server.url)
        connect(first)
        with socket.create_connection(address(server)) as second:
            second.settimeout(0.2)
            with pytest.raises(TimeoutError):
                second.recv(1)
            first.close()
            assert hears_the_device_restart(second, server)


def test_bytes_meant_for_a_host_that_left_do_not_reach_the_next() -> None:
    with (
        serve_tcp(from_url("sim:tft64")) as server,
        socket.create_connection(address(server)) as first,
    ):
        first.settimeout(0.2)
        with pytest.raises(TimeoutError):
            first.recv(1)  # what the device said when it started was for nobody


def test_a_port_in_use_is_refused_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=str(port)):
            serve_tcp(from_url("sim:tft64"), port=port)


def test_a_system_without_pseudo_terminals_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.openpty")
    with pytest.raises(ServeError, match="TCP"):
        serve_serial(from_url("sim:tft64"))
