"""Frames that show part of the panel, or sums of pixels, on their way through the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import fpxi
import h5py
import numpy as np
import pytest
from fpxi import ImageKey, read_recording
from fpxi.calibration import calibration_from_recordings
from fpxi.calibration.errors import MixedConditionsError
from fpxi.correction import correct_recording
from fpxi.errors import RecordingAreaError
from fpxi.export import export
from fpxi.preview import PipelineSettings
from fpxi.recording.facts import RecordingFacts
from fpxi.recording.file import RecordingFile
from fpxi.rendering import Renderer
from fpxi.statistics import NOTHING
from fpxi_imaging import (
    Averaging,
    Calibration,
    CalibrationMismatchError,
    Conditions,
    PixelFlag,
    Processing,
    RegionMismatchError,
    calibration_from_maps,
)
from fpxi_imaging.condition_words import condition_name
from fpxi_readout.frame import Frame, Sampling
from fpxi_readout.protocol.geometry import FrameArea

MakeFrame = Callable[..., Frame]
Record = Callable[..., Path]
Same = Callable[[Frame, Frame], bool]

REGION = Sampling(first_row=2, first_column=1, cds=False, oversampling=4, averaged=8)
PART = np.s_[2:5, 1:5]
"""The panel's pixels of `part`."""


@pytest.fixture
def part(make_frame: MakeFrame) -> MakeFrame:
    """Three rows of four pixels of the small panel."""

    def make(number: int, sampling: Sampling = REGION) -> Frame:
        whole = make_frame(number)
        samples = np.ascontiguousarray(whole.samples[PART])
        return replace(
            whole, samples=samples, row_received=np.ones(len(samples), np.bool_), sampling=sampling
        )

    return make


@pytest.fixture
def calibration(facts: RecordingFacts) -> Calibration:
    """One of the whole panel, without CDS."""
    random = np.random.default_rng(4)
    conditions = Conditions("tiny", "SN-7", 2500, 1, -12345, 27301, cds=0, oversampling=4)
    return calibration_from_maps(
        offset=random.normal(8000, 100, (6, 5)),
        gain=random.normal(1, 0.1, (6, 5)),
        defects=np.zeros((6, 5), np.bool_),
        not_imaging=facts.dictionary.panel.not_imaging,
        normalisation=1000.0,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=10,
        conditions=conditions,
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )


@pytest.fixture
def small_calibration(calibration: Calibration) -> Calibration:
    """One of 2 x 4 samples from row 3, column 1."""
    return calibration_from_maps(
        offset=np.full((2, 4), 8000.0),
        gain=np.ones((2, 4)),
        defects=np.zeros((2, 4), np.bool_),
        not_imaging=np.zeros((2, 4), np.bool_),
        normalisation=1000.0,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=10,
        conditions=replace(calibration.conditions, first_row=3, first_column=1),
        created=calibration.created,
    )


def test_the_area_of_a_frame_says_where_it_is(part: MakeFrame, facts: RecordingFacts) -> None:
    area = part(0).area
    assert area == FrameArea(2, 1, 3, 4)
    assert str(area) == "rows 2 to 4, columns 1 to 4"
    panel = facts.dictionary.panel
    np.testing.assert_array_equal(area.not_imaging(panel), panel.not_imaging[PART])


def test_a_binned_sample_with_a_pixel_of_the_ring_does_not_image(facts: RecordingFacts) -> None:
    area = FrameArea(0, 0, 3, 2, binning=2)
    assert area.not_imaging(facts.dictionary.panel).tolist() == [
        [True, True],
        [True, False],
        [True, True],
    ]
    assert str(area).endswith("2 x 2 binned")


def test_a_region_comes_back_from_its_recording(
    record: Record, part: MakeFrame, same_frame: Same
) -> None:
    frames = [part(0), part(1)]
    with read_recording(record(frames)) as reader:
        assert reader.data.shape == (2, 3, 4)
        assert reader.area == frames[0].area
        assert all(same_frame(*pair) for pair in zip(reader, frames, strict=True))


def test_the_file_places_a_region_on_the_panel(record: Record, part: MakeFrame) -> None:
    with h5py.File(record([part(0)])) as file:
        detector = file["entry/instrument/detector"]
        # Pixels of 0.15 mm; the panel's 6 rows and 5 columns are centred at 0.
        np.testing.assert_allclose(detector["y_pixel_offset"], [-0.075, 0.075, 0.225])
        np.testing.assert_allclose(detector["x_pixel_offset"], [-0.15, 0, 0.15, 0.3], atol=1e-12)
        assert detector["x_pixel_size"][()] == 150e-6
        assert detector["pixel_mask"].shape == (3, 4)
        for name in ("first_row", "first_column", "binning", "cds", "oversampling", "averaged"):
            assert detector[name].shape == (1,)


