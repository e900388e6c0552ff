"""A panel in one process, a capture in another, and a real line in between."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest


@pytest.mark.parametrize("how", [("--serial",), ("--tcp", "127.0.0.1:0")], ids=["serial", "tcp"])
@pytest.mark.parametrize("delivery", ["--reliable", "--live"])
def test_a_long_run_of_frames_arrives_whole(
    how, delivery, serve, run, as_json, tmp_path, thorough: bool
) -> None:
    file, count = tmp_path / "run.h5", 2000 if thorough else 500
    words = ("-n", count, "-o", file, delivery, "--set", "exposure_us=2150", "--json")
    with serve("sim:tft64?seed=3", *how) as url:
        report = as_json(run("capture", url, *words))
    assert report["frames_received"] == count
    assert (report["frames_lost"], report["rows_lost"], report["crc_errors"]) == (0, 0, 0)
    assert report["bytes_received"] > count * 64 * 64 * 2
    assert report["frame_rate_hz"] > 0
    if delivery == "--reliable":
        assert report["frames_skipped"] == 0
    assert_frames_follow_each_other(file, count, skipped=report["frames_skipped"])


def assert_frames_follow_each_other(file: Path, count: int, *, skipped: int) -> None:
    """Every number is there once, but those that the device says it skipped for a busy reader."""
    with h5py.File(file) as recording:
        detector = recording["entry/instrument/detector"]
        assert detector["data"].shape == (count, 64, 64)
        steps = np.diff(detector["sequence_number"][()].astype(np.int64))
        assert np.all(steps >= 1)
        assert np.sum(steps - 1) <= skipped  # the device may skip more before it hears STOP
        assert np.all(np.diff(detector["timestamp"][()].astype(np.int64)) > 0)
        assert not detector["rows_missing"][()].any()


def test_the_same_seed_gives_the_same_frames_over_every_line(serve, run, tmp_path) -> None:
    pictures = []
    for how in (("--serial",), ("--tcp", "127.0.0.1:0")):
        file = tmp_path / f"{len(pictures)}.h5"
        with serve("sim:cmos32?seed=11", *how) as url:
            run("capture", url, "-n", 5, "-o", file, "--reliable", "--json")
        with h5py.File(file) as recording:
            pictures.append(recording["entry/instrument/detector/data"][()])
    assert np.array_equal(pictures[0], pictures[1])
    assert pictures[0].std() > 0
