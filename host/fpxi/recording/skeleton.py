"""A new recording before its first frame: groups, datasets of length 0, and all that is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import h5py
import numpy as np
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import FrameFlag
from fpxi_readout.protocol.geometry import FrameArea, PanelGeometry

from fpxi.image_key import ImageKey
from fpxi.legends import write_bits, write_values
from fpxi.recording import layout
from fpxi.recording.columns import COLUMNS
from fpxi.recording.facts import RecordingFacts, dictionary_text
from fpxi.recording.nexus import nexus_group
from fpxi.recording.plot import write_offsets, write_plot
from fpxi.software import software_version
from fpxi.units import file_unit

COLUMN_CHUNK = 1024


def write_skeleton(file: h5py.File, facts: RecordingFacts, area: FrameArea) -> None:
    """Write everything that is known before the first frame, for frames of an area."""
    file.attrs[layout.LAYOUT_ATTRIBUTE] = layout.LAYOUT
    file.attrs["default"] = layout.ENTRY
    entry = nexus_group(file, layout.ENTRY, "NXentry")
    entry.attrs["default"] = "data"
    _write_entry(entry, facts)
    nexus_group(file, "entry/instrument", "NXinstrument")
    detector = nexus_group(file, layout.DETECTOR, "NXdetector")
    _write_detector(detector, facts, area)
    _write_frames(detector, facts.dictionary.panel, area)
    _write_device(nexus_group(file, layout.DEVICE, "NXcollection"), facts)
    write_plot(file)


def _write_entry(entry: h5py.Group, facts: RecordingFacts) -> None:
    entry["title"] = f"{facts.dictionary.panel.name} {facts.identity.serial_number}"
    entry["start_time"] = datetime.now(UTC).isoformat()
    entry["program_name"] = "fpxi"
    entry["program_name"].attrs["version"] = software_version()


def _write_detector(detector: h5py.Group, facts: RecordingFacts, area: FrameArea) -> None:
    panel = facts.dictionary.panel
    detector["local_name"] = panel.name
    detector["description"] = f"{panel.rows} x {panel.columns} flat-panel X-ray imager"
    detector["serial_number"] = facts.identity.serial_number
    detector["bit_depth_readout"] = panel.adc_bits
    detector["saturation_value"] = panel.full_scale
    for name in ("x_pixel_size", "y_pixel_size"):
        detector[name] = area.binning * panel.pitch_um / 1e6  # times 1e-6 would round twice
        detector[name].attrs["units"] = "m"
    write_offsets(detector, panel, area)
    mask = np.where(area.not_imaging(panel), layout.MaskBit.GAP, 0).astype("<u4")
    detector.create_dataset("pixel_mask", data=mask)
    write_bits(detector["pixel_mask"], layout.MaskBit)


def _write_frames(detector: h5py.Group, panel: PanelGeometry, area: FrameArea) -> None:
    """Make the datasets that grow with every frame."""
    rows, columns = area.shape
    data = detector.create_dataset(
        "data",
        shape=(0, rows, columns),
        maxshape=(None, rows, columns),
        chunks=(1, rows, columns),
        dtype="<u2",
        shuffle=True,
        compression="gzip",
    )
    data.attrs["units"] = "counts"
    data.attrs["long_name"] = "raw counts"
    for column in COLUMNS:
        dataset = _growing(detector, column.name, (), column.dtype)
        dataset.attrs["units"] = column.unit
        dataset.attrs["long_name"] = column.meaning
    detector["gain_setting"].attrs["names"] = [gain.name for gain in panel.gain_settings]
    detector["gain_setting"].attrs["full_scale_fC"] = [
        gain.full_scale_fC for gain in panel.gain_settings
    ]
    key = _growing(detector, "image_key", (), "<u1")
    key.attrs["long_name"] = "what the frame shows"
    write_values(key, ImageKey)
    write_bits(detector["flags"], FrameFlag)
    received = _growing(detector, "row_received", (rows,), "<u1")
    received.attrs["long_name"] = "1 where the row arrived; the counts of other rows are 0"


def _growing(group: h5py.Group, name: str, shape: tuple[int, ...], dtype: Any) -> h5py.Dataset:
    chunk = max(1, COLUMN_CHUNK // max(1, *shape, 1))
    return group.create_dataset(
        name, shape=(0, *shape), maxshape=(None, *shape), chunks=(chunk, *shape), dtype=dtype
    )


def _write_device(device: h5py.Group, facts: RecordingFacts) -> None:
    identity = facts.identity
    device["url"] = facts.url
    device["dictionary"] = dictionary_text(facts.dictionary)
    device["protocol_version"] = identity.protocol_version
    device["firmware_version"] = identity.firmware_version
    device["schema_hash"] = identity.schema_hash.hex()
    device["reset_cause"] = int(identity.reset_cause)
    device["fault"] = int(identity.fault)
    device["reset_fault"] = int(identity.reset_fault)
    parameters = nexus_group(device, "parameters", "NXcollection")
    for name, value in facts.parameters.items():
        parameters[name] = value
        _describe(parameters[name], name, value, facts.dictionary)
    events = nexus_group(device.file, layout.EVENTS, "NXcollection")
    text = h5py.string_dtype()
    for name, dtype, unit in (
        ("time", "<f8", "s"),
        ("device_time", "<i8", "us"),
        ("frames_before", "<u8", ""),
        ("text", text, ""),
    ):
        _growing(events, name, (), dtype).attrs["units"] = unit


def _describe(dataset: h5py.Dataset, name: str, value: int, dictionary: Dictionary) -> None:
    """Give a parameter its unit, and its value the name it has in the enumeration."""
    info = dictionary.parameters[name]
    dataset.attrs["units"] = file_unit(info.unit)
    if info.enumeration is None:
        return
    for word, entry in dictionary.enumerations[info.enumeration].values.items():
        if entry.value == value:
            dataset.attrs["value_name"] = word
