"""What a corrected file says of averages, scales and turned pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from fpxi import ImageKey
from fpxi.correction import correct_recording
from fpxi.recording.facts import RecordingFacts
from fpxi.recording.file import RecordingFile
from fpxi.statistics import NOTHING
from fpxi_imaging import (
    DEFAULT_PROCESSING,
    Averaging,
    Calibration,
    Conditions,
    Orientation,
    PixelFlag,
    Processing,
    Scale,
    Tolerances,
    calibration_from_maps,
)
from fpxi_imaging.defects.pixel_mask import MaskBit
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.generated import FrameFlag

MakeFrame = Callable[..., Frame]
Record = Callable[..., Path]
DETECTOR = "entry/instrument/detector"


@pytest.fixture
def calibration(facts: RecordingFacts) -> Calibration:
    random = np.random.default_rng(4)
    defects = np.zeros((6, 5), np.bool_)
    defects[2, 3] = True
    return calibration_from_maps(
        offset=random.normal(8000, 100, (6, 5)),
        gain=random.normal(1, 0.1, (6, 5)),
        defects=defects,
        not_imaging=facts.dictionary.panel.not_imaging,
        normalisation=2000.0,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=10,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )


def corrected(
    run: Path, calibration: Calibration, processing: Processing = DEFAULT_PROCESSING
) -> dict[str, Any]:
    """Correct a recording; return the detector's datasets, and its attributes as `name@key`."""
    out = run.with_name("out.h5")
    correct_recording(run, calibration, out, processing=processing, overwrite=True)
    with h5py.File(out) as file:
        found = {name: dataset[()] for name, dataset in file[DETECTOR].items()}
        found |= {f"data@{key}": value for key, value in file[f"{DETECTOR}/data"].attrs.items()}
        found["processing"] = file["entry/process/processing"].asstr()[()]
        found["plot"] = file["entry/data/data"].shape
    return found


def averaged(averaging: Averaging) -> Processing:
    return Processing(averaging=averaging)


