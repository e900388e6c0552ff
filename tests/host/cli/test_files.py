"""`fpxi calibrate`, `correct` and `export`: from frames to files that others read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import h5py
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner, Result
from fpxi.calibration import load_calibration
from fpxi.cli.export import frame_selection
from fpxi.cli.main import cli
from PIL import Image

Run = Callable[..., Result]
Spawn = Callable[..., Any]  # a subprocess.Popen with pipes

DATA = "entry/instrument/detector/data"
FAST = "sim:tft64?time=virtual"
NO_PICTURE = "--no-picture"  # to draw it takes longer than all the rest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with run.h5 (6 frames) and cal.h5, cal.dark.h5 and cal.flat.h5 (20 frames each)."""
    path = tmp_path_factory.mktemp("files")
    for words in (
        ["capture", FAST, "-n", "6", "-o", path / "run.h5"],
        ["calibrate", FAST, "--dark", "20", "--flat", "20", "-o", path / "cal.h5", NO_PICTURE],
    ):
        result = CliRunner().invoke(cli, [str(word) for word in words])
        assert result.exit_code == 0, result.stderr
    return path


def test_calibrating_a_simulated_panel_switches_its_beam(folder: Path) -> None:
    calibration = load_calibration(folder / "cal.h5")
    assert (calibration.dark_frames, calibration.flat_frames) == (20, 20)
    with h5py.File(folder / "cal.dark.h5") as dark, h5py.File(folder / "cal.flat.h5") as flat:
        assert dark[DATA][()].mean() < flat[DATA][()].mean()


def test_recordings_give_the_same_calibration(run: Run, folder: Path, tmp_path: Path) -> None:
    arguments = ["--dark", folder / "cal.dark.h5", "--flat", folder / "cal.flat.h5"]
    result = run("calibrate", *arguments, "-o", tmp_path / "again.h5", "--json")
    document = json.loads(result.stdout)
    assert (document["dark_frames"], document["flat_frames"]) == (20, 20)
    assert document["conditions"]["exposure_us"] == 10000
    live, again = load_calibration(folder / "cal.h5"), load_calibration(tmp_path / "again.h5")
    np.testing.assert_array_equal(live.darks[0].mean, again.darks[0].mean)
    np.testing.assert_array_equal(live.gains[0].gain, again.gains[0].gain)
    assert document["defective_pixels"] == np.count_nonzero(live.defects.mask)
    told = json.loads(run("info", tmp_path / "again.h5", "--json").stdout)
    assert (told.pop("kind"), told.pop("layout")) == ("calibration", 3)
    assert {**told, "picture": document["picture"]} == document
    verdicts = {verdict["check"]: verdict for verdict in document["verdicts"]}
    assert verdicts["number of darks"]["measured"] == 20
    assert verdicts["number of darks"]["grade"] == "usable"
    assert document["picture"] == str(tmp_path / "again.png")
    assert (tmp_path / "again.png").stat().st_size > 10_000


