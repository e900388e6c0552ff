from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from fpxi.calibration import save_calibration
from fpxi.correction import correct_recording
from fpxi.errors import (
    ExportError,
    ExportExistsError,
    FrameSelectionError,
    NotARecordingError,
    OutputFullError,
)
from fpxi.export import export
from fpxi.recording.facts import RecordingFacts
from fpxi_imaging import (
    NO_AVERAGING,
    Averaging,
    Calibration,
    CalibrationMismatchError,
    Conditions,
    Orientation,
    Processing,
    calibration_from_maps,
    robust_levels,
)
from fpxi_readout.frame import Frame
from PIL import Image

MakeFrame = Callable[..., Frame]
Record = Callable[..., Path]


@pytest.fixture
def frames(make_frame: MakeFrame) -> list[Frame]:
    received = np.array([True, True, False, True, True, True])
    samples = make_frame(3).samples.copy()
    samples[2] = 0
    lost = make_frame(3, samples=samples, row_received=received)
    return [make_frame(0), make_frame(1), make_frame(2), lost]


@pytest.fixture
def run(record: Record, frames: list[Frame]) -> Path:
    return record(frames)


@pytest.fixture
def calibration() -> Calibration:
    from datetime import UTC, datetime

    shape = (6, 5)
    return calibration_from_maps(
        offset=np.full(shape, 100.0),
        gain=np.full(shape, 2.0),
        defects=np.zeros(shape, np.bool_),
        not_imaging=np.zeros(shape, np.bool_),
        normalisation=1000.0,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=10,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_npy_holds_every_raw_count(run: Path, frames: list[Frame], tmp_path: Path) -> None:
    result = export(run, tmp_path / "x.npy")
    array = np.load(tmp_path / "x.npy")
    assert array.dtype == np.uint16
    assert np.array_equal(array, [frame.samples for frame in frames])
    assert result.scaling == "values are raw counts, unscaled"
    assert result.notes == ("1 rows never arrived and are 0",)
    assert result.frames == 4


def test_tif_opens_in_imagej_with_its_pixel_size(
    run: Path, frames: list[Frame], tmp_path: Path
) -> None:
    export(run, tmp_path / "x.tif", frames=slice(0, 3))
    with tifffile.TiffFile(tmp_path / "x.tif") as file:
        assert file.is_imagej
        assert file.imagej_metadata is not None
        assert file.imagej_metadata["unit"] == "um"
        top, bottom = file.pages[0].tags["XResolution"].value  # type: ignore[union-attr]
        assert bottom / top == pytest.approx(150.0)
        assert np.array_equal(file.asarray(), [frame.samples for frame in frames[:3]])


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_corrected_values_keep_sign_and_fraction(
    run: Path, calibration: Calibration, tmp_path: Path, suffix: str, frames: list[Frame]
) -> None:
    out = tmp_path / f"x{suffix}"
    export(run, out, calibration=calibration, frames=[-4])
    values = np.squeeze(np.load(out) if suffix == ".npy" else tifffile.imread(out))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, (frames[0].samples - 100.0) * 2.0, rtol=1e-6)


def test_a_corrected_file_exports_as_its_recording_with_the_calibration(
    run: Path, calibration: Calibration, tmp_path: Path
) -> None:
    correct_recording(run, calibration, tmp_path / "corrected.h5")
    export(tmp_path / "corrected.h5", tmp_path / "a.npy")
    export(run, tmp_path / "b.npy", calibration=calibration)
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"), equal_nan=True)
    with pytest.raises(ExportError, match="already"):
        export(tmp_path / "corrected.h5", tmp_path / "c.npy", calibration=calibration)


