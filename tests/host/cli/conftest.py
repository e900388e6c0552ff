"""Runs the command in this process, and as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fpxi.cli.main import cli

Run = Callable[..., Result]
Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def run() -> Run:
    """`fpxi` with these arguments, in this process."""

    def invoke(*arguments: object, stdin: str | None = None) -> Result:
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(cli, words, input=stdin, prog_name="fpxi")

    return invoke


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """`fpxi` with these arguments, as a process that ends with the test."""
    with ExitStack() as stack:

        def start(*arguments: object) -> subprocess.Popen[str]:
            words = [str(argument) for argument in arguments]
            process = subprocess.Popen(
                [sys.executable, "-m", "fpxi", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture(params=["serial", "tcp"])
def served_url(request: pytest.FixtureRequest, spawn: Spawn) -> str:
    """URL of a simulated panel in another process, on a pseudo-terminal or a TCP port."""
    where = ["--serial"] if request.param == "serial" else ["--tcp", "127.0.0.1:0"]
    server = spawn("sim", "serve", "sim:tft64?serial=SERVED", *where)
    assert server.stdout is not None
    place = server.stdout.readline().strip()
    return f"serial:{place}" if request.param == "serial" else f"socket://{place}"
