"""`fpxi reset`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_unsaved_settings_are_gone(run: Run, served_url: str) -> None:
    assert run("set", served_url, "exposure_us=5000").exit_code == 0
    result = run("reset", served_url)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "SERVED has restarted.\n"
    assert result.stderr == ""
    parameters = json.loads(run("info", served_url, "--json").stdout)["parameters"]
    assert parameters["exposure_us"]["value"] == 10_000


def test_a_latched_fault_is_told_and_cleared(run: Run, served_url: str) -> None:
    run("set", served_url, "heartbeat_timeout_ms=20", "bias_mV=1000")
    for _ in range(50):
        time.sleep(0.1)
        if _fault(run, served_url) == "heartbeat":
            break
    result = run("reset", served_url)
    assert "had stopped on a fault" in result.stderr
    assert _fault(run, served_url) == "none"


def test_a_recording_cannot_be_restarted(run: Run, tmp_path: Path) -> None:
    recorded = run("capture", "sim:cmos32?time=virtual", "-n", "1", "-o", tmp_path / "run.h5")
    assert recorded.exit_code == 0
    result = run("reset", f"file:{tmp_path / 'run.h5'}")
    assert result.exit_code == 1
    assert "restarted" not in result.stdout
    assert "connect to the panel itself" in result.stderr


def _fault(run: Run, url: str) -> str:
    return str(json.loads(run("info", url, "--json").stdout)["identity"]["fault"])