def test_binned_samples_are_larger_pixels(record: Record, make_frame: MakeFrame) -> None:
    binned = replace(
        make_frame(0),
        samples=np.ones((3, 2), np.uint16),
        row_received=np.ones(3, np.bool_),
        sampling=Sampling(binning=2),
    )
    with h5py.File(record([binned])) as file:
        detector = file["entry/instrument/detector"]
        assert detector["y_pixel_size"][()] == 300e-6
        np.testing.assert_allclose(detector["y_pixel_offset"], [-0.3, 0, 0.3], atol=1e-12)
        np.testing.assert_allclose(detector["x_pixel_offset"], [-0.225, 0.075])


def test_events_before_the_first_frame_of_a_region_are_kept(
    tmp_path: Path, facts: RecordingFacts, part: MakeFrame
) -> None:
    file = RecordingFile(tmp_path / "run.h5", facts)
    file.note(1.0, "committed")
    file.commit()
    file.note(2.0, "not yet")
    file.append(part(0), ImageKey.IMAGE)
    file.commit()
    file.note(3.0, "after")
    file.append(part(1), ImageKey.IMAGE)
    file.finish(NOTHING, "stopped")
    with read_recording(tmp_path / "run.h5") as reader:
        assert [event.text for event in reader.events()] == ["committed", "not yet", "after"]
        assert [event.frames_before for event in reader.events()] == [0, 0, 1]
        assert reader.frame_count == 2
        assert reader.complete


def test_a_frame_of_another_area_ends_the_recording(
    tmp_path: Path, facts: RecordingFacts, part: MakeFrame
) -> None:
    file = RecordingFile(tmp_path / "run.h5", facts)
    file.append(part(0), ImageKey.IMAGE)
    with pytest.raises(RecordingAreaError, match="new recording") as caught:
        file.append(part(1, replace(REGION, first_row=1)), ImageKey.IMAGE)
    assert caught.value.frame == 1
    file.finish(NOTHING, "stopped")
    with read_recording(tmp_path / "run.h5") as reader:
        assert reader.frame_count == 1


def test_a_recording_of_the_first_layout_shows_whole_panels(
    record: Record, make_frame: MakeFrame, same_frame: Same
) -> None:
    path = record([make_frame(0)])
    with h5py.File(path, "r+") as file:
        file.attrs["fpxi_layout"] = 1
        for name in ("first_row", "first_column", "binning", "cds", "oversampling", "averaged"):
            del file[f"entry/instrument/detector/{name}"]
    with read_recording(path) as reader:
        assert reader.area == FrameArea(0, 0, 6, 5)
        assert same_frame(reader.frame(0), make_frame(0))
        assert reader.column("binning").tolist() == [1]


def test_a_calibration_of_the_panel_corrects_a_region(
    record: Record,
    part: MakeFrame,
    make_frame: MakeFrame,
    calibration: Calibration,
    tmp_path: Path,
) -> None:
    correct_recording(record([part(3)]), calibration, tmp_path / "part.h5")
    whole = replace(make_frame(3), sampling=replace(REGION, first_row=0, first_column=0))
    correct_recording(record([whole], "whole.h5"), calibration, tmp_path / "out.h5")
    with h5py.File(tmp_path / "part.h5") as file, h5py.File(tmp_path / "out.h5") as expected:
        for name in ("data", "pixel_flags"):
            key = f"entry/instrument/detector/{name}"
            np.testing.assert_array_equal(file[key][0], expected[key][0][PART])
        key = "entry/instrument/detector/pixel_mask"
        np.testing.assert_array_equal(file[key][()], expected[key][()][PART])
        assert 0 < np.count_nonzero(file[key]) < file[key].size
        assert file["entry/data/y_pixel_offset"].shape == (3,)


