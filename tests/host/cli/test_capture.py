"""`fpxi capture`: what is recorded, what is said, and what the exit status means."""

from __future__ import annotations

import dataclasses
import json
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from click.testing import Result
from fpxi import Session
from fpxi.capture import CaptureResult
from fpxi.cli.options import duration_s
from fpxi.clipping import ClippedSamples, ClippingCount
from fpxi.image_key import ImageKey

Run = Callable[..., Result]
Spawn = Callable[..., Any]  # a subprocess.Popen with pipes

DETECTOR = "entry/instrument/detector"
FAST = "sim:tft64?time=virtual"


def read(path: Path, name: str) -> Any:
    with h5py.File(path) as file:
        return file[f"{DETECTOR}/{name}"][()]


def test_the_file_holds_the_frames_asked_for(run: Run, tmp_path: Path) -> None:
    result = run("capture", FAST, "-n", 7, "-o", tmp_path / "run.h5")
    assert result.exit_code == 0
    assert "7 at" in result.stdout
    assert "nothing" in result.stdout
    data = read(tmp_path / "run.h5", "data")
    assert data.shape == (7, 64, 64)
    assert data.std() > 0


def test_json_is_one_document_with_the_counters(run: Run, tmp_path: Path) -> None:
    result = run("capture", FAST, "-n", 5, "-o", tmp_path / "run.h5", "--live", "--json")
    document = json.loads(result.stdout)
    assert document["frames_received"] == 5
    assert document["frames_lost"] == document["rows_lost"] == document["crc_errors"] == 0
    assert document["bytes_received"] > 5 * 64 * 64 * 2
    assert document["frame_rate_hz"] > 0
    assert document["delivery"] == "live"
    assert document["complete"] is True
    assert document["path"] == str(tmp_path / "run.h5")


def test_settings_hold_for_the_frames(run: Run, tmp_path: Path) -> None:
    arguments = ["--exposure", "3ms", "--set", "gain_setting=4"]
    assert run("capture", FAST, "-n", 2, "-o", tmp_path / "run.h5", *arguments).exit_code == 0
    assert list(read(tmp_path / "run.h5", "exposure_time")) == [0.003, 0.003]
    assert list(read(tmp_path / "run.h5", "gain_setting")) == [4, 4]


@pytest.mark.parametrize(
    ("panel", "settings", "told"),
    [
        ("tft64-ba2ma9pb10i31", (), "Note: no bias is set; this panel works with --set bias_mV="),
        ("tft64-ba2ma9pb10i31", ("--set", "bias_mV=-1000"), None),
        ("tft64", (), None),
        ("csi-tl", (), None),
    ],
)
def test_a_simulated_panel_without_its_bias_is_told(
    panel: str, settings: tuple[str, ...], told: str | None, run: Run, tmp_path: Path
) -> None:
    url = f"sim:{panel}?time=virtual"
    result = run("capture", url, "-n", 1, "-o", tmp_path / "run.h5", *settings)
    assert result.exit_code == 0
    assert ("bias" in result.stderr) == (told is not None)
    assert result.stderr.startswith(told or "")


def test_a_wrong_setting_records_nothing(run: Run, tmp_path: Path) -> None:
    result = run("capture", FAST, "-n", 2, "-o", tmp_path / "run.h5", "--set", "gain_setting=9")
    assert result.exit_code == 1
    assert "gain_setting = 9 is not within" in result.stderr
    assert not (tmp_path / "run.h5").exists()


@pytest.mark.parametrize(
    ("option", "key", "words"),
    [("--dark", ImageKey.DARK, "off"), ("--flat", ImageKey.FLAT, "nothing in it")],
)
def test_darks_and_flats_are_marked_and_the_simulated_beam_is_set_for_them(
    run: Run, tmp_path: Path, option: str, key: ImageKey, words: str
) -> None:
    assert run("capture", FAST, "-n", 3, "-o", tmp_path / "run.h5").exit_code == 0
    result = run("capture", FAST, "-n", 3, "-o", tmp_path / "key.h5", option)
    assert words in result.stderr
    assert list(read(tmp_path / "key.h5", "image_key")) == [key] * 3
    difference = read(tmp_path / "key.h5", "data").mean() - read(tmp_path / "run.h5", "data").mean()
    assert (difference > 0) == (key is ImageKey.FLAT)


def test_a_frame_is_not_dark_and_flat_at_once(run: Run, tmp_path: Path) -> None:
    result = run("capture", FAST, "-n", 3, "-o", tmp_path / "run.h5", "--dark", "--flat")
    assert result.exit_code == 2