def test_the_summary_names_panel_conditions_and_defects(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    arguments = ["--dark", folder / "cal.dark.h5", "--flat", folder / "cal.flat.h5"]
    stdout = run("calibrate", *arguments, "-o", tmp_path / "again.h5", NO_PICTURE).stdout
    assert "tft64, serial number TFT64-S00000001" in stdout
    assert "gain setting 3, 10 ms, 27.3 °C, 20 frames" in stdout
    assert "of 4096 imaging pixels" in stdout


def test_swapped_recordings_are_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    arguments = ["--dark", folder / "cal.flat.h5", "--flat", folder / "cal.dark.h5"]
    result = run("calibrate", *arguments, "-o", tmp_path / "bad.h5")
    assert result.exit_code == 1
    assert "swapped" in result.stderr
    assert not (tmp_path / "bad.h5").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "No --dark FILE: name a panel by its URL"),
        (["--dark", "20", "--flat", "20"], "name a panel by its URL"),
        (["--dark", "dark.h5"], "--flat FILE"),
        ([FAST, "--dark", "dark.h5"], "how many frames"),
        ([FAST, "--flat", "0"], "how many frames"),
        ([FAST, "--tolerance", "bias_mV=1"], "--tolerance: for recordings"),
        (["--dark", "a.h5", "--flat", "b.h5", "--exposure", "1ms"], "needs the URL"),
        ([FAST, "--lag-exposed", "9s"], "--lag-exposed: for recordings"),
        (["--dark", "a.h5", "--flat", "b.h5", "--lag-exposed", "9s"], "needs --step-off"),
        ([FAST, "--step-off", __file__], "--step-off: for recordings"),
        ([FAST, "--gain", "polynomial", "--levels", "1"], "--levels 2 or more"),
        ([FAST, "--refresh", __file__, "--lag"], "--lag: --refresh takes darks alone"),
        (["--refresh", __file__], "No --dark FILE"),
        (["--refresh", __file__, "--dark", "a.h5", "--flat", "b.h5"], "--flat: --refresh takes"),
        (["--refresh", __file__, "--dark", "a.h5", "--exposure", "1ms"], "needs the URL"),
        ([FAST, "--refresh", __file__, "--unmarked"], "--unmarked: for recordings"),
        ([FAST, "--exposures", "5"], "with its unit"),
    ],
)
def test_numbers_and_recordings_are_not_mixed_up(
    run: Run, tmp_path: Path, arguments: list[str], words: str
) -> None:
    result = run("calibrate", *arguments, "-o", tmp_path / "cal.h5")
    assert result.exit_code == 2
    assert words in result.stderr