def test_a_calibration_of_another_region_is_refused(
    record: Record, part: MakeFrame, small_calibration: Calibration, tmp_path: Path
) -> None:
    with pytest.raises(RegionMismatchError):
        correct_recording(record([part(0)]), small_calibration, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
    with pytest.raises(RegionMismatchError):
        export(tmp_path / "run.h5", tmp_path / "out.npy", calibration=small_calibration)


@pytest.mark.parametrize("change", [{"cds": True}, {"oversampling": 1}])
def test_a_calibration_of_other_sampling_is_refused(
    record: Record,
    part: MakeFrame,
    calibration: Calibration,
    tmp_path: Path,
    change: dict[str, int],
) -> None:
    frames = [part(0), part(1, replace(REGION, **change))]
    with pytest.raises(CalibrationMismatchError, match=condition_name(next(iter(change)))):
        correct_recording(record(frames), calibration, tmp_path / "out.h5")


def test_exports_have_the_region_s_shape(
    record: Record, part: MakeFrame, calibration: Calibration, tmp_path: Path
) -> None:
    path = record([part(0), part(1)])
    export(path, tmp_path / "raw.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "raw.npy")[1], part(1).samples)
    export(path, tmp_path / "corrected.npy", calibration=calibration)
    assert np.load(tmp_path / "corrected.npy").shape == (2, 3, 4)


def darks_and_flats(record: Record, part: MakeFrame, flat: Sampling = REGION) -> tuple[Path, Path]:
    random = np.random.default_rng(5)

    def frames(level: float, sampling: Sampling) -> list[Frame]:
        return [
            replace(part(i, sampling), samples=random.normal(level, 5, (3, 4)).astype(np.uint16))
            for i in range(20)
        ]

    return (
        record(frames(1000, REGION), "dark.h5", ImageKey.DARK),
        record(frames(5000, flat), "flat.h5", ImageKey.FLAT),
    )


def test_a_region_is_calibrated_by_itself(record: Record, part: MakeFrame) -> None:
    made = calibration_from_recordings(*darks_and_flats(record, part))
    assert made.shape == (3, 4)
    assert (made.conditions.first_row, made.conditions.first_column) == (2, 1)
    assert (made.conditions.cds, made.conditions.oversampling) == (0, 4)
    np.testing.assert_array_equal(made.not_imaging[0], [False, False, False, True])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("first row", {"first_row": 1}),
        ("double sampling is off and on", {"cds": True}),
        ("conversions averaged", {"oversampling": 2}),
    ],
)
def test_darks_and_flats_of_different_regions_or_sampling_do_not_mix(
    record: Record, part: MakeFrame, name: str, change: dict[str, int]
) -> None:
    with pytest.raises(MixedConditionsError, match=name):
        calibration_from_recordings(*darks_and_flats(record, part, replace(REGION, **change)))


def test_the_preview_follows_a_change_of_the_region(
    facts: RecordingFacts, part: MakeFrame, make_frame: MakeFrame, calibration: Calibration
) -> None:
    renderer = Renderer(facts.dictionary.panel, "SN-7")
    raw = PipelineSettings()
    whole = renderer.render(make_frame(0), raw, warm=True)
    region = renderer.render(part(0), raw, warm=True)
    np.testing.assert_array_equal(region.flags, whole.flags[PART])
    np.testing.assert_array_equal(region.values, whole.values[PART])
    averaged = Processing(averaging=Averaging.recursive(3))
    settings = PipelineSettings(corrected=True, calibration=calibration, processing=averaged)
    corrected = renderer.render(part(1), settings, warm=True)
    assert (corrected.corrected, corrected.notice) == (True, "")
    assert corrected.values.shape == (3, 4)
    moved = renderer.render(part(2, replace(REGION, first_row=1)), settings, warm=True)
    assert moved.averaged_frames == 1


def test_the_preview_says_that_a_calibration_does_not_reach(
    facts: RecordingFacts, part: MakeFrame, small_calibration: Calibration
) -> None:
    settings = PipelineSettings(corrected=True, calibration=small_calibration)
    shown = Renderer(facts.dictionary.panel, "SN-7").render(part(0), settings, warm=True)
    assert not shown.corrected
    assert "calibrate that region" in shown.notice
    assert shown.flags[0, 3] == PixelFlag.NOT_IMAGING


def test_a_session_records_and_replays_a_region(
    session: fpxi.Session, tmp_path: Path, same_frame: Same
) -> None:
    for name, value in (
        ("region_first_row", 8),
        ("region_rows", 16),
        ("region_first_column", 4),
        ("region_columns", 20),
        ("binning", 2),
        ("oversampling", 2),
        ("average_log2", 1),
        ("encoding", "aec_reference"),
    ):
        session.set(name, value)
    session.capture(3, tmp_path / "run.h5")
    with read_recording(tmp_path / "run.h5") as reader:
        assert reader.area == FrameArea(8, 4, 8, 10, 2)
        sampling = reader.frame(0).sampling
        assert (sampling.oversampling, sampling.averaged, sampling.cds) == (2, 2, True)
        recorded = list(reader)
    with fpxi.open(f"file:{tmp_path / 'run.h5'}?pace=fast") as replay:
        replay.capture(3, tmp_path / "again.h5")
        assert replay.parameters["oversampling"] == 2
    with read_recording(tmp_path / "again.h5") as again:
        assert all(same_frame(*pair) for pair in zip(again, recorded, strict=True))


def test_a_burst_is_triggered_once(session: fpxi.Session) -> None:
    session.set("trigger_mode", "software")
    session.set("burst_frames", 3)
    assert session.capture(7).frames_received == 7