def test_a_file_is_replaced_only_on_demand(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    path.write_text("precious")
    result = run("capture", FAST, "-n", 2, "-o", path)
    assert result.exit_code == 1
    assert "--overwrite" in result.stderr
    assert path.read_text() == "precious"
    assert run("capture", FAST, "-n", 2, "-o", path, "--overwrite").exit_code == 0
    assert read(path, "data").shape[0] == 2


@pytest.mark.parametrize("arguments", [["-n", "0", "-o", "x.h5"], ["-n", "5"], ["-o", "x.h5"]])
def test_what_to_record_and_where_must_be_said(run: Run, arguments: list[str]) -> None:
    assert run("capture", FAST, *arguments).exit_code == 2


def test_a_folder_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    result = run("capture", FAST, "-n", 2, "-o", tmp_path / "none" / "run.h5")
    assert result.exit_code == 1
    assert str(tmp_path / "none") in result.stderr


def test_the_temperature_has_a_unit_that_readers_know(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    assert run("capture", FAST, "-n", 1, "-o", path).exit_code == 0
    with h5py.File(path) as file:
        parameter = file["entry/device/parameters/temperature_mC"]
        assert parameter.attrs["units"] == "millidegree_Celsius"


def test_samples_at_the_ends_of_the_range_are_warned_of(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    result = run("capture", FAST, "-n", 3, "-o", path, "--json")
    saturated = read(path, "data") >= 65535
    frames, count = int(saturated.any(axis=(1, 2)).sum()), int(saturated.sum())
    fraction = count / saturated.size
    assert count > 0
    document = json.loads(result.stdout)
    always, ever = saturated.all(axis=0).sum(), saturated.any(axis=0).sum()
    assert document["saturated"] == {
        "samples": count,
        "fraction": fraction,
        "frames": frames,
        "pixels": ever,
        "constant_pixels": always,
    }
    assert set(document["cut_off"].values()) == {0}
    words = f"Warning: {count} samples ({100 * fraction:.2g} %) in {frames} frames are saturated"
    assert result.stderr.startswith(words)
    assert "cut off" not in result.stderr


def test_a_capture_that_is_interrupted_warns_of_what_it_took(tmp_path: Path) -> None:
    told: list[str] = []

    def interrupt(done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with Session(FAST) as session:
        session.wait_connected()
        with pytest.raises(KeyboardInterrupt):
            session.capture(100, tmp_path / "run.h5", notify=told.append, progress=interrupt)
    (warning,) = told
    assert "in 3 frames are saturated (" in warning


def test_a_range_that_is_kept_within_is_no_matter_for_a_warning(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = ClippedSamples(0, 0.0, 0, 0, 0)
    monkeypatch.setattr(ClippingCount, "saturated", nothing)
    monkeypatch.setattr(ClippingCount, "cut_off", nothing)
    assert run("capture", FAST, "-n", 3, "-o", tmp_path / "run.h5").stderr == ""


def lossy(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Session.capture

    def capture(session: Session, *arguments: Any, **named: Any) -> CaptureResult:
        result = real(session, *arguments, **named)
        return dataclasses.replace(result, frames_lost=1, rows_lost=70, frames_skipped=3)

    monkeypatch.setattr(Session, "capture", capture)


def test_losses_in_reliable_delivery_are_a_failure(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lossy(monkeypatch)
    result = run("capture", FAST, "-n", 3, "-o", tmp_path / "run.h5", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["complete"] is False
    assert "could not send" in result.stderr


def test_losses_in_live_delivery_are_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lossy(monkeypatch)
    result = run("capture", FAST, "-n", 3, "-o", tmp_path / "run.h5", "--live")
    assert result.exit_code == 0
    assert "1 frame; 70 rows in all" in result.stdout
    assert "3 frames, by the panel" in result.stdout


def test_reliable_delivery_makes_up_for_a_noisy_line(run: Run, tmp_path: Path) -> None:
    url = "sim:tft64?bit_flips=2e-6"
    result = run("capture", url, "-n", 30, "-o", tmp_path / "run.h5", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["chunks_recovered"] > 0
    assert document["complete"]
    assert read(tmp_path / "run.h5", "row_received").all()


def test_frames_come_through_a_real_line(run: Run, tmp_path: Path, served_url: str) -> None:
    result = run("capture", served_url, "-n", 20, "-o", tmp_path / "run.h5", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["complete"]
    data, numbers = (read(tmp_path / "run.h5", name) for name in ("data", "sequence_number"))
    assert data.shape == (20, 64, 64)
    assert list(numbers) == list(range(20))


def test_rows_that_went_with_a_restart_are_said_to_have_gone_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    url = "sim:cmos32?resets=0.1&fault_seed=1"
    result = run("capture", url, "-n", 100, "-o", path, "--exposure", "2ms")
    assert not read(path, "row_received").all()
    assert result.exit_code == 1
    assert "restarts" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_in_mid_capture_keeps_what_was_recorded(
    spawn: Spawn, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    path = tmp_path / "run.h5"
    capture = spawn("capture", "sim:tft64", "-n", 100_000, "-o", path)
    wait_until_it_grows(path)
    capture.send_signal(number)
    stdout, stderr = capture.communicate()
    assert (capture.returncode, stdout) == (status, "")
    assert "Traceback" not in stderr
    kept = read(path, "data")
    assert f"{path}: {len(kept)} frames kept." in stderr
    assert len(kept) > 10
    assert all(frame.std() > 0 for frame in kept)


def test_a_panel_that_vanishes_ends_the_capture_with_its_name(spawn: Spawn, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    server = spawn("sim", "serve", "--serial")
    url = f"serial:{server.stdout.readline().strip()}"
    capture = spawn("capture", url, "-n", 100_000, "-o", path, "--give-up", "0.5s")
    wait_until_it_grows(path)
    server.kill()
    _, stderr = capture.communicate()
    assert capture.returncode == 1
    assert f"Error: lost {url}: gave up after 0.5 s without the link" in stderr
    assert "--give-up sets how long" in stderr
    assert stderr.count("check cable and power") == 1
    assert "Traceback" not in stderr
    assert f"{path}: {len(read(path, 'data'))} frames kept." in stderr


RESTARTING = "sim:tft64?resets=0.02&fault_seed=1"


def test_a_panel_that_restarts_ends_a_capture_that_gives_up_at_once(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "run.h5"
    result = run("capture", RESTARTING, "-n", 1000, "-o", path, "--live", "--give-up", 0)
    assert result.exit_code == 1
    assert "restarted" in result.stderr
    assert f"{path}: {len(read(path, 'data'))} frames kept." in result.stderr


def test_a_loss_and_a_return_are_told_and_the_capture_goes_on(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    url = "sim:cmos32?resets=0.05&fault_seed=1"
    result = run("capture", url, "-n", 100, "-o", path, "--live", "--exposure", "2ms")
    assert result.exit_code == 0
    assert len(read(path, "data")) == 100
    told = result.stderr.splitlines()
    assert "restarted" in told[0]
    assert "begun anew" in told[1]
    assert re.search(r"Link lost +\d+ times?, \d+\.\d s in all", result.stdout)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_while_the_panel_is_away_keeps_what_was_recorded(
    spawn: Spawn, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    path = tmp_path / "run.h5"
    server = spawn("sim", "serve", "--serial")
    url = f"serial:{server.stdout.readline().strip()}"
    capture = spawn("capture", url, "-n", 100_000, "-o", path)
    wait_until_it_grows(path)
    server.kill()
    assert "lost" in capture.stderr.readline()
    capture.send_signal(number)
    _, stderr = capture.communicate()
    assert capture.returncode == status
    assert f"{path}: {len(read(path, 'data'))} frames kept." in stderr


def test_a_time_to_give_up_needs_a_unit(run: Run, tmp_path: Path) -> None:
    result = run("capture", FAST, "-n", 2, "-o", tmp_path / "run.h5", "--give-up", "5")
    assert result.exit_code == 2
    assert "30s or 5min" in result.stderr


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("30s", 30), ("1.5 min", 90), ("0s", 0)])
def test_a_time_to_give_up_is_read(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


def test_capturing_makes_no_pictures(run: Run, tmp_path: Path) -> None:
    names: set[str] = set()
    real = Session.capture

    def capture(session: Session, *arguments: Any, **named: Any) -> CaptureResult:
        names.update(thread.name for thread in threading.enumerate())
        return real(session, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "capture", capture)
        run("capture", FAST, "-n", 2, "-o", tmp_path / "run.h5")
    assert "fpxi-link" in names
    assert not names & {"fpxi-pipeline", "fpxi-warm-up"}


def wait_until_it_grows(path: Path) -> None:
    """Wait until frames have been added to the file."""
    while not path.exists():
        time.sleep(0.05)
    empty = path.stat().st_size
    while path.stat().st_size < empty + 500_000:
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--exposure", "20ms", "--set", "exposure_us=5000"), "exposure_us is given twice"),
        (("--set", "delivery=live"), "--reliable or --live"),
    ],
)
def test_settings_that_contradict_are_refused(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run("capture", FAST, "-n", 2, "-o", tmp_path / "run.h5", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_output_without_a_name_is_refused(run: Run) -> None:
    result = run("capture", FAST, "-n", 2, "-o", "")
    assert result.exit_code == 2
    assert "a name" in result.stderr


def test_skipped_frames_are_no_losses_and_the_limit_is_named(run: Run, tmp_path: Path) -> None:
    path = str(tmp_path / "run.h5")
    result = run("capture", "sim:cmos32?baud=300000", "-n", "40", "-o", path, "--live", "--json")
    document = json.loads(result.stdout)
    assert document["frames_skipped"] > 0
    assert (document["frames_lost"], document["complete"]) == (0, True)
    assert document["limit"] == "link"
    assert document["link_capacity_Bps"] == pytest.approx(30_000, rel=0.2)
    assert "frames/s of" in document["limit_words"]
