"""`fpxi info` of recordings, corrected recordings, processings, and of files of other programs."""

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
from fpxi_imaging import Averaging, Conditions, Processing, Scale, calibration_from_maps
from fpxi_imaging.correction.processing import Orientation
from fpxi_readout.frame import Frame

Run = Callable[..., Result]
Record = Callable[..., Path]
MakeFrame = Callable[..., Frame]


@pytest.fixture
def run_file(record: Record, make_frame: MakeFrame) -> Path:
    """Three frames of two temperatures; a frame and a row never arrived."""
    torn = make_frame(3, temperature_mC=28_301)
    torn.row_received[2] = False
    return record([make_frame(0), make_frame(1), torn])


@pytest.fixture
def corrected(run: Run, run_file: Path) -> Path:
    """The same, corrected to transmission, by darks that are 1 K colder."""
    none = np.zeros((6, 5), np.bool_)
    calibration = calibration_from_maps(
        offset=np.full((6, 5), 100.0),
        gain=np.ones((6, 5)),
        defects=none,
        not_imaging=none,
        normalisation=1000.0,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=20,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    )
    save_calibration(run_file.with_name("cal.h5"), calibration)
    out = run_file.with_name("out.h5")
    words = ["-c", run_file.with_name("cal.h5"), "-o", out, "--scale", "transmission"]
    done = run("correct", run_file, *words, "--tolerance", "temperature_mC=5000")
    assert done.exit_code == 0, done.stderr
    return out


def told(run: Run, path: Path) -> dict[str, list[str]]:
    """What is said, by the name of the line."""
    result = run("info", path)
    assert result.exit_code == 0, result.stderr
    facts: dict[str, list[str]] = {}
    for line in result.stdout.splitlines():
        name, _, text = line.partition("  ")
        facts.setdefault(name, []).append(text.strip())
    return facts


def test_a_recording_is_told_in_words(run: Run, run_file: Path) -> None:
    facts = told(run, run_file)
    assert next(iter(facts)) == "Recording"
    assert facts["Layout"] == ["2"]
    assert facts["Panel"] == ["tiny, serial number SN-7"]
    assert facts["Frames"] == ["3 of 6 x 5 samples from row 0, column 0"]
    assert facts["Shown"] == ["3 images"]
    assert facts["Exposure"] == ["2.5 ms"]
    assert facts["Temperature"] == ["27.301 to 28.301 degC"]
    assert facts["Missing"] == ["1 frames, 1 rows of others"]
    assert "0.0078 s from first to last frame" in facts["Duration"][0]
    document = json.loads(run("info", run_file, "--json").stdout)
    assert (document["kind"], document["frames"]) == ("recording", 3)
    assert document["complete"] is True


def test_a_recording_that_a_crash_cut_short_says_so(run: Run, run_file: Path) -> None:
    with h5py.File(run_file, "r+") as file:
        del file["entry/end_time"]
    assert "cut short" in told(run, run_file)["Started"][0]
    assert json.loads(run("info", run_file, "--json").stdout)["complete"] is False


def test_an_empty_recording_is_told(run: Run, record: Record) -> None:
    assert "0 of " in told(run, record([]))["Frames"][0]


def test_a_clock_that_ran_back_gives_no_duration(
    run: Run, record: Record, make_frame: MakeFrame
) -> None:
    path = record([make_frame(5), make_frame(0), make_frame(1)])
    facts = told(run, path)
    assert "began anew" in facts["Duration"][0]
    assert facts["Missing"] == ["0 frames, 0 rows of others"]


def test_a_corrected_recording_tells_how_it_was_made(
    run: Run, corrected: Path, run_file: Path
) -> None:
    facts = told(run, corrected)
    assert next(iter(facts)) == "Corrected"
    assert facts["Layout"] == ["3"]
    assert facts["Recording"] == [str(run_file)]
    assert facts["Calibration"][0].startswith(f"{run_file.with_name('cal.h5')}, made 2026-01-02")
    assert facts["Pictures"] == ["3 of 6 x 5"]
    assert "1 is the level of the flats, exposed for 2.5 ms" in facts["Values"][0]
    assert facts["Processing"][0].endswith("defects interpolated, transmission")
    assert "temperature_mC 5000" in facts["Tolerances"][0]
    assert "up to 1.0 K apart" in facts["Note"][0]
    document = json.loads(run("info", corrected, "--json").stdout)
    assert (document["kind"], document["pictures"]) == ("corrected recording", 3)
    with h5py.File(corrected) as file:
        flags = file["entry/instrument/detector/pixel_flags"][()]
    assert document["flags"]["missing"] == np.count_nonzero(flags & 4) > 0
    assert f"missing {document['flags']['missing'] / 3:.4g}" in facts["Flagged pixels"][0]
    assert "of a picture, mean of all" in facts["Flagged pixels"][0]


