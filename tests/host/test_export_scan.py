"""Recordings of scans, exported as one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from fpxi.errors import ExportError
from fpxi.export import Scan, export
from fpxi_imaging import ScanSizeError, ScanStepError
from fpxi_readout.frame import Frame, Sampling
from fpxi_readout.protocol.generated import FrameFlag

Record = Callable[..., Path]
MakeScan = Callable[..., tuple[Path, npt.NDArray[np.uint16]]]
PITCH_UM = 150.0


@pytest.fixture
def scanned(record: Record, make_frame: Callable[..., Frame]) -> MakeScan:
    """Record a region of the small panel at steps with these numbers; return file and frames."""

    def make(
        numbers: Sequence[int], shape: tuple[int, int] = (1, 1)
    ) -> tuple[Path, npt.NDArray[np.uint16]]:
        samples = np.random.default_rng(1).integers(1, 16384, (len(numbers), *shape), np.uint16)
        sampling, received = Sampling(first_row=2, first_column=2), np.ones(shape[0], np.bool_)
        frames = [
            make_frame(number, samples=each, row_received=received, sampling=sampling)
            for number, each in zip(numbers, samples, strict=True)
        ]
        return record(frames), samples

    return make


def test_a_point_scan_becomes_one_image(scanned: MakeScan, tmp_path: Path) -> None:
    run, samples = scanned(range(7, 19))
    result = export(run, tmp_path / "x.npy", scan=Scan(4))
    assert np.array_equal(np.load(tmp_path / "x.npy"), samples.reshape(1, 3, 4))
    assert (result.frames, result.notes) == (12, ())


def test_a_serpentine_is_straightened(scanned: MakeScan, tmp_path: Path) -> None:
    run, samples = scanned(range(4))
    export(run, tmp_path / "x.npy", scan=Scan(2, serpentine=True))
    a, b, c, d = samples.ravel()
    assert np.load(tmp_path / "x.npy").tolist() == [[[a, b], [d, c]]]


def test_lines_become_the_rows_of_an_image(scanned: MakeScan, tmp_path: Path) -> None:
    run, samples = scanned(range(5), (1, 3))
    export(run, tmp_path / "x.npy", scan=Scan(1))
    assert np.array_equal(np.load(tmp_path / "x.npy")[0], samples[:, 0])


def test_a_lost_frame_leaves_a_gap_that_is_told(scanned: MakeScan, tmp_path: Path) -> None:
    run, samples = scanned([0, 1, 3])
    result = export(run, tmp_path / "x.npy", scan=Scan(2))
    a, b, c = samples.ravel()
    assert np.load(tmp_path / "x.npy").tolist() == [[[a, b], [0, c]]]
    assert result.notes == ("1 steps never arrived and are 0",)


def test_a_scan_that_ended_early_needs_its_rows(scanned: MakeScan, tmp_path: Path) -> None:
    run, _ = scanned(range(5))
    with pytest.raises(ScanSizeError, match="5 steps"):
        export(run, tmp_path / "x.npy", scan=Scan(3))
    assert not (tmp_path / "x.npy").exists()
    result = export(run, tmp_path / "x.npy", scan=Scan(3, 2))
    assert result.notes == ("1 steps never arrived and are 0",)


def test_frames_numbered_anew_are_no_scan(scanned: MakeScan, tmp_path: Path) -> None:
    run, _ = scanned([4, 5, 0, 1])
    with pytest.raises(ScanStepError):
        export(run, tmp_path / "x.npy", scan=Scan(2, 1))


def test_chosen_frames_count_from_the_first_of_them(scanned: MakeScan, tmp_path: Path) -> None:
    run, samples = scanned(range(10))
    export(run, tmp_path / "x.npy", frames=slice(3, 9), scan=Scan(3))
    assert np.array_equal(np.load(tmp_path / "x.npy")[0].ravel(), samples[3:9].ravel())


def pixel_size(path: Path) -> list[float]:
    with tifffile.TiffFile(path) as file:
        tags = file.pages[0].tags  # type: ignore[union-attr]
        values = [tags[f"{axis}Resolution"].value for axis in "XY"]
    return [bottom / top for top, bottom in values]


@pytest.mark.parametrize(
    ("shape", "scan", "expected"),
    [
        ((1, 1), Scan(2), [PITCH_UM, PITCH_UM]),
        ((1, 1), Scan(2, step_um=40), [40, 40]),
        ((1, 3), Scan(1, step_um=40), [PITCH_UM, 40]),
        ((2, 3), Scan(2), [PITCH_UM, PITCH_UM]),
    ],
)
def test_a_tif_states_the_step(
    scanned: MakeScan, tmp_path: Path, shape: tuple[int, int], scan: Scan, expected: list[float]
) -> None:
    run, _ = scanned(range(4), shape)
    export(run, tmp_path / "x.tif", scan=scan)
    assert pixel_size(tmp_path / "x.tif") == pytest.approx(expected)


@pytest.mark.parametrize("step_um", [0.0, -1.0, float("nan")])
def test_a_step_of_no_length_is_refused(scanned: MakeScan, tmp_path: Path, step_um: float) -> None:
    with pytest.raises(ExportError, match="step"):
        export(scanned(range(4))[0], tmp_path / "x.npy", scan=Scan(2, step_um=step_um))


def test_blocks_adjoin_whatever_is_said_of_the_step(scanned: MakeScan, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="2 x 3"):
        export(scanned(range(4), (2, 3))[0], tmp_path / "x.npy", scan=Scan(2, step_um=40))


def test_a_scan_is_not_averaged(scanned: MakeScan, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="averag"):
        export(scanned(range(4))[0], tmp_path / "x.npy", scan=Scan(2), average=True)


def test_rows_that_never_arrived_are_told_beside_lost_steps(
    record: Record, make_frame: Callable[..., Frame], tmp_path: Path
) -> None:
    received = np.array([True, False, True, True, True, True])
    run = record([make_frame(0, row_received=received, flags=FrameFlag(0)), make_frame(2)])
    result = export(run, tmp_path / "x.npy", scan=Scan(3))
    assert result.notes == ("1 steps never arrived and are 0", "1 rows never arrived and are 0")