def test_the_offset_is_renewed_by_a_recording_of_darks(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    before, out = (folder / "cal.h5").read_bytes(), tmp_path / "renewed.h5"
    given = ["--refresh", folder / "cal.h5", "--dark", folder / "cal.dark.h5", NO_PICTURE]
    result = run("calibrate", *given, "-o", out)
    assert result.exit_code == 0, result.stderr
    assert "Refreshed" in result.stdout
    assert len(load_calibration(out).refreshes) == 1
    assert (folder / "cal.h5").read_bytes() == before
    assert run("calibrate", *given, "-o", out).exit_code == 1
    again = ["--refresh", out, *given[2:]]
    assert run("calibrate", *again).exit_code == 0
    assert len(load_calibration(out).refreshes) == 2


def test_correct_writes_the_corrected_frames(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "corrected.h5"
    result = run("correct", folder / "run.h5", "-c", folder / "cal.h5", "-o", out, "--json")
    assert json.loads(result.stdout)["frames"] == 6
    with h5py.File(out) as corrected, h5py.File(folder / "run.h5") as raw:
        calibration = load_calibration(folder / "cal.h5")
        good = ~calibration.defects.mask
        expected = raw[DATA][0].astype(np.float64) - calibration.darks[0].mean
        expected *= calibration.gains[0].gain
        np.testing.assert_allclose(corrected[DATA][0][good], expected[good], rtol=1e-5, atol=1e-2)


def test_correct_refuses_other_conditions_unless_they_are_tolerated(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    recording, out = tmp_path / "longer.h5", tmp_path / "corrected.h5"
    run("capture", FAST, "-n", 2, "-o", recording, "--exposure", "11ms")
    arguments = ["correct", recording, "-c", folder / "cal.h5", "-o", out]
    result = run(*arguments)
    assert result.exit_code == 1
    assert "exposure: 10 ms in the calibration, 11 ms in the data" in result.stderr
    assert not out.exists()
    assert run(*arguments, "--tolerance", "exposure_us=1000").exit_code == 0


@pytest.mark.parametrize("tolerance", ["exposure=1", "exposure_us=-1", "exposure_us=x", "panel=1"])
def test_a_tolerance_that_means_nothing_is_refused(
    run: Run, folder: Path, tmp_path: Path, tolerance: str
) -> None:
    arguments = ["-c", folder / "cal.h5", "-o", tmp_path / "x.h5", "--tolerance", tolerance]
    assert run("correct", folder / "run.h5", *arguments).exit_code == 2


def test_a_recording_is_no_calibration(run: Run, folder: Path, tmp_path: Path) -> None:
    arguments = ["-c", folder / "run.h5", "-o", tmp_path / "x.h5"]
    result = run("correct", folder / "run.h5", *arguments)
    assert result.exit_code == 1
    assert "not a readable fpxi calibration" in result.stderr


def test_export_npy_holds_the_chosen_frames(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.npy"
    assert run("export", folder / "run.h5", "-o", out, "--frames", "-2:").exit_code == 0
    with h5py.File(folder / "run.h5") as raw:
        np.testing.assert_array_equal(np.load(out), raw[DATA][-2:])


def test_export_tif_is_a_stack(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.tif"
    result = run("export", folder / "run.h5", "-o", out)
    assert "6 frames; values are raw counts, unscaled" in result.stdout
    assert tifffile.imread(out).shape == (6, 64, 64)


def test_export_png_of_the_mean_tells_its_scaling(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.png"
    arguments = ["--average", "-c", folder / "cal.h5", "--bits", 8, "--json"]
    result = run("export", folder / "run.h5", "-o", out, *arguments)
    document = json.loads(result.stdout)
    assert document["paths"] == [str(out)]
    assert "became 0 to 255" in document["scaling"]
    with Image.open(out) as image:
        assert (image.mode, image.size) == ("L", (64, 64))


def test_export_png_of_several_frames_names_the_files(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    result = run("export", folder / "run.h5", "-o", tmp_path / "x.png", "--frames", "0:3")
    assert f"{tmp_path / 'x_0.png'} to x_2.png: 3 frames" in result.stdout


@pytest.mark.parametrize(("name", "words"), [("x.jpg", ".npy"), ("none/x.tif", "folder")])
def test_export_to_where_it_cannot_go_is_refused(
    run: Run, folder: Path, tmp_path: Path, name: str, words: str
) -> None:
    result = run("export", folder / "run.h5", "-o", tmp_path / name)
    assert result.exit_code == 1
    assert words in result.stderr


@pytest.mark.parametrize("command", ["calibrate", "correct", "export"])
def test_nothing_is_overwritten_without_saying_so(
    run: Run, folder: Path, tmp_path: Path, command: str
) -> None:
    out = tmp_path / "out.npy"
    arguments: dict[str, list[object]] = {
        "calibrate": [
            *("--dark", folder / "cal.dark.h5", "--flat", folder / "cal.flat.h5", NO_PICTURE)
        ],
        "correct": [folder / "run.h5", "-c", folder / "cal.h5"],
        "export": [folder / "run.h5"],
    }
    out.write_text("precious")
    result = run(command, *arguments[command], "-o", out)
    assert result.exit_code == 1
    assert "--overwrite" in result.stderr
    assert out.read_text() == "precious"
    if command == "calibrate":  # what it replaces may hold decisions about defects
        assert run(command, *arguments[command], "-o", out, "--overwrite").exit_code == 1
        assert out.read_text() == "precious"
        out.write_bytes((folder / "cal.h5").read_bytes())
    assert run(command, *arguments[command], "-o", out, "--overwrite").exit_code == 0
    assert out.stat().st_size > 1000


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("5", [5]),
        ("-1", [-1]),
        ("1,5,7", [1, 5, 7]),
        ("0:100", slice(0, 100)),
        (":", slice(None, None)),
        ("-10:", slice(-10, None)),
        ("0:100:10", slice(0, 100, 10)),
        ("::-1", slice(None, None, -1)),
    ],
)
def test_frames_are_chosen_as_python_does(text: str, selection: list[int] | slice) -> None:
    assert frame_selection(text) == selection


@pytest.mark.parametrize("text", ["", "a", "1:2:0", "1-5", "1,", "1:2:3:4"])
def test_any_other_choice_of_frames_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="0:100"):
        frame_selection(text)