def test_a_corrected_recording_of_layout_1_is_told(run: Run, corrected: Path) -> None:
    """It knew neither processing nor averages, notes, tolerances and counts of flags."""
    with h5py.File(corrected, "r+") as file:
        file.attrs["fpxi_corrected_layout"] = 1
        for name in ("processing", "notes", "agreement"):
            del file[f"entry/process/{name}"]
        for name in ("pixel_flag_counts", "frames_averaged", "average_complete"):
            del file[f"entry/instrument/detector/{name}"]
    facts = told(run, corrected)
    assert facts["Pictures"] == ["3 of 6 x 5"]
    assert "Flagged pixels" not in facts
    assert json.loads(run("info", corrected, "--json").stdout)["flags"] is None


@pytest.mark.parametrize(
    ("name", "words"),
    [("entry/process/date", "date"), ("entry/instrument/detector/data", "data")],
)
def test_a_damaged_corrected_recording_is_named(
    run: Run, corrected: Path, name: str, words: str
) -> None:
    with h5py.File(corrected, "r+") as file:
        del file[name]
    result = run("info", corrected)
    assert result.exit_code == 1
    assert "is not a readable corrected recording" in result.stderr
    assert words in result.stderr


def test_a_later_layout_is_refused_by_name(run: Run, corrected: Path) -> None:
    with h5py.File(corrected, "r+") as file:
        file.attrs["fpxi_corrected_layout"] = 4
    result = run("info", corrected)
    assert result.exit_code == 1
    assert "its layout is version 4, known are 1 to 3" in result.stderr


@pytest.mark.parametrize(
    ("processing", "steps"),
    [
        (Processing(), "offset, gain and linearity, defects interpolated"),
        (
            Processing(
                lag=True,
                zinger_sigma=6,
                averaging=Averaging.recursive(8, motion_sigma=2),
                repair=False,
                scale=Scale.ATTENUATION,
                orientation=Orientation(flip_rows=True, flip_columns=True, rotate_deg=90),
            ),
            "offset, gain and linearity, lag, zingers above 6 sigma, recursive average of 8 "
            "frames, anew where the image moves by 2 sigma, defects left without a value, "
            "attenuation, rows flipped, columns flipped, rotated by 90 degrees anticlockwise",
        ),
        (
            Processing(averaging=Averaging.median(5)),
            "offset, gain and linearity, median of 5 frames, defects interpolated",
        ),
    ],
)
def test_a_processing_is_told_in_steps(
    run: Run, tmp_path: Path, processing: Processing, steps: str
) -> None:
    path = tmp_path / "processing.json"
    path.write_text(processing.to_json())
    facts = told(run, path)
    assert facts["Steps"] == [steps]
    assert facts["Values"] == [processing.scale.value]
    document = json.loads(run("info", path, "--json").stdout)
    assert Processing.from_json(json.dumps(document["processing"])) == processing


@pytest.mark.parametrize("content", [b"text", b"", b"\x89PNG"])
def test_files_of_other_programs_are_named(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.file"
    path.write_bytes(content)
    result = run("info", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{path} is no recording, corrected recording, calibration or " in result.stderr
    assert ("neither HDF5 nor JSON" if content else "it is empty") in result.stderr


def test_hdf5_of_other_programs_is_named(run: Run, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = 1
    result = run("info", tmp_path / "other.h5")
    assert result.exit_code == 1
    assert "is no recording, corrected recording, calibration or processing" in result.stderr
    assert "an HDF5 file that fpxi did not write" in result.stderr


def test_json_of_something_else_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"name": 1}')
    result = run("info", path)
    assert result.exit_code == 1
    assert "is no description of processing" in result.stderr
