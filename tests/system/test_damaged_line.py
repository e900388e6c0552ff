"""A line that flips, drops and cuts bytes: nothing wrong is accepted, every loss is counted."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from fpxi_readout.protocol.generated import FrameFlag

DAMAGE = "bit_flips=1e-4&drops=0.01&rechunk=on"
FRAMES = 60


@pytest.fixture
def truth(tmp_path) -> np.ndarray:
    """Frames in which every pixel of every frame differs from its neighbours in time and space."""
    frames = np.random.default_rng(5).integers(0, 2**16, (FRAMES, 64, 64), dtype=np.uint16)
    np.save(tmp_path / "truth.npy", frames)
    return frames


@pytest.fixture
def damaged_url(truth, tmp_path) -> str:
    return f"sim:tft64?frames={tmp_path / 'truth.npy'}&at_end=loop&{DAMAGE}&seed=2"


@pytest.mark.parametrize("how", [("--serial",), ("--tcp", "127.0.0.1:0")], ids=["serial", "tcp"])
def test_reliable_capture_over_a_damaged_line_loses_nothing(
    how, truth, damaged_url, serve, run, as_json, tmp_path
) -> None:
    file = tmp_path / "run.h5"
    with serve(damaged_url, *how) as url:
        report = as_json(run("capture", url, "-n", FRAMES, "-o", file, "--reliable", "--json"))
    assert report["crc_errors"] > 0, "the line did no damage"
    assert (report["frames_received"], report["frames_lost"], report["rows_lost"]) == (FRAMES, 0, 0)
    with h5py.File(file) as recording:
        detector = recording["entry/instrument/detector"]
        numbers = detector["sequence_number"][()]
        assert np.array_equal(np.diff(numbers.astype(np.int64)), np.ones(FRAMES - 1))
        assert np.array_equal(detector["data"][()], truth[numbers % FRAMES])


def test_live_capture_over_a_damaged_line_accounts_for_every_row(
    truth, damaged_url, serve, run, as_json, tmp_path
) -> None:
    file = tmp_path / "run.h5"
    with serve(damaged_url, "--serial") as url:
        run("set", url, "frame_period_us=20000")
        report = as_json(run("capture", url, "-n", FRAMES, "-o", file, "--live", "--json"))
    with h5py.File(file) as recording:
        detector = recording["entry/instrument/detector"]
        data, numbers = detector["data"][()], detector["sequence_number"][()]
        received = detector["row_received"][()].astype(bool)
        rows_missing = detector["rows_missing"][()]
    assert np.array_equal(rows_missing, (~received).sum(axis=1))
    assert np.array_equal(data[received], truth[numbers % FRAMES][received])
    assert not data[~received].any()
    assert rows_missing.sum() > 0, "the line did no damage"
    span = int(numbers[-1]) - int(numbers[0]) + 1
    assert report["frames_lost"] + report["frames_skipped"] == span - len(numbers)
    assert report["rows_lost"] == rows_missing.sum() + 64 * report["frames_lost"]


@pytest.fixture
def drifting(tmp_path) -> np.ndarray:
    """Frames that change little from one to the next, as those that are coded by differences."""
    frames = np.random.default_rng(6).normal(3000, 8, (FRAMES, 64, 64)).astype(np.uint16)
    np.save(tmp_path / "drifting.npy", frames)
    return frames


CODED = ("--set", "encoding=aec_reference", "--set", "key_frame_interval=8")
REGION = tuple(
    part
    for setting in ("first_row=10", "rows=31", "first_column=5", "columns=40")
    for part in ("--set", f"region_{setting}")
)


@pytest.mark.parametrize("delivery", ["--reliable", "--live"])
def test_a_coded_region_over_a_damaged_line_is_right_in_every_row_that_came(
    delivery, drifting, serve, run, as_json, tmp_path
) -> None:
    file = tmp_path / "run.h5"
    url = f"sim:tft64?frames={tmp_path / 'drifting.npy'}&at_end=loop&{DAMAGE}&seed=2"
    with serve(url, "--tcp", "127.0.0.1:0") as place:
        arguments = ("-n", FRAMES, "-o", file, delivery, *CODED, *REGION)
        report = as_json(
            run("capture", place, *arguments, "--set", "frame_period_us=20000", "--json")
        )
    assert report["crc_errors"] > 0, "the line did no damage"
    with h5py.File(file) as recording:
        detector = recording["entry/instrument/detector"]
        data, numbers = detector["data"][()], detector["sequence_number"][()]
        received = detector["row_received"][()].astype(bool)
        flags = detector["flags"][()]
    truth = drifting[numbers % FRAMES][:, 10:41, 5:45]
    assert data.shape == truth.shape
    assert np.array_equal(data[received], truth[received])
    assert not data[~received].any()
    assert (flags & FrameFlag.KEY).any()
    assert report["rows_lost"] == (~received).sum() + 31 * report["frames_lost"]
    if delivery == "--reliable":
        assert received.all()
        assert np.array_equal(np.flatnonzero(flags & FrameFlag.KEY), np.arange(0, FRAMES, 8))
