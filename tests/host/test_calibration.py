from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import fpxi
import numpy as np
import pytest
from click.testing import CliRunner
from fpxi.cli.main import cli
from fpxi_imaging import (
    Calibration,
    Conditions,
    DefectThresholds,
    calibration_from_maps,
)
from fpxi_readout.frame import Frame

MakeFrame = Callable[..., Frame]
Record = Callable[..., Path]
SHAPE = (6, 5)
DARK, FLAT = fpxi.ImageKey.DARK, fpxi.ImageKey.FLAT


@pytest.fixture
def calibration() -> Calibration:
    random = np.random.default_rng(4)
    defects = np.zeros(SHAPE, np.bool_)
    defects[2, 3] = True
    return calibration_from_maps(
        offset=random.normal(100, 1, SHAPE),
        gain=np.where(defects, np.nan, random.normal(1, 0.1, SHAPE)),
        defects=defects,
        not_imaging=np.zeros(SHAPE, np.bool_),
        normalisation=1234.5,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=20,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        thresholds=DefectThresholds(),
    )


def levelled(make_frame: MakeFrame, level: int, numbers: range, **changes: object) -> list[Frame]:
    """Frames of about one level with a little noise."""
    frames = []
    for number in numbers:
        noise = np.random.default_rng(number).integers(0, 8, SHAPE, np.uint16)
        frames.append(make_frame(number, samples=noise + np.uint16(level), **changes))
    return frames


@pytest.fixture
def darks(make_frame: MakeFrame) -> list[Frame]:
    return levelled(make_frame, 500, range(8))


@pytest.fixture
def flats(make_frame: MakeFrame) -> list[Frame]:
    return levelled(make_frame, 9000, range(8, 16))


def test_a_user_who_gives_up_on_the_way_is_told_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fpxi.Session, "scene", None)
    words = ["calibrate", "sim:cmos32?time=virtual", "--dark", "8", "--flat", "8", "-o"]
    result = CliRunner().invoke(cli, [*words, str(tmp_path / "cal.h5")], input="\n")
    assert result.exit_code == 1
    assert "nobody confirmed" in result.stderr
    assert f"{tmp_path / 'cal.dark.h5'} kept" in result.stderr


def test_unmarked_recordings_need_the_option(
    record: Record, darks: list[Frame], flats: list[Frame], tmp_path: Path
) -> None:
    files = ["--dark", record(darks, "a.h5"), "--flat", record(flats, "b.h5")]
    words = [str(word) for word in ("calibrate", *files, "--no-picture", "-o", tmp_path / "cal.h5")]
    assert "--unmarked" in CliRunner().invoke(cli, words).stderr
    result = CliRunner().invoke(cli, [*words, "--unmarked"])
    assert result.exit_code == 0
    assert "8 darks, of which 30 or more are advised" in result.stdout
    with_url = ["calibrate", "sim:cmos32", "-o", str(tmp_path / "x.h5"), "--unmarked"]
    assert CliRunner().invoke(cli, with_url).exit_code == 2
