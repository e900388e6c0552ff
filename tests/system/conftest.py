"""The product as its user runs it: commands in processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "fpxi"]

Serve = Callable[..., contextlib.AbstractContextManager[str]]
Run = Callable[..., str]


@pytest.fixture
def run() -> Run:
    """Run one command to its end; its standard output comes back."""

    def run_command(*arguments: object, expect: int = 0, timeout_s: float = 100) -> str:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == expect, done.stderr
        return done.stdout

    return run_command


@pytest.fixture
def serve() -> Serve:
    """Serve a simulated panel in another process; its URL comes back."""

    @contextlib.contextmanager
    def serve_panel(url: str, *how: str) -> Iterator[str]:
        command = [*COMMAND, "sim", "serve", url, *how]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                place = process.stdout.readline().strip()
                assert place, "the simulator printed no place to connect to"
                yield f"socket://{place}" if "--tcp" in how else f"serial:{place}"
            finally:
                process.send_signal(signal.SIGTERM)
                status = process.wait(20)
        assert status == 0

    return serve_panel


@pytest.fixture(scope="session")
def real_frames() -> Path:
    """The folder of real detector frames."""
    folder = os.environ.get("FPXI_TEST_DATA")
    if folder is None:
        pytest.skip("FPXI_TEST_DATA names no folder of real detector frames")
    return Path(folder)


@pytest.fixture(scope="session")
def as_json() -> Callable[[str], dict[str, Any]]:
    """Read a command's JSON report: the whole of its standard output."""
    return lambda text: dict(json.loads(text))
