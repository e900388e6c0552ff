"""`fpxi selftest`; its checks are tested beside their package."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from fpxi.self_test.report import Check, Outcome, SelfTestReport

Run = Callable[..., Result]
VIRTUAL = "sim:cmos32?time=virtual&object=none"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> SelfTestReport:
    """A report that is given instead of a test."""
    made = SelfTestReport("cmos32", "SN-1", [Check("memory", Outcome.PASSED, "sound")])
    module = importlib.import_module("fpxi.cli.selftest")
    monkeypatch.setattr(module, "run_self_test", lambda *_, **__: made)
    return made


def test_a_simulated_panel_passes(run: Run) -> None:
    result = run("selftest", VIRTUAL)
    assert result.exit_code == 0, result.stderr
    lines = {line.split("  ")[0]: line for line in result.stdout.splitlines()}
    assert "passed" in lines["rows"]
    assert "every sample as defined" in lines["samples as aec_reference"]
    assert "failed" not in result.stdout


def test_json_is_one_document(run: Run, report: SelfTestReport) -> None:
    document = json.loads(run("selftest", VIRTUAL, "--json").stdout)
    check = {"name": "memory", "outcome": "passed", "text": "sound", "remedy": ""}
    assert document == {
        "url": VIRTUAL,
        "panel": "cmos32",
        "serial_number": "SN-1",
        "passed": True,
        "checks": [check],
    }


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_failure_is_status_1_with_its_remedy(
    run: Run, report: SelfTestReport, options: list[str]
) -> None:
    report.checks.append(Check("clock", Outcome.FAILED, "too slow", "check the crystal"))
    result = run("selftest", VIRTUAL, *options)
    assert result.exit_code == 1
    assert "too slow" in result.stdout
    assert result.stderr == "Error: 1 check failed\nclock: check the crystal\n"


def test_a_given_exposure_that_saturates_is_told(run: Run) -> None:
    result = run("selftest", VIRTUAL, "--exposure", "100ms")
    assert result.exit_code == 1
    assert "the panel saturates at 100000 us" in result.stdout


def test_a_recording_is_no_board(run: Run, tmp_path: Path) -> None:
    recording = tmp_path / "run.h5"
    run("capture", VIRTUAL, "-n", "1", "-o", recording)
    result = run("selftest", f"file:{recording}")
    assert result.exit_code == 1
    assert "is no device that could be tested" in result.stderr
