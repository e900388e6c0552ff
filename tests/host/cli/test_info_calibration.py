"""`fpxi info` of a calibration's file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import Result
from fpxi.calibration import save_calibration
from fpxi_imaging import Conditions, Processing, calibration_from_maps

Run = Callable[..., Result]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    none = np.zeros((3, 4), np.bool_)
    calibration = calibration_from_maps(
        offset=np.full((3, 4), 100.0),
        gain=np.ones((3, 4)),
        defects=none,
        not_imaging=none,
        normalisation=1234.5,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=20,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    )
    save_calibration(tmp_path / "cal.h5", calibration)
    return tmp_path / "cal.h5"


def test_a_calibration_is_told_in_words(run: Run, path: Path) -> None:
    result = run("info", path)
    assert result.exit_code == 0
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    assert lines[:2] == [["Calibration", str(path)], ["Layout", "3"]]
    assert ["Panel", "tiny, serial number SN-7"] in lines
    assert ["Darks", "gain setting 1, 2.5 ms, 27.3 °C, 10 frames"] in lines


def test_the_same_for_machines(run: Run, path: Path) -> None:
    document = json.loads(run("info", path, "--json").stdout)
    assert (document["kind"], document["layout"]) == ("calibration", 3)
    assert document["path"] == str(path)
    assert {"name": "Lag", "text": "not measured"} in document["summary"]
    assert (document["dark_frames"], document["normalisation_counts"]) == (10, 1234.5)
    assert document["conditions"]["exposure_us"] == 2500


def test_a_damaged_calibration_is_named(run: Run, path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["entry/process/calibration/darks/0/mean"]
    result = run("info", path)
    assert result.exit_code == 1
    assert "/entry/process/calibration/darks/0/mean is missing" in result.stderr


def test_the_picture_is_drawn_when_it_is_asked_for(run: Run, path: Path, tmp_path: Path) -> None:
    picture = tmp_path / "later.png"
    result = run("info", path, "--picture", picture, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["kind"] == "calibration"
    assert picture.read_bytes().startswith(b"\x89PNG")
    refused = run("info", path, "--picture", picture)
    assert refused.exit_code == 1
    assert "later.png exists" in refused.stderr
    assert run("info", path, "--picture", picture, "--overwrite").exit_code == 0


def test_only_a_calibration_is_drawn(run: Run, tmp_path: Path) -> None:
    assert run("info", "sim:tft64", "--picture", tmp_path / "x.png").exit_code == 2
    (tmp_path / "p.json").write_text(Processing().to_json())
    result = run("info", tmp_path / "p.json", "--picture", tmp_path / "x.png")
    assert result.exit_code == 1
    assert "not a readable fpxi calibration" in result.stderr
    assert not (tmp_path / "x.png").exists()