def test_the_last_block_is_kept_and_marked(
    record: Record, make_frame: MakeFrame, calibration: Calibration
) -> None:
    run = record([make_frame(number) for number in (4, 5, 7, 8, 9, 10, 11)])
    found = corrected(run, calibration, averaged(Averaging.block(3)))
    assert found["first_sequence_number"].tolist() == [4, 8, 11]
    assert found["sequence_number"].tolist() == [7, 10, 11]
    assert found["frames_averaged"].tolist() == [3, 3, 1]
    assert found["average_complete"].tolist() == [1, 1, 0]
    assert found["first_timestamp"].tolist() == [make_frame(n).timestamp_us for n in (4, 8, 11)]
    assert found["timestamp"].tolist() == [make_frame(n).timestamp_us for n in (7, 10, 11)]
    assert found["data"].shape == found["pixel_flags"].shape == found["plot"] == (3, 6, 5)
    single = corrected(run, calibration)
    expected = single["data"][:3].mean(axis=0)
    np.testing.assert_allclose(found["data"][0], expected, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize(
    "break_of",
    [{"exposure_us": 2501}, {"bias_mV": -12_340}, {"timestamp_us": 5}, {"number": 1}],
    ids=str,
)
def test_a_block_that_a_break_cuts_short_is_kept_and_marked(
    record: Record, make_frame: MakeFrame, calibration: Calibration, break_of: dict[str, int]
) -> None:
    run = record([make_frame(3), make_frame(4), replace(make_frame(5), **break_of)])
    out = run.with_name("out.h5")
    correct_recording(
        run,
        calibration,
        out,
        processing=averaged(Averaging.block(4)),
        tolerances=Tolerances(exposure_us=1),
    )
    with h5py.File(out) as file:
        assert file[f"{DETECTOR}/frames_averaged"][:].tolist() == [2, 1]
        assert file[f"{DETECTOR}/average_complete"][:].tolist() == [0, 0]


def test_darks_are_not_averaged_with_images(
    facts: RecordingFacts, make_frame: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    file = RecordingFile(tmp_path / "run.h5", facts)
    for number in range(4):
        file.append(make_frame(number), ImageKey.DARK if number < 2 else ImageKey.IMAGE)
    file.finish(NOTHING, "stopped")
    found = corrected(tmp_path / "run.h5", calibration, averaged(Averaging.block(3)))
    assert found["frames_averaged"].tolist() == [2, 2]
    assert found["image_key"].tolist() == [ImageKey.DARK, ImageKey.IMAGE]


@pytest.mark.parametrize(
    ("averaging", "first"),
    [
        (Averaging.running(2), [3, 3, 4, 5]),
        (Averaging.recursive(2), [3, 3, 3, 3]),
        (Averaging(), [3, 4, 5, 6]),
    ],
    ids=str,
)
def test_a_moving_average_gives_a_picture_a_frame(
    record: Record,
    make_frame: MakeFrame,
    calibration: Calibration,
    averaging: Averaging,
    first: list[int],
) -> None:
    run = record([make_frame(number) for number in (3, 4, 5, 6)])
    found = corrected(run, calibration, averaged(averaging))
    assert found["sequence_number"].tolist() == [3, 4, 5, 6]
    assert found["first_sequence_number"].tolist() == first
    assert found["average_complete"].all()


@pytest.mark.parametrize(
    ("scale", "unit", "meaning"),
    [
        (Scale.COUNTS, "counts", "counts of the median pixel"),
        (Scale.TRANSMISSION, "1", "transmission"),
        (Scale.ATTENUATION, "1", "-ln of the transmission"),
    ],
)
def test_units_are_those_of_the_scale(
    record: Record,
    make_frame: MakeFrame,
    calibration: Calibration,
    scale: Scale,
    unit: str,
    meaning: str,
) -> None:
    run = record([make_frame(0)])
    found = corrected(run, calibration, Processing(scale=scale))
    assert found["data@units"] == unit
    assert meaning in found["data@long_name"]
    assert scale.value in found["processing"]
    if scale is Scale.TRANSMISSION:
        counts = corrected(run, calibration)["data"]
        np.testing.assert_allclose(found["data"], counts / 2000, rtol=1e-6)


def test_mask_and_offsets_turn_with_the_picture(
    record: Record, make_frame: MakeFrame, calibration: Calibration
) -> None:
    run = record([make_frame(0)])
    straight = corrected(run, calibration)
    turned = Processing(orientation=Orientation(flip_columns=True, rotate_deg=90))
    found = corrected(run, calibration, turned)
    for name in ("data", "pixel_flags", "pixel_mask"):
        images, before = np.atleast_3d(found[name]), np.atleast_3d(straight[name])
        axes = (1, 2) if name != "pixel_mask" else (0, 1)
        expected = np.rot90(np.flip(before, axes[1]), axes=axes)
        np.testing.assert_array_equal(images, expected)
    assert (found["pixel_mask"] == MaskBit.OTHER).sum() == 1
    assert len(found["y_pixel_offset"]) == 5
    assert len(found["x_pixel_offset"]) == 6
    assert (np.diff(found["x_pixel_offset"]) > 0).all()
    assert found["row_received"].shape == (1, 6), "rows as they were read out"


def test_the_description_can_be_taken_from_the_file(
    record: Record, make_frame: MakeFrame, calibration: Calibration
) -> None:
    processing = Processing(averaging=Averaging.recursive(3), scale=Scale.TRANSMISSION)
    found = corrected(record([make_frame(0)]), calibration, processing)
    assert Processing.from_json(found["processing"]) == processing


def legend(dataset: h5py.Dataset, key: str = "flag_masks") -> dict[str, int]:
    """What a stranger reads of the bits of a dataset."""
    values = dataset.attrs[key]
    assert values.dtype == dataset.dtype
    return dict(zip(dataset.attrs["flag_meanings"].split(), values.tolist(), strict=True))


def test_bits_are_explained_beside_them(
    record: Record, make_frame: MakeFrame, calibration: Calibration
) -> None:
    run = record([make_frame(0)])
    out = run.with_name("out.h5")
    correct_recording(run, calibration, out)
    with h5py.File(out) as file:
        detector = file[DETECTOR]
        flags = legend(detector["pixel_flags"])
        assert flags == {str(each.name).lower(): each.value for each in PixelFlag}
        assert (flags["defect"], flags["no_logarithm"]) == (1, 128)
        assert legend(detector["pixel_mask"])["gap"] == 1
        assert legend(detector["pixel_mask"])["user"] == 256
        assert legend(detector["flags"])["saturated"] == FrameFlag.SATURATED
        assert legend(detector["image_key"], "flag_values")["dark"] == ImageKey.DARK
        assert "panel as it was read out" in detector["row_received"].attrs["long_name"]
    with h5py.File(run) as file:
        detector = file[DETECTOR]
        assert legend(detector["pixel_mask"]) == {"gap": 1}
        assert legend(detector["flags"])["saturated"] == FrameFlag.SATURATED
        assert legend(detector["image_key"], "flag_values")["dark"] == ImageKey.DARK


def test_pixels_are_counted_by_flag(
    record: Record, make_frame: MakeFrame, calibration: Calibration
) -> None:
    missing = make_frame(1)
    missing.row_received[3] = False
    run = record([make_frame(0), missing])
    found = corrected(run, calibration)
    counts, flags = found["pixel_flag_counts"], found["pixel_flags"]
    for index, flag in enumerate(PixelFlag):
        np.testing.assert_array_equal(
            counts[:, index], np.count_nonzero(flags & flag, axis=(1, 2)), str(flag)
        )
    assert counts[1].sum() > counts[0].sum() > 0


def test_every_number_has_a_unit(
    record: Record, make_frame: MakeFrame, calibration: Calibration
) -> None:
    run = record([make_frame(0)])
    out = run.with_name("out.h5")
    correct_recording(run, calibration, out)
    with h5py.File(out) as file:
        assert unitless(file) == []


def unitless(file: h5py.File) -> list[str]:
    """Datasets of floating-point numbers without a unit; verdicts have a column of units."""
    found: list[str] = []

    def look(name: str, node: h5py.Dataset | h5py.Group) -> None:
        numbers = isinstance(node, h5py.Dataset) and node.dtype.kind == "f"
        if numbers and not node.attrs.get("units") and "/verdicts/" not in name:
            found.append(name)

    file.visititems(look)
    return found


def test_what_a_tolerance_let_pass_is_on_record(
    record: Record, make_frame: MakeFrame, calibration: Calibration
) -> None:
    frames = [make_frame(n, exposure_us=2500 + n, temperature_mC=27_301 + 900 * n) for n in (1, 2)]
    run = record(frames)
    out = run.with_name("out.h5")
    wide = Tolerances(exposure_us=5)
    result = correct_recording(run, calibration, out, tolerances=wide)
    with h5py.File(out) as file:
        agreement = file["entry/process/agreement"]
        used = {name: int(value[()]) for name, value in agreement["tolerances"].items()}
        assert used == vars(wide)
        columns = {name: column[()].tolist() for name, column in agreement["departures"].items()}
        assert columns == {
            "condition": [b"exposure_us", b"temperature_mC"],
            "calibrated": [2500, 27_301],
            "frames_least": [2501, 28_201],
            "frames_most": [2502, 29_101],
            "tolerance": [5, 2000],
        }
        notes = tuple(file["entry/process/notes"].asstr()[:])
    assert notes == result.notes
    exposure, temperature = (note for note in notes if "gain measured" not in note)
    assert "exposure of the frames is 2.501 to 2.502 ms, of the calibration 2.5 ms" in exposure
    assert "tolerance of 0.005 ms, which usually is 0 ms" in exposure
    assert "frames at 28.2 to 29.1 °C are corrected with darks at 27.3 °C" in temperature
    assert "up to 1.8 K apart, the tolerance is 2 K" in temperature


@pytest.mark.parametrize(
    ("temperature_mC", "tolerances", "words"),
    [
        (27_301, Tolerances(), None),
        (27_500, Tolerances(), None),
        (27_551, Tolerances(), "up to 0.2 K apart, the tolerance is 2 K"),
        (24_301, Tolerances(temperature_mC=5000), "a tolerance of 5 K, which usually is 2 K"),
    ],
)
def test_another_temperature_is_said(
    record: Record,
    make_frame: MakeFrame,
    calibration: Calibration,
    temperature_mC: int,
    tolerances: Tolerances,
    words: str | None,
) -> None:
    run = record([make_frame(0, temperature_mC=temperature_mC)])
    out = run.with_name("out.h5")
    notes = correct_recording(run, calibration, out, tolerances=tolerances).notes
    said = [note for note in notes if "corrected with darks" in note]
    assert len(said) == (words is not None)
    assert words is None or words in said[0]


def test_a_bias_within_the_usual_tolerance_is_on_record_without_a_note(
    record: Record, make_frame: MakeFrame, calibration: Calibration
) -> None:
    run = record([make_frame(0, bias_mV=-12_305)])
    out = run.with_name("out.h5")
    assert correct_recording(run, calibration, out).notes == ()
    with h5py.File(out) as file:
        departures = file["entry/process/agreement/departures"]
        assert departures["condition"].asstr()[:].tolist() == ["bias_mV"]
        assert departures["frames_most"][:].tolist() == [-12_305]