def test_an_average_leaves_out_rows_that_never_arrived(
    run: Path, frames: list[Frame], tmp_path: Path
) -> None:
    export(run, tmp_path / "x.npy", average=True)
    (mean,) = np.load(tmp_path / "x.npy")
    samples = np.array([frame.samples for frame in frames], np.float64)
    np.testing.assert_allclose(mean[2], samples[:3, 2].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(mean[3], samples[:, 3].mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize(("bits", "most"), [(8, 255), (16, 65535)])
def test_png_is_scaled_between_the_levels_it_states(
    run: Path, frames: list[Frame], tmp_path: Path, bits: int, most: int
) -> None:
    result = export(run, tmp_path / "x.png", frames=[1], bits=bits)
    with Image.open(tmp_path / "x.png") as picture:
        values = np.asarray(picture).astype(np.float64)
        assert picture.info["Description"] == result.scaling
    samples = frames[1].samples.astype(np.float32)
    ring = np.ones(samples.shape, np.uint8)
    ring[1:-1, 1:-1] = 0
    low, high = robust_levels(samples, ring)
    expected = np.clip((samples.astype(np.float64) - low) / (high - low), 0, 1) * most
    np.testing.assert_allclose(values, expected, atol=0.51)
    assert f"{low:.6g} to {high:.6g}" in result.scaling


def test_several_frames_become_several_png_with_the_same_levels(run: Path, tmp_path: Path) -> None:
    result = export(run, tmp_path / "x.png", frames=[0, 2])
    assert [path.name for path in result.paths] == ["x_0.png", "x_2.png"]
    export(run, tmp_path / "mean.png", average=True)
    assert (tmp_path / "mean.png").exists()


def test_a_frame_asked_for_twice_becomes_one_png(run: Path, tmp_path: Path) -> None:
    result = export(run, tmp_path / "x.png", frames=[2, 2])
    assert [path.name for path in result.paths] == ["x_2.png"]


def test_rows_that_are_missing_are_told_of_corrected_frames_too(
    run: Path, calibration: Calibration, tmp_path: Path
) -> None:
    correct_recording(run, calibration, tmp_path / "corrected.h5")
    for source, given in ((run, calibration), (tmp_path / "corrected.h5", None)):
        result = export(source, tmp_path / "x.npy", calibration=given, overwrite=True)
        assert result.notes == ("1 rows never arrived and are NaN",)
        mean = export(source, tmp_path / "y.npy", calibration=given, average=True, overwrite=True)
        assert mean.notes == ("1 rows never arrived and are left out of the mean",)
    assert export(run, tmp_path / "z.npy", frames=[0, 1], calibration=calibration).notes == ()


@pytest.mark.parametrize("rotate_deg", [90, 180])
def test_missing_rows_are_counted_as_the_panels_when_pictures_are_turned(
    run: Path, calibration: Calibration, tmp_path: Path, rotate_deg: int
) -> None:
    turned = Processing(orientation=Orientation(rotate_deg=rotate_deg))
    correct_recording(run, calibration, tmp_path / "corrected.h5", processing=turned)
    for source, given in ((run, calibration), (tmp_path / "corrected.h5", None)):
        out = tmp_path / "x.npy"
        result = export(source, out, calibration=given, processing=turned, overwrite=True)
        assert result.notes == ("1 rows never arrived and are NaN",)


def test_a_mean_of_blocks_is_that_of_their_frames(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    run, out = record([make_frame(number) for number in range(5)]), tmp_path / "x.npy"
    export(run, out, calibration=calibration)
    frames = np.load(out)
    blocks = Processing(averaging=Averaging.block(4))
    correct_recording(run, calibration, tmp_path / "corrected.h5", processing=blocks)
    result = export(tmp_path / "corrected.h5", out, average=True, overwrite=True)
    np.testing.assert_allclose(np.load(out)[0], frames.mean(axis=0), rtol=1e-5)
    assert "mean of 2 averages of 5 frames" in result.scaling


@pytest.mark.parametrize(("averaging", "images"), [(NO_AVERAGING, 5), (Averaging.block(4), 2)])
def test_the_correction_that_comes_first_tells_how_far_it_is(
    record: Record,
    make_frame: MakeFrame,
    calibration: Calibration,
    tmp_path: Path,
    averaging: Averaging,
    images: int,
) -> None:
    run = record([make_frame(number) for number in range(5)])
    told: list[tuple[str, int, int]] = []
    export(
        run,
        tmp_path / "x.npy",
        calibration=calibration,
        processing=Processing(averaging=averaging),
        progress=lambda done, total: told.append(("exporting", done, total)),
        correcting=lambda done, total: told.append(("correcting", done, total)),
    )
    corrected = [("correcting", done, 5) for done in range(1, 6)]
    exported = [("exporting", done, images) for done in range(1, images + 1)]
    assert told == (exported if averaging == NO_AVERAGING else corrected + exported)


@pytest.mark.parametrize("averaging", [NO_AVERAGING, Averaging.running(2)])
def test_what_was_interpolated_is_told(
    run: Path, calibration: Calibration, tmp_path: Path, averaging: Averaging
) -> None:
    dark = calibration.darks[0]
    darks = tuple(
        replace(dark, conditions=replace(dark.conditions, temperature_mC=temperature))
        for temperature in (24_000, 31_000)
    )
    between = replace(calibration, darks=darks)
    processing = Processing(averaging=averaging)
    out = tmp_path / "x.npy"
    result = export(run, out, frames=[0], calibration=between, processing=processing)
    correct_recording(run, between, tmp_path / "corrected.h5", processing=processing)
    again = export(tmp_path / "corrected.h5", out, frames=[0], overwrite=True)
    assert len(result.notes) == 1
    assert "interpolated" in result.notes[0]
    assert again.notes == result.notes


@pytest.mark.parametrize(
    ("suffix", "limit"),
    [(".npy", 200), (".npy", 1000), (".tif", 100), (".tif", 1000), (".png", 50)],
)
@pytest.mark.parametrize("before", [None, "precious"])
def test_a_full_disk_leaves_nothing_under_the_final_name(
    record: Record,
    make_frame: MakeFrame,
    tmp_path: Path,
    files_limited_to: Callable[[int], AbstractContextManager[None]],
    suffix: str,
    limit: int,
    before: str | None,
) -> None:
    run = record([make_frame(number) for number in range(40)])
    out = tmp_path / f"x{suffix}"
    if before is not None:
        for name in (out, *(tmp_path / f"x_{index:02}.png" for index in range(40))):
            name.write_text(before)
    names = sorted(tmp_path.iterdir())
    with files_limited_to(limit), pytest.raises(OutputFullError, match="free space"):
        export(run, out, overwrite=True)
    assert sorted(tmp_path.iterdir()) == names
    assert before is None or out.read_text() == before


def test_a_disk_that_fills_up_within_a_frame_of_a_tif_is_named(
    record: Record,
    make_frame: MakeFrame,
    facts: RecordingFacts,
    tmp_path: Path,
    files_limited_to: Callable[[int], AbstractContextManager[None]],
) -> None:
    panel = replace(facts.dictionary.panel, rows=64, columns=64)
    about = replace(facts, dictionary=replace(facts.dictionary, panel=panel))
    whole = {"samples": np.ones((64, 64), np.uint16), "row_received": np.ones(64, np.bool_)}
    run = record([make_frame(number, **whole) for number in range(10)], about=about)
    with files_limited_to(20_000), pytest.raises(OutputFullError):
        export(run, tmp_path / "x.tif")
    assert not (tmp_path / "x.tif").exists()


def test_a_pixel_pitch_comes_back_unrounded(
    record: Record, make_frame: MakeFrame, facts: RecordingFacts, tmp_path: Path
) -> None:
    panel = replace(facts.dictionary.panel, pitch_um=200.0)
    about = replace(facts, dictionary=replace(facts.dictionary, panel=panel))
    with h5py.File(record([make_frame(0)], about=about)) as file:
        assert file["entry/instrument/detector/x_pixel_size"][()] == 0.0002


def test_pixels_without_a_value_are_black(
    run: Path, calibration: Calibration, tmp_path: Path
) -> None:
    export(run, tmp_path / "x.png", frames=[3], calibration=calibration)
    with Image.open(tmp_path / "x.png") as picture:
        assert not np.asarray(picture)[2].any()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ([4], "holds 4 frames; frame 4 cannot"),
        ([-5], "frame -5 cannot"),
        ([1, 4, -5], "frames 4, -5 cannot"),
        (list(range(20)), "frames 4, 5, 6, 7, 8, 9, 10, 11, ... cannot"),
        ([], "an empty choice cannot"),
        (slice(9, None), "frames 9: cannot"),
    ],
)
def test_frames_that_are_not_there_are_refused(
    run: Path, tmp_path: Path, chosen: list[int] | slice, words: str
) -> None:
    with pytest.raises(FrameSelectionError, match=words):
        export(run, tmp_path / "x.npy", frames=chosen)


def test_what_cannot_be_written_is_named(run: Path, tmp_path: Path) -> None:
    (tmp_path / "x_0.png").write_text("precious")
    with pytest.raises(ExportExistsError):
        export(run, tmp_path / "x.png")
    assert (tmp_path / "x_0.png").read_text() == "precious"
    with pytest.raises(ExportError, match="suffix"):
        export(run, tmp_path / "x.jpg")
    with pytest.raises(ExportError, match="bits"):
        export(run, tmp_path / "y.png", bits=12)
    with pytest.raises(ExportError, match="folder"):
        export(run, tmp_path / "absent" / "x.npy")


def test_what_cannot_be_read_is_named(tmp_path: Path, calibration: Calibration) -> None:
    save_calibration(tmp_path / "cal.h5", calibration)
    for path in ("absent.h5", "cal.h5"):
        with pytest.raises(NotARecordingError):
            export(tmp_path / path, tmp_path / "x.npy")


def test_a_calibration_that_does_not_fit_is_refused(
    record: Record, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    run = record([make_frame(0, gain_setting=0)])
    with pytest.raises(CalibrationMismatchError):
        export(run, tmp_path / "x.npy", calibration=calibration)
