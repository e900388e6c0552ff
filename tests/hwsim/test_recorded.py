"""Recorded frames as the panel's samples."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from fpxi_hwsim.errors import RecordedFramesError
from fpxi_hwsim.presets import CMOS32, TFT64
from fpxi_hwsim.recorded import RecordedFrames

TFT = TFT64.geometry
CMOS = CMOS32.geometry


def stack(frames: int, rows: int, columns: int) -> np.ndarray:
    return np.arange(frames * rows * columns, dtype=np.uint16).reshape(frames, rows, columns) + 1


def save(path: Path, array: np.ndarray) -> str:
    np.save(path, array)
    return str(path)


@pytest.fixture
def whole(tmp_path: Path) -> str:
    return save(tmp_path / "whole.npy", stack(3, 64, 64))


def test_frames_of_the_panels_size_come_out_unchanged_and_in_order(whole: str) -> None:
    recorded = RecordedFrames(whole, TFT)
    for frame in stack(3, 64, 64):
        np.testing.assert_array_equal(recorded.take(), frame)


def test_tif_and_hdf5_hold_the_same_frames(tmp_path: Path) -> None:
    frames = stack(2, 64, 64)
    tifffile.imwrite(tmp_path / "a.tif", frames)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/data"] = frames
    for path in ("a.tif", "a.h5::/entry/data"):
        recorded = RecordedFrames(str(tmp_path / path), TFT)
        np.testing.assert_array_equal([recorded.take(), recorded.take()], frames)


def test_a_single_frame_is_a_recording_of_one(tmp_path: Path) -> None:
    recorded = RecordedFrames(save(tmp_path / "one.npy", stack(1, 64, 64)[0]), TFT)
    assert len(recorded) == 1


def test_loop_begins_again(whole: str) -> None:
    recorded = RecordedFrames(whole, TFT, at_end="loop")
    taken = [recorded.take() for _ in range(4)]
    np.testing.assert_array_equal(taken[3], taken[0])


def test_hold_repeats_the_last_frame(whole: str) -> None:
    recorded = RecordedFrames(whole, TFT, at_end="hold")
    taken = [recorded.take() for _ in range(5)]
    np.testing.assert_array_equal(taken[4], taken[2])


def test_stop_delivers_nothing_more(whole: str) -> None:
    recorded = RecordedFrames(whole, TFT, at_end="stop")
    assert [recorded.take() is None for _ in range(5)] == [False] * 3 + [True] * 2


def test_smaller_frames_are_centred_inside_the_process_ring(tmp_path: Path) -> None:
    frame = stack(1, 22, 26)[0]
    panel = RecordedFrames(save(tmp_path / "small.npy", frame), CMOS).take()
    assert panel is not None
    np.testing.assert_array_equal(panel[5:27, 3:29], frame)
    assert np.count_nonzero(panel) == frame.size


def test_a_place_puts_the_first_pixel_there(tmp_path: Path) -> None:
    frame = stack(1, 22, 26)[0]
    path = save(tmp_path / "small.npy", frame)
    panel = RecordedFrames(path, CMOS, place=(0, 6)).take()
    assert panel is not None
    np.testing.assert_array_equal(panel[:22, 6:], frame)


def test_a_frame_of_the_whole_die_may_cover_the_process_ring(tmp_path: Path) -> None:
    frame = stack(1, 32, 32)[0]
    taken = RecordedFrames(save(tmp_path / "die.npy", frame), CMOS).take()
    np.testing.assert_array_equal(taken, frame)


@pytest.mark.parametrize(
    ("array", "place", "reason"),
    [
        (stack(1, 65, 64), None, "do not fit in 64 x 64"),
        (stack(1, 64, 65), None, "do not fit in 64 x 64"),
        (stack(1, 60, 60), (5, 0), "do not fit at row 5, column 0"),
        (np.zeros((2, 2, 8, 8), np.uint16), None, "neither one frame nor a stack"),
        (np.zeros((0, 8, 8), np.uint16), None, "neither one frame nor a stack"),
        (np.zeros((8, 8), np.float32), None, "not whole numbers"),
        (np.full((8, 8), -1, np.int32), None, "from -1 to -1"),
        (np.full((8, 8), 65536, np.int32), None, "from 65536 to 65536"),
    ],
)
def test_frames_that_do_not_fit_the_panel_are_refused(
    tmp_path: Path, array: np.ndarray, place: tuple[int, int] | None, reason: str
) -> None:
    with pytest.raises(RecordedFramesError, match=reason):
        RecordedFrames(save(tmp_path / "bad.npy", array), TFT, place=place)


def test_a_frame_wider_than_the_imaging_area_is_refused_unless_placed(tmp_path: Path) -> None:
    path = save(tmp_path / "wide.npy", stack(1, 31, 31))
    with pytest.raises(RecordedFramesError, match="30 x 30"):
        RecordedFrames(path, CMOS)
    assert RecordedFrames(path, CMOS, place=(1, 1)).take() is not None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent.npy", "not readable"),
        ("absent.h5::/data", "not readable"),
        ("notes.txt", "give a .npy"),
        ("broken.npy", "not readable"),
        ("broken.tif", "not readable"),
        ("empty.npy", "not readable"),
    ],
)
def test_an_unreadable_file_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    for broken in ("broken.npy", "broken.tif", "notes.txt"):
        (tmp_path / broken).write_text("no frames")
    (tmp_path / "empty.npy").touch()
    with pytest.raises(RecordedFramesError, match=reason):
        RecordedFrames(str(tmp_path / name), TFT)


def test_a_missing_dataset_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("entry")
    for dataset in ("/other", "/entry", ""):
        with pytest.raises(RecordedFramesError, match="no dataset"):
            RecordedFrames(f"{tmp_path / 'a.h5'}::{dataset}", TFT)
