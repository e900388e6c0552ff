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
    Processing,
    Scale,
    Tolerances,
    calibration_from_maps,
)
from fpxi_imaging.defects.pixel_mask import MaskBit
from fpxi_readout.frame import Frame

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
        (Scale.TRANSMISSION, "", "transmission"),
        (Scale.ATTENUATION, "", "-ln of the transmission"),
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
