"""Describing what is done to frames: options, files, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import Result
from fpxi.calibration import load_calibration, save_calibration
from fpxi.cli.progress import ProgressBar
from fpxi.recording.facts import RecordingFacts
from fpxi_imaging import (
    DEFAULT_PROCESSING,
    Averaging,
    Conditions,
    Orientation,
    Processing,
    Scale,
    calibration_from_maps,
)
from fpxi_readout.frame import Frame

Run = Callable[..., Result]
DETECTOR = "entry/instrument/detector"


@pytest.fixture
def job(
    facts: RecordingFacts,
    record: Callable[..., Path],
    make_frame: Callable[..., Frame],
    tmp_path: Path,
) -> list[object]:
    """Words of `fpxi correct` for a recording of seven frames."""
    calibration = calibration_from_maps(
        offset=np.full((6, 5), 100.0),
        gain=np.ones((6, 5)),
        defects=np.zeros((6, 5), np.bool_),
        not_imaging=facts.dictionary.panel.not_imaging,
        normalisation=1000.0,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=10,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )
    save_calibration(tmp_path / "cal.h5", calibration)
    run = record([make_frame(number) for number in range(7)])
    return ["correct", run, "-c", tmp_path / "cal.h5", "-o", tmp_path / "out.h5"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], DEFAULT_PROCESSING),
        (["--lag"], Processing(lag=True)),
        (["--zingers", "6"], Processing(zinger_sigma=6.0)),
        (["--average", "block:4"], Processing(averaging=Averaging.block(4))),
        (["--average", "median:5"], Processing(averaging=Averaging.median(5))),
        (
            ["--average", "recursive:4", "--motion", "2"],
            Processing(averaging=Averaging.recursive(4, 2.0)),
        ),
        (["--no-repair"], Processing(repair=False)),
        (["--scale", "attenuation"], Processing(scale=Scale.ATTENUATION)),
        (["--flip", "rows"], Processing(orientation=Orientation(flip_rows=True))),
        (
            ["--flip", "rows", "--flip", "columns", "--rotate", "90"],
            Processing(orientation=Orientation(True, True, 90)),
        ),
    ],
)
def test_options_make_a_description(run: Run, words: list[str], expected: Processing) -> None:
    result = run("processing", *words)
    assert result.exit_code == 0, result.stderr
    assert Processing.from_json(result.stdout) == expected


UNDO = ["--no-lag", "--zingers", "off", "--average", "none", "--repair", "--scale", "counts"]
UNDO += ["--flip", "none", "--rotate", "0"]
EVERYTHING = Processing(
    True, 5.0, Averaging.running(3), False, Scale.TRANSMISSION, Orientation(True, True, 180)
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], EVERYTHING),
        (
            UNDO,
            DEFAULT_PROCESSING,
        ),
    ],
)
def test_options_change_what_a_file_describes(
    run: Run, tmp_path: Path, words: list[str], expected: Processing
) -> None:
    path = tmp_path / "p.json"
    path.write_text(EVERYTHING.to_json())
    result = run("processing", "--processing", path, *words, "-o", tmp_path / "again.json")
    assert result.exit_code == 0, result.stderr
    assert Processing.from_json((tmp_path / "again.json").read_text()) == expected


def test_a_description_is_not_overwritten_without_saying_so(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "p.json"
    out.write_text("precious")
    assert run("processing", "-o", out).exit_code == 1
    assert out.read_text() == "precious"
    assert run("processing", "-o", out, "--overwrite").exit_code == 0
    assert Processing.from_json(out.read_text()) == DEFAULT_PROCESSING


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--average", "mean:4", "block:8"),
        ("--average", "block", "block:8"),
        ("--average", "block:0", "frames of block averaging"),
        ("--zingers", "many", "standard deviations"),
        ("--zingers", "-1", "standard deviations"),
        ("--motion", "2", "--average recursive"),
        ("--scale", "log", "transmission"),
        ("--flip", "left", "columns"),
        ("--rotate", "45", "270"),
        ("--threads", "0", "--threads"),
    ],
)
def test_a_value_that_means_nothing_is_refused_by_name(
    run: Run, job: list[object], option: str, value: str, named: str
) -> None:
    result = run(*job, option, value)
    assert result.exit_code == 2
    assert named in result.stderr


@pytest.mark.parametrize("content", [b"{", b'{"version": 1, "gamma": 2}', b"\xff\xfe\xff"])
def test_a_file_that_describes_nothing_is_refused(
    run: Run, job: list[object], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    result = run(*job, "--processing", path)
    assert result.exit_code == 1
    assert "p.json is no description of processing" in result.stderr
    assert not (tmp_path / "out.h5").exists()


def test_correct_does_what_is_described_and_says_so(
    run: Run, job: list[object], tmp_path: Path
) -> None:
    (tmp_path / "p.json").write_text(Processing(averaging=Averaging.block(3)).to_json())
    words = ["--processing", tmp_path / "p.json", "--scale", "transmission", "--threads", 2]
    result = run(*job, *words, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["frames"], document["pictures"]) == (7, 3)
    assert document["processing"]["scale"] == "transmission"
    with h5py.File(tmp_path / "out.h5") as file:
        assert file[f"{DETECTOR}/frames_averaged"][:].tolist() == [3, 3, 1]
        assert file[f"{DETECTOR}/data"].attrs["units"] == "1"
    assert "7 frames corrected to 3 pictures" in run(*job, *words, "--overwrite").stdout


def test_correct_says_how_many_pixels_of_a_picture_are_flagged(
    run: Run, job: list[object], tmp_path: Path
) -> None:
    result = run(*job)
    assert "Flagged pixels of a picture, on average: not_imaging 18" in result.stdout
    document = json.loads(run(*job, "--overwrite", "--json").stdout)
    assert document["flags_per_picture"]["not_imaging"] == 18
    assert "zinger" not in result.stderr


def test_zingers_that_noise_alone_makes_are_said(
    run: Run, job: list[object], tmp_path: Path
) -> None:
    calibration = load_calibration(tmp_path / "cal.h5")
    dark = replace(calibration.darks[0], noise=np.full((6, 5), 4.0, np.float32))
    save_calibration(tmp_path / "cal.h5", replace(calibration, darks=(dark,)), overwrite=True)
    told = run(*job, "--zingers", "0.5").stderr
    assert "at 0.5 sigma noise alone lifts 30.85% of all values that far" in told
    with h5py.File(tmp_path / "out.h5") as file:
        assert "at 0.5 sigma" in file["entry/process/notes"].asstr()[-1]
    assert "sigma" not in run(*job, "--zingers", "4", "--overwrite").stderr
    described = run("processing", "--zingers", "2")
    assert "at 2 sigma noise alone lifts 2.28%" in described.stderr
    assert Processing.from_json(described.stdout).zinger_sigma == 2


def test_lag_that_the_calibration_does_not_know_is_refused_by_name(
    run: Run, job: list[object], tmp_path: Path
) -> None:
    result = run(*job, "--lag")
    assert result.exit_code == 1
    assert "lag" in result.stderr
    assert not (tmp_path / "out.h5").exists()


def test_export_makes_the_pictures_that_correct_makes(
    run: Run, job: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars: list[str] = []
    monkeypatch.setattr(ProgressBar, "show", lambda _bar, label, *_numbers: bars.append(label))
    (tmp_path / "p.json").write_text(Processing(averaging=Averaging.block(3)).to_json())
    words = ["--processing", tmp_path / "p.json"]
    assert run(*job, *words).exit_code == 0
    bars.clear()
    out = tmp_path / "x.npy"
    export = ["export", job[1], "-o", out, *words]
    result = run(*export, "-c", tmp_path / "cal.h5")
    assert result.exit_code == 0, result.stderr
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(np.load(out), file[f"{DETECTOR}/data"][:])
    assert "3 frames" in result.stdout
    assert list(dict.fromkeys(bars)) == ["Correcting", "Exporting"]
    refused = run(*export)
    assert refused.exit_code == 2
    assert "--calibration" in refused.stderr
