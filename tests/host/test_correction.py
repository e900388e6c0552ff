from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import fpxi
import h5py
import numpy as np
import pytest
from fpxi.calibration import calibration_from_recordings, save_calibration
from fpxi.calibration.content import read_calibration
from fpxi.correction import correct_recording
from fpxi.errors import (
    FrameSelectionError,
    OutputError,
    OutputFullError,
    PatternFramesError,
    RecordingExistsError,
)
from fpxi.recording.facts import RecordingFacts
from fpxi_imaging import (
    Calibration,
    CalibrationMismatchError,
    Conditions,
    DefectClass,
    DefectEdit,
    DefectMap,
    PixelFlag,
    Source,
    SourceRole,
    Tolerances,
    calibration_from_maps,
)
from fpxi_imaging.defects.pixel_mask import MaskBit
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.generated import FrameFlag
from fpxi_readout.protocol.geometry import PanelGeometry

MakeFrame = Callable[..., Frame]
Record = Callable[..., Path]


@pytest.fixture
def calibration(facts: RecordingFacts) -> Calibration:
    random = np.random.default_rng(4)
    shape = (6, 5)
    return calibration_from_maps(
        offset=random.normal(8000, 100, shape),
        gain=random.normal(1, 0.1, shape),
        defects=np.zeros(shape, np.bool_),
        not_imaging=facts.dictionary.panel.not_imaging,
        normalisation=1000.0,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=10,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_values_are_offset_and_gain_applied_and_signed(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    received = np.array([True, True, False, True, True, True])
    frames = [make_frame(0), make_frame(1, row_received=received)]
    done: list[tuple[int, int]] = []
    result = correct_recording(
        record(frames),
        calibration,
        tmp_path / "out.h5",
        source="cal.h5",
        progress=lambda *step: done.append(step),
    )
    assert (result.frames, result.pictures) == (2, 2)
    assert done == [(1, 2), (2, 2)]
    with h5py.File(tmp_path / "out.h5") as file:
        detector = file["entry/instrument/detector"]
        data, flags = detector["data"][:], detector["pixel_flags"][:]
        assert file["entry/data/data"].dtype == np.float32
        assert len(file["entry/data/x_pixel_offset"]) == data.shape[2]
        assert detector["data"].attrs["units"] == "counts"
        assert detector["timestamp"][:].tolist() == [frame.timestamp_us for frame in frames]
        process = file["entry/process"]
        assert process["calibration_file"].asstr()[()] == "cal.h5"
        assert process["calibration/gains/0/normalisation"][()] == 1000.0
    ring = calibration.not_imaging
    for frame, values, marks in zip(frames, data, flags, strict=True):
        there = ~ring & frame.row_received[:, None]
        expected = (frame.samples - calibration.darks[0].mean) * calibration.gains[0].gain
        np.testing.assert_allclose(values[there], expected[there], rtol=1e-6, atol=1e-3)
        assert np.isnan(values[~there]).all()
        assert (marks[ring] == PixelFlag.NOT_IMAGING).all()
        assert (marks[~there & ~ring] == PixelFlag.MISSING).all()
    assert data[0][~ring].min() < 0


def test_frames_under_other_conditions_are_refused_and_nothing_is_written(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    run = record([make_frame(0), make_frame(1, exposure_us=9999)])
    with pytest.raises(CalibrationMismatchError, match=r"9\.999 ms"):
        correct_recording(run, calibration, tmp_path / "out.h5")
    assert [path.name for path in tmp_path.glob("*.h5")] == ["run.h5"]
    correct_recording(run, calibration, tmp_path / "out.h5", tolerances=Tolerances(10_000))


def test_a_test_pattern_is_refused(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    run = record([make_frame(0), make_frame(1, flags=FrameFlag.PATTERN)])
    with pytest.raises(PatternFramesError) as refusal:
        correct_recording(run, calibration, tmp_path / "out.h5")
    assert refusal.value.frames == 1
    assert not (tmp_path / "out.h5").exists()


def test_another_panel_is_refused(
    record: Record,
    make_frame: MakeFrame,
    calibration: Calibration,
    facts: RecordingFacts,
    tmp_path: Path,
) -> None:
    other = replace(facts, identity=replace(facts.identity, serial_number="SN-8"))
    with pytest.raises(CalibrationMismatchError, match="SN-8"):
        correct_recording(record([make_frame(0)], about=other), calibration, tmp_path / "out.h5")


def test_a_recording_without_frames_is_refused(
    record: Record, calibration: Calibration, tmp_path: Path
) -> None:
    with pytest.raises(FrameSelectionError):
        correct_recording(record([]), calibration, tmp_path / "out.h5")


def test_an_existing_file_is_kept_unless_told_otherwise(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    out = tmp_path / "out.h5"
    out.write_text("precious")
    run = record([make_frame(0)])
    with pytest.raises(RecordingExistsError):
        correct_recording(run, calibration, out)
    assert out.read_text() == "precious"
    assert correct_recording(run, calibration, out, overwrite=True).frames == 1


def test_a_failure_on_the_way_leaves_no_file(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        correct_recording(record([make_frame(0)]), calibration, tmp_path / "out.h5", progress=stop)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["run.h5"]


@pytest.mark.parametrize("limit", [1000, 40_000, 80_000, 120_000])
def test_a_full_disk_is_named_and_leaves_what_was_there(
    record: Record,
    make_frame: MakeFrame,
    calibration: Calibration,
    tmp_path: Path,
    files_limited_to: Callable[[int], AbstractContextManager[None]],
    limit: int,
) -> None:
    run = record([make_frame(number) for number in range(600)])
    out = tmp_path / "out.h5"
    out.write_text("precious")
    with files_limited_to(limit), pytest.raises(OutputFullError, match="free space"):
        correct_recording(run, calibration, out, overwrite=True)
    assert out.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.glob("*")) == ["out.h5", "run.h5"]


def test_what_is_being_corrected_is_not_replaced(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    run, source = record([make_frame(0)]), tmp_path / "cal.h5"
    save_calibration(source, calibration)
    for out in (run, source):
        before = out.read_bytes()
        with pytest.raises(OutputError, match="choose another name"):
            correct_recording(run, calibration, out, source=source, overwrite=True)
        assert out.read_bytes() == before


def test_a_folder_that_is_not_there_is_named(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="folder"):
        correct_recording(record([make_frame(0)]), calibration, tmp_path / "absent" / "out.h5")


def test_the_file_says_whence_it_came_and_which_pixels_are_defective(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    defects = np.zeros((6, 5), np.bool_)
    defects[2, 2] = True
    classes = np.where(defects, DefectClass.DEAD | DefectClass.NOISY, 0)
    when = datetime(2026, 1, 2, tzinfo=UTC)
    edits = DefectMap(classes).with_edits(DefectEdit(4, 3, True, "Ada", when))
    sources = (Source("dark.h5", SourceRole.DARK), Source("flat.h5", SourceRole.FLAT))
    calibration = replace(calibration, defects=edits, sources=sources)
    out = tmp_path / "out.h5"
    correct_recording(record([make_frame(0)]), calibration, out)
    with h5py.File(out) as file:
        mask = file["entry/instrument/detector/pixel_mask"][:]
        expected = np.where(calibration.not_imaging, MaskBit.GAP, 0)
        expected[2, 2] = MaskBit.DEAD | MaskBit.NOISY
        expected[4, 3] = MaskBit.OTHER | MaskBit.USER
        np.testing.assert_array_equal(mask, expected)
        assert read_calibration(file["entry/process/calibration"]).sources == sources
        device = file["entry/device"]
        assert device["firmware_version"][:].tolist() == [3, 4, 5]
        assert device["parameters/exposure_us"][()] == 2500
        assert "events" not in device


def test_real_frames_are_corrected_to_float32_rounding(
    record: Record, make_frame: MakeFrame, facts: RecordingFacts, tmp_path: Path
) -> None:
    if "FPXI_TEST_DATA" not in os.environ:
        pytest.skip("FPXI_TEST_DATA does not name a folder with real detector frames")
    folder = Path(os.environ["FPXI_TEST_DATA"]) / "small_array"
    with h5py.File(folder / "k11-18014-imaging.h5") as file:
        stack = file["entry/detector/detector"][:]
    with h5py.File(folder / "k11-18014.nxs") as file:
        keys = file["entry/instrument/imaging/image_key"][:]
    rows, columns = stack.shape[1:]
    panel = PanelGeometry(
        "real", rows, columns, 1.0, 0, 16, 1.0, (facts.dictionary.panel.gain_settings[0],)
    )
    about = replace(facts, dictionary=replace(facts.dictionary, panel=panel))

    def frames(key: int, most: int = 100) -> list[Frame]:
        chosen = np.flatnonzero(keys == key)[:most]
        received = np.ones(rows, np.bool_)
        return [
            make_frame(int(i), samples=stack[i].astype(np.uint16), row_received=received)
            for i in chosen
        ]

    made = calibration_from_recordings(
        record(frames(2), "dark.h5", fpxi.ImageKey.DARK, about),
        record(frames(1), "flat.h5", fpxi.ImageKey.FLAT, about),
    )
    run = record(frames(0, 20), about=about)
    correct_recording(run, made, tmp_path / "out.h5")
    dark, flat = (stack[keys == key].astype(np.float64).mean(axis=0) for key in (2, 1))
    raw = stack[keys == 0][:20].astype(np.float64)
    expected = (raw - dark) / (flat - dark) * made.normalisation
    with h5py.File(tmp_path / "out.h5") as file:
        values = file["entry/instrument/detector/data"][:]
        good = file["entry/instrument/detector/pixel_flags"][:] == 0
    assert good.mean() > 0.8
    # Offset and gain are kept as float32: their rounding is the error that is allowed.
    np.testing.assert_allclose(values[good], expected[good], rtol=3e-7, atol=2e-2)
