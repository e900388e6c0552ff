"""`fpxi sim serve`: a panel for other processes, and its orderly end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from fpxi.cli import sim_serve
from fpxi_hwsim.errors import ServeError
from fpxi_hwsim.serve import Server, serve_tcp
from fpxi_hwsim.specification import SimulationSpecification

Run = Callable[..., Result]
Spawn = Callable[..., Any]  # a subprocess.Popen with pipes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("control", [[], ["--control-stdin"]])
def test_a_signal_switches_the_panel_off_with_status_0(
    spawn: Spawn, number: signal.Signals, control: list[str]
) -> None:
    server = spawn("sim", "serve", "--serial", *control)
    assert server.stdout.readline().startswith("/dev/")
    server.send_signal(number)
    stdout, stderr = server.communicate()
    assert (server.returncode, stdout) == (0, "")
    assert stderr.endswith("The simulated panel is switched off.\n")
    assert "Traceback" not in stderr


def test_the_first_line_is_the_place_alone_and_the_hint_has_the_url(spawn: Spawn) -> None:
    server = spawn("sim", "serve", "sim:cmos32", "--tcp", "127.0.0.1:0")
    host, port = server.stdout.readline().strip().split(":")
    assert host == "127.0.0.1"
    assert int(port) > 0
    assert server.stderr.readline().endswith(f"fpxi view socket://127.0.0.1:{port}\n")


def test_control_lines_are_answered_and_quit_ends(run: Run) -> None:
    result = run(
        "sim", "serve", "--tcp", "127.0.0.1:0", "--control-stdin",
        stdin="beam off\nobject nothing-such\nquit\nbeam on\n",
    )  # fmt: skip
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1] == "beam off"
    assert lines[2].startswith("error: object 'nothing-such'")
    assert len(lines) == 3


def test_the_end_of_the_control_lines_ends_the_server(run: Run) -> None:
    result = run("sim", "serve", "--tcp", "127.0.0.1:0", "--control-stdin", stdin="")
    assert result.exit_code == 0


def test_a_device_that_failed_meanwhile_is_told_at_the_end_of_the_control_lines(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "failure", ServeError("a panel", "it broke"))
    result = run("sim", "serve", "--tcp", "127.0.0.1:0", "--control-stdin", stdin="quit\n")
    assert result.exit_code == 1
    assert "it broke" in result.stderr


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ([], "Say where to serve"),
        (["--serial", "--tcp", "127.0.0.1:0"], "--serial, --tcp: a panel is served in one place"),
        (["--serial", "--ble"], "--serial, --ble: a panel is served in one place"),
        (["--tcp", "5000"], "--tcp"),
    ],
)
def test_exactly_one_place_must_be_given(run: Run, where: list[str], reason: str) -> None:
    result = run("sim", "serve", *where)
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.split())


def test_an_interrupt_before_anybody_owns_the_server_closes_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def serve_and_interrupt(specification: SimulationSpecification, host: str, port: int) -> Server:
        made.append(serve_tcp(specification, host, port))
        signal.raise_signal(signal.SIGINT)
        return made[0]

    monkeypatch.setattr(sim_serve, "serve_tcp", serve_and_interrupt)
    result = run("sim", "serve", "--tcp", "127.0.0.1:0")
    assert (result.exit_code, result.stdout) == (130, "")
    assert not made[0]._loop._thread.is_alive()


@pytest.mark.parametrize("url", ["sim:nothing", "serial:/dev/ttyS0", "sim:tft64?sed=1"])
def test_what_cannot_be_simulated_is_refused(run: Run, url: str) -> None:
    result = run("sim", "serve", url, "--serial")
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_taken_port_is_refused_in_words(run: Run, spawn: Spawn) -> None:
    server = spawn("sim", "serve", "--tcp", "127.0.0.1:0")
    place = server.stdout.readline().strip()
    result = run("sim", "serve", "--tcp", place)
    assert result.exit_code == 1
    assert place in result.stderr
