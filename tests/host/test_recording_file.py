from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from fpxi import ImageKey, read_recording
from fpxi.errors import (
    FrameSelectionError,
    NotARecordingError,
    RecordingExistsError,
    RecordingOpenError,
)
from fpxi.recording import layout
from fpxi.recording.columns import COLUMNS
from fpxi.recording.compression import compress
from fpxi.recording.facts import RecordingFacts, dictionary_from_text, dictionary_text
from fpxi.recording.file import RecordingFile
from fpxi.statistics import NOTHING
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.generated import FrameFlag
from hypothesis import given, settings
from hypothesis import strategies as st

MakeFrame = Callable[..., Frame]
Same = Callable[[Frame, Frame], bool]


def test_a_frame_comes_back_with_everything_it_had(
    record: Callable[..., Path], make_frame: MakeFrame, same_frame: Same
) -> None:
    received = np.array([True, False, True, True, False, True])
    frames = [make_frame(7), make_frame(9, row_received=received, flags=FrameFlag(0))]
    with read_recording(record(frames, key=ImageKey.DARK)) as reader:
        assert [same_frame(*pair) for pair in zip(reader, frames, strict=True)] == [True, True]
        assert reader.image_key(1) is ImageKey.DARK
        assert reader.column("rows_missing").tolist() == [0, 2]
        reader.column("rows_missing")[:] = 7  # the caller's own
        assert reader.column("rows_missing").tolist() == [0, 2]


@settings(max_examples=200, deadline=None)
@given(
    exposure_us=st.integers(0, 2**32 - 1),
    bias_mV=st.integers(-(2**31), 2**31 - 1),
    temperature_mC=st.integers(-(2**31), 2**31 - 1),
    timestamp_us=st.integers(0, 2**64 - 1),
)
def test_columns_keep_every_number_of_a_frame_exactly(**numbers: int) -> None:
    frame = Frame(
        number=2**32 - 1,
        gain_setting=255,
        flags=FrameFlag(15),
        samples=np.zeros((1, 1), np.uint16),
        row_received=np.ones(1, np.bool_),
        **numbers,
    )
    for column in COLUMNS:
        stored = np.array([column.value(frame)], column.dtype)[0]
        assert column.said(stored) == column.of_frame(frame)


def test_facts_of_the_device_come_back(
    record: Callable[..., Path], make_frame: MakeFrame, facts: RecordingFacts
) -> None:
    with read_recording(record([make_frame(0)])) as reader:
        assert reader.facts == facts
        assert reader.geometry == facts.dictionary.panel
        assert reader.complete


def test_dictionary_text_is_what_a_device_serves(facts: RecordingFacts) -> None:
    assert dictionary_from_text(dictionary_text(facts.dictionary)) == facts.dictionary


def test_plain_h5py_finds_nexus_with_units(
    record: Callable[..., Path], make_frame: MakeFrame
) -> None:
    frames = [make_frame(number) for number in range(3)]
    with h5py.File(record(frames)) as file:
        entry = file[file.attrs["default"]]
        plot = entry[entry.attrs["default"]]
        assert entry.attrs["NX_class"] == "NXentry"
        assert np.array_equal(plot[plot.attrs["signal"]], [frame.samples for frame in frames])
        assert plot.attrs["axes"].tolist() == [".", "y_pixel_offset", "x_pixel_offset"]
        assert (plot.attrs["y_pixel_offset_indices"], plot.attrs["x_pixel_offset_indices"]) == (
            1,
            2,
        )
        np.testing.assert_allclose(plot["x_pixel_offset"], [-0.3, -0.15, 0, 0.15, 0.3], atol=1e-12)
        assert len(plot["y_pixel_offset"]) == plot["data"].shape[1]
        assert plot["y_pixel_offset"].attrs["units"] == "mm"
        detector = file["entry/instrument/detector"]
        assert detector.attrs["NX_class"] == "NXdetector"
        units = {name: detector[name].attrs["units"] for name in ("timestamp", "exposure_time")}
        assert units == {"timestamp": "us", "exposure_time": "s"}
        assert detector["exposure_time"][0] == 0.0025
        assert detector["bias_voltage"][0] == -12.345
        assert detector["x_pixel_size"][()] == 150e-6
        parameters = file["entry/device/parameters"]
        assert parameters["exposure_us"].attrs["units"] == "us"
        assert parameters["light"].attrs["value_name"] == "on"
        assert detector["saturation_value"][()] == 16383
        assert detector["serial_number"].asstr()[()] == "SN-7"
        assert detector["pixel_mask"][0].tolist() == [1] * 5
        assert detector["pixel_mask"][1].tolist() == [1, 0, 0, 0, 1]
        assert "T" in entry["start_time"].asstr()[()]
        assert "end_time" in entry


