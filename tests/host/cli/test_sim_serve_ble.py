"""`fpxi sim serve --ble`: what it prints, its control lines, and what it refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]
Spawn = Callable[..., Any]  # a subprocess.Popen with pipes

needs_bus = pytest.mark.usefixtures("virtual_radio")


@needs_bus
def test_two_lines_say_where_and_the_hint_is_a_command(spawn: Spawn, tmp_path: Path) -> None:
    bus = tmp_path / "bus"
    server = spawn("sim", "serve", "sim:cmos32", "--ble", "--bus", bus)
    assert server.stdout.readline() == "ble:FPXI-32\n"
    variable = server.stdout.readline().strip()
    assert variable == f"DBUS_SYSTEM_BUS_ADDRESS=unix:path={bus}"
    assert server.stderr.readline().endswith(f"{variable} fpxi view ble:FPXI-32\n")
    assert server.stderr.readline() == "Ctrl-C ends it.\n"
    name, _, address = variable.partition("=")
    info = subprocess.run(
        [sys.executable, "-m", "fpxi", "info", "ble:FPXI-32"],
        env={**os.environ, name: address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (info.returncode, "cmos32" in info.stdout) == (0, True), info.stderr
    server.send_signal(signal.SIGTERM)
    stdout, stderr = server.communicate()
    assert (server.returncode, stdout) == (0, "")
    assert stderr == "The simulated panel is switched off.\n"
    assert not bus.exists()


@needs_bus
def test_control_lines_are_answered(run: Run) -> None:
    lines = ["radio interval_ms 30", "battery 50", "unbind", "drop remote", "beam off"]
    result = run(
        "sim", "serve", "--ble", "--name", "LAB", "--radio", "phy=1M", "--control-stdin",
        stdin="\n".join([*lines, "radio weather bad", "quit"]),
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    answers = result.stdout.splitlines()
    assert answers[0] == "ble:LAB"
    assert answers[2:-1] == lines
    assert answers[-1].startswith("error: ")


@pytest.mark.parametrize(
    "words",
    [
        ["--ble", "--serial"],
        ["--serial", "--name", "LAB"],
        ["--serial", "--radio", "phy=1M"],
        ["--tcp", "127.0.0.1:0", "--hci", "usb:0"],
        ["--ble", "--hci", "usb:0", "--radio", "phy=1M"],
        ["--ble", "--hci", "usb:0", "--bus", "bus"],
        ["--ble", "--radio", "phy"],
        ["--ble", "--radio", "phy=1M", "--radio", "phy=2M"],
    ],
)
def test_options_that_contradict_each_other_are_refused(run: Run, words: list[str]) -> None:
    result = run("sim", "serve", *words)
    assert result.exit_code == 2
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["sim:tft64?time=virtual", "--ble"], "time=virtual"),
        (["--ble", "--name", "FPXI-64-LAB"], "1 to 8"),
        (["--ble", "--radio", "weather=bad"], "packet_errors"),
        (["--ble", "--keys", "/nonexistent/keys.json"], "folder"),
        (["--ble", "--radio", "packet_errors=2"], "0 to 1"),
        (["--ble", "--hci", "serial:/dev/nothing-such"], "/dev/nothing-such"),
    ],
)
def test_what_cannot_be_served_is_refused_in_words(run: Run, words: list[str], reason: str) -> None:
    result = run("sim", "serve", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert reason in result.stderr


def test_a_machine_without_dbus_is_told_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_: None)
    result = run("sim", "serve", "--ble")
    assert result.exit_code == 1
    assert "dbus-daemon" in result.stderr
