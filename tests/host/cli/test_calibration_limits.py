"""`fpxi calibrate --limit` and `--threshold`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fpxi.calibration import load_calibration
from fpxi.cli.main import cli
from fpxi_imaging import CheckLimits, DefectThresholds

Run = Callable[..., Result]
FAST = "sim:cmos32?time=virtual"
GUIDE = (Path(__file__).parents[3] / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with cal.h5, cal.dark.h5 and cal.flat.h5, by other figures than the usual."""
    path = tmp_path_factory.mktemp("limits")
    counts = ["--dark", "8", "--flat", "8", "--no-picture"]
    figures = ["--limit", "most_defective=0.4", "--limit", "advised_frames=8", "--threshold"]
    words = ["calibrate", FAST, *counts, *figures, "noise=8", "-o", str(path / "cal.h5")]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.stderr
    return path


def test_a_guided_run_keeps_what_it_was_given(folder: Path) -> None:
    made = load_calibration(folder / "cal.h5")
    assert made.limits == CheckLimits(most_defective=0.4, advised_frames=8)
    assert made.thresholds == DefectThresholds(noise=8.0)


def test_recordings_are_judged_by_what_is_given(run: Run, folder: Path, tmp_path: Path) -> None:
    recordings = ["--dark", folder / "cal.dark.h5", "--flat", folder / "cal.flat.h5"]
    rest = ["--no-picture", "-o", tmp_path / "again.h5"]
    refused = run("calibrate", *recordings, "--limit", "most_local_residual=1e-9",
                  "--limit", "residual_sigmas=1e-9", *rest)  # fmt: skip
    assert refused.exit_code == 1
    assert "--limit most_local_residual=" in refused.stderr
    taken = run("calibrate", *recordings, "--threshold", "over_response=1.5", *rest)
    assert taken.exit_code == 0, taken.stderr
    assert load_calibration(tmp_path / "again.h5").thresholds.over_response == 1.5


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--limit", "noise=8"], "there is no 'noise'; usually least_frames=2,"),
        (["--threshold", "uneven=2"], "there is no 'uneven'; usually over_response=1.3,"),
        (["--limit", "least_frames=2.5"], "least_frames=2.5 is not a whole number"),
        (["--limit", "misfit=high"], "misfit=high is not a number"),
        (["--limit", "misfit=0"], "misfit is 0.0, but must be a number above 0"),
        (["--threshold", "noise=nan"], "noise is nan, but must be a number above 0"),
        (["--threshold", "noise=7", "--threshold", "noise=8"], "noise is given twice"),
        (["--refresh", __file__, "--limit", "misfit=3"], "keeps those of the calibration"),
    ],
)
def test_what_is_no_limit_is_refused_by_name(
    run: Run, tmp_path: Path, words: list[str], why: str
) -> None:
    result = run("calibrate", FAST, *words, "-o", tmp_path / "cal.h5")
    assert result.exit_code == 2
    assert why in " ".join(result.stderr.split())


@pytest.mark.parametrize("usual", [CheckLimits(), DefectThresholds()])
def test_all_figures_are_described_with_their_values(
    usual: CheckLimits | DefectThresholds,
) -> None:
    limits, thresholds = GUIDE.split("| threshold | usual |")
    table = limits if isinstance(usual, CheckLimits) else thresholds
    described = re.findall(r"^\| `(\w+)` \| ([0-9.]+) \|", table, re.MULTILINE)
    assert {name: float(value) for name, value in described} == asdict(usual)
    assert len(described) == len(asdict(usual))