def test_chunks_are_what_hdf5_itself_would_have_written(tmp_path: Path) -> None:
    samples = np.arange(30, dtype=np.uint16).reshape(6, 5)[:, ::-1]
    with h5py.File(tmp_path / "x.h5", "w") as file:
        data = file.create_dataset(
            "x", (1, 6, 5), "<u2", chunks=(1, 6, 5), shuffle=True, compression="gzip"
        )
        data.id.write_direct_chunk((0, 0, 0), compress(samples))
    with h5py.File(tmp_path / "x.h5") as file:
        assert np.array_equal(file["x"][0], samples)


def test_an_existing_file_is_refused_and_untouched(tmp_path: Path, facts: RecordingFacts) -> None:
    path = tmp_path / "run.h5"
    path.write_text("precious")
    with pytest.raises(RecordingExistsError):
        RecordingFile(path, facts)
    assert path.read_text() == "precious"


def test_an_existing_file_is_replaced_when_that_is_asked_for(
    tmp_path: Path, facts: RecordingFacts
) -> None:
    path = tmp_path / "run.h5"
    path.write_text("worthless")
    RecordingFile(path, facts, overwrite=True).finish(NOTHING, "stopped")
    with read_recording(path) as reader:
        assert len(reader) == 0


def test_a_file_being_recorded_cannot_be_overwritten(
    tmp_path: Path, facts: RecordingFacts, make_frame: MakeFrame
) -> None:
    file = RecordingFile(tmp_path / "run.h5", facts)
    with pytest.raises(RecordingOpenError, match="in use"):
        RecordingFile(tmp_path / "run.h5", facts, overwrite=True)
    file.append(make_frame(0), ImageKey.IMAGE)
    file.finish(NOTHING, "stopped")
    with read_recording(tmp_path / "run.h5") as reader:
        assert len(reader) == 1


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, facts: RecordingFacts) -> None:
    with pytest.raises(RecordingOpenError):
        RecordingFile(tmp_path / "absent" / "run.h5", facts)


def test_what_was_committed_is_there_without_closing(
    tmp_path: Path, facts: RecordingFacts, make_frame: MakeFrame, same_frame: Same
) -> None:
    file = RecordingFile(tmp_path / "run.h5", facts)
    frames = [make_frame(number) for number in range(70)]
    for frame in frames[:66]:
        file.append(frame, ImageKey.IMAGE)
    file.note(5.0, "link lost", 77)
    file.commit()
    for frame in frames[66:]:
        file.append(frame, ImageKey.IMAGE)
    shutil.copy(tmp_path / "run.h5", tmp_path / "crashed.h5")
    with read_recording(tmp_path / "crashed.h5") as reader:
        assert [same_frame(*pair) for pair in zip(reader, frames[:66], strict=True)] == [True] * 66
        assert not reader.complete
        assert reader.link_statistics() == {}
        (event,) = reader.events()
        assert (event.time_s, event.device_time_us) == (5.0, 77)
        assert (event.frames_before, event.text) == (66, "link lost")
    file.finish(NOTHING, "stopped")
    with read_recording(tmp_path / "run.h5") as reader:
        assert len(reader) == 70
        assert reader.complete


def test_counters_of_the_link_are_kept_at_the_end(tmp_path: Path, facts: RecordingFacts) -> None:
    counters = replace(NOTHING, crc_errors=3, bytes_received=2**40)
    RecordingFile(tmp_path / "run.h5", facts).finish(counters, "stopped")
    with read_recording(tmp_path / "run.h5") as reader:
        assert reader.link_statistics() == asdict(counters)


def test_no_room_that_was_made_sure_of_is_left_in_the_file(
    record: Callable[..., Path], make_frame: MakeFrame
) -> None:
    assert record([make_frame(0)]).stat().st_size < 200_000


def test_reading_leaves_out_a_torn_commit(
    record: Callable[..., Path], make_frame: MakeFrame
) -> None:
    path = record([make_frame(number) for number in range(5)])
    with h5py.File(path, "r+") as file:
        file["entry/instrument/detector/data"].resize(4, axis=0)
        file["entry/instrument/detector/data"].resize(6, axis=0)  # two images never written
        file["entry/instrument/detector/timestamp"].resize(9, axis=0)
    with read_recording(path) as reader:
        assert len(reader) == 4
        assert len(reader.column("timestamp")) == 4


def test_a_frame_that_is_not_there_is_refused(
    record: Callable[..., Path], make_frame: MakeFrame
) -> None:
    with read_recording(record([make_frame(0)])) as reader:
        for index in (-1, 1):
            with pytest.raises(FrameSelectionError):
                reader.frame(index)


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all" * 100])
def test_a_file_that_is_no_hdf5_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(NotARecordingError):
        read_recording(tmp_path / "x.h5")


def test_an_hdf5_file_of_others_is_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["entry"] = 1
    with pytest.raises(NotARecordingError, match="did not write"):
        read_recording(tmp_path / "x.h5")


def test_a_later_layout_is_refused(record: Callable[..., Path], make_frame: MakeFrame) -> None:
    path = record([make_frame(0)])
    with h5py.File(path, "r+") as file:
        file.attrs["fpxi_layout"] = layout.LAYOUT + 1
    with pytest.raises(NotARecordingError, match=f"version {layout.LAYOUT + 1}"):
        read_recording(path)
