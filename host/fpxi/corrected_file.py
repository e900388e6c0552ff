"""The file of a corrected recording: NeXus as the recording is, float32 and flags beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
from fpxi_imaging import Calibration, PixelFlag, Processing
from fpxi_imaging.correction.turning import turned, turned_centres, turned_shape
from fpxi_imaging.defects.pixel_mask import MaskBit, pixel_mask
from fpxi_imaging.departures import Agreement
from fpxi_imaging.region import region_slices
from fpxi_readout.protocol.generated import FrameFlag
from fpxi_readout.protocol.geometry import FrameArea

from fpxi.calibration.content import write_calibration
from fpxi.calibration.records import write_record
from fpxi.frame_processor import ProcessedFrame
from fpxi.image_key import ImageKey
from fpxi.legends import names_of, write_bits, write_values
from fpxi.recording import layout
from fpxi.recording.columns import COLUMNS
from fpxi.recording.nexus import nexus_group
from fpxi.recording.plot import OFFSETS, write_plot
from fpxi.recording.reader import RecordingReader
from fpxi.scales import UNITS, meaning_of
from fpxi.software import software_version

CORRECTED_LAYOUT = 3
"""Attribute `fpxi_corrected_layout` of the file.

2 added `processing`, averages (`frames_averaged`, `average_complete`, `first_sequence_number`,
`first_timestamp`), scales other than counts, and turned pictures; 3 the tolerances and what they
let pass (`agreement`), `pixel_flag_counts`, and legends of all bits (`flag_masks`)."""
LAYOUT_ATTRIBUTE = "fpxi_corrected_layout"
PROCESS = "entry/process"
PROCESSING = f"{PROCESS}/processing"
_OF_NEWEST = (*(column.name for column in COLUMNS), "image_key", "row_received")
_KEPT_FACTS = ("local_name", "description", "serial_number")
_SIZES = ("y_pixel_size", "x_pixel_size")
_RECEIVED = (
    "1 where the row arrived in the newest frame of the picture; rows of the panel as it was read "
    "out, however the picture is turned"
)
_LEFT_BEHIND = ("events", "link_statistics")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a corrected file was made of and how, for its own account."""

    calibration: Calibration
    calibration_file: str | Path | None
    processing: Processing
    agreement: Agreement
    notes: Sequence[str]
    """What was interpolated to correct at the frames' conditions, and what differed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of the file, and the recorded frames in it."""

    made: ProcessedFrame
    first: int
    """Index of the oldest."""
    last: int


class CorrectedFile:
    """Writes pictures one after the other; at most `reader.frame_count`."""

    def __init__(
        self,
        file: h5py.File,
        reader: RecordingReader,
        origin: Origin,
    ) -> None:
        self._reader = reader
        self._frames: list[tuple[int, int, int, bool]] = []
        self._flag_counts: list[list[int]] = []
        _write_facts(file, reader)
        self._detector = file[layout.DETECTOR]
        _write_geometry(self._detector, reader, origin)
        _write_process(nexus_group(file, PROCESS, "NXprocess"), reader, origin)
        shape = turned_shape(reader.area.shape, origin.processing.orientation)
        self._data, self._flags = _make_images(self._detector, reader.frame_count, shape, origin)
        write_plot(file)

    def write(self, picture: Picture) -> None:
        """Write the next picture."""
        made, index = picture.made, len(self._frames)
        self._data[index], self._flags[index] = made.values, made.flags
        self._frames.append((picture.first, picture.last, made.averaged_frames, made.complete))
        self._flag_counts.append(_counts_of(made.flags))

    @property
    def mean_flags(self) -> dict[str, float]:
        """Pixels of a picture by flag, mean of all pictures written."""
        means = np.mean(self._flag_counts, axis=0).tolist()
        return dict(zip(names_of(PixelFlag, ~0), means, strict=True))

    def finish(self) -> None:
        """Write what is known of each picture."""
        first, last, averaged, complete = (
            np.array(values) for values in zip(*self._frames, strict=True)
        )
        for images in (self._data, self._flags):
            images.resize(len(self._frames), axis=0)
        recorded = self._reader.group(layout.DETECTOR)
        for name in _OF_NEWEST:
            self._column(name, recorded[name][: self._reader.frame_count][last])
            for key, value in recorded[name].attrs.items():
                self._detector[name].attrs[key] = value
        write_bits(self._detector["flags"], FrameFlag)
        write_values(self._detector["image_key"], ImageKey)
        self._detector["row_received"].attrs["long_name"] = _RECEIVED
        for name in ("sequence_number", "timestamp"):
            values = recorded[name][: self._reader.frame_count][first]
            unit = str(recorded[name].attrs["units"])
            self._column(f"first_{name}", values, f"{name} of the oldest frame averaged", unit)
        self._column("frames_averaged", averaged.astype("<u4"), "frames in the average", "frames")
        self._column("average_complete", complete.astype("u1"), "0: a block that ended early")
        counts = np.array(self._flag_counts, np.uint32)
        self._column("pixel_flag_counts", counts, "pixels of each picture by flag", "pixels")
        write_bits(self._detector["pixel_flag_counts"], PixelFlag)

    def _column(
        self,
        name: str,
        values: npt.NDArray[np.generic],
        meaning: str | None = None,
        unit: str | None = None,
    ) -> None:
        self._detector.create_dataset(name, data=values)
        for key, value in (("long_name", meaning), ("units", unit)):
            if value is not None:
                self._detector[name].attrs[key] = value


def _write_facts(file: h5py.File, reader: RecordingReader) -> None:
    """Write whose frames they are."""
    file.attrs[LAYOUT_ATTRIBUTE] = CORRECTED_LAYOUT
    file.attrs["default"] = layout.ENTRY
    entry = nexus_group(file, layout.ENTRY, "NXentry")
    entry.attrs["default"] = "data"
    recorded = reader.group(layout.ENTRY)
    for name in ("title", "start_time"):
        recorded.copy(name, entry)
    nexus_group(file, "entry/instrument", "NXinstrument")
    detector = nexus_group(file, layout.DETECTOR, "NXdetector")
    for name in _KEPT_FACTS:
        reader.group(layout.DETECTOR).copy(name, detector)
    device = nexus_group(file, layout.DEVICE, "NXcollection")
    recorded = reader.group(layout.DEVICE)
    for name in recorded:  # who the panel was and how it was set; what happened stays behind
        if name not in _LEFT_BEHIND:
            recorded.copy(name, device)


def _write_geometry(detector: h5py.Group, reader: RecordingReader, origin: Origin) -> None:
    """Write where pixels are and which are no good, turned as the pictures are."""
    recorded, orientation = reader.group(layout.DETECTOR), origin.processing.orientation
    for name in (*_SIZES, *OFFSETS, "pixel_mask"):
        recorded.copy(name, detector)
    if orientation.rotate_deg % 180:
        sizes = [detector[name][()] for name in _SIZES]
        for name, size in zip(_SIZES, reversed(sizes), strict=True):
            detector[name][...] = size
    mask = _mask_of(origin.calibration, reader.area)
    _replace(detector, "pixel_mask", turned(mask, orientation))
    detector["pixel_mask"].attrs["long_name"] = "why a pixel is no good; 0: it is"
    write_bits(detector["pixel_mask"], MaskBit)
    down, right = (detector[name][()] for name in OFFSETS)
    centres = turned_centres(down, right, orientation)
    for name, values in zip(OFFSETS, centres, strict=True):
        _replace(detector, name, values)


def _mask_of(calibration: Calibration, area: FrameArea) -> npt.NDArray[np.uint32]:
    """Return the part of a calibration's mask that frames of an area show."""
    whole = pixel_mask(calibration.defects, calibration.not_imaging)
    at = calibration.conditions
    return whole[region_slices(at, whole.shape, area.first_row, area.first_column, area.shape)]


def _replace(group: h5py.Group, name: str, values: npt.NDArray[np.generic]) -> None:
    """Write values of another shape in place of a dataset, and keep what is said of it."""
    attributes = dict(group[name].attrs)
    del group[name]
    group[name] = values
    group[name].attrs.update(attributes)


def _write_process(process: h5py.Group, reader: RecordingReader, origin: Origin) -> None:
    """Write how the pictures were made."""
    process["program"] = "fpxi"
    process["version"] = software_version()
    process["date"] = datetime.now(UTC).isoformat()
    process["recording"] = str(reader.path)
    process["processing"] = origin.processing.to_json()
    process.create_dataset(
        "notes", data=list(origin.notes), shape=(len(origin.notes),), dtype=h5py.string_dtype()
    )
    agreement = nexus_group(process, "agreement", "NXcollection")
    write_record(agreement, origin.agreement)
    agreement["departures"].attrs["long_name"] = (
        "what differed between frames and calibration; the name of a condition ends in its unit"
    )
    if origin.calibration_file is not None:
        process["calibration_file"] = str(origin.calibration_file)
    write_calibration(nexus_group(process, "calibration", "NXcollection"), origin.calibration)


def _make_images(
    detector: h5py.Group, count: int, shape: tuple[int, int], origin: Origin
) -> tuple[h5py.Dataset, h5py.Dataset]:
    whole = (count, *shape)
    options = {"shape": whole, "maxshape": whole, "chunks": (1, *shape), "compression": "gzip"}
    data = detector.create_dataset("data", dtype="<f4", shuffle=True, **options)
    data.attrs["units"] = UNITS[origin.processing.scale]
    data.attrs["long_name"] = meaning_of(origin.processing.scale, origin.calibration)
    flags = detector.create_dataset("pixel_flags", dtype="u1", **options)
    flags.attrs["long_name"] = "what is known of each pixel's value; 0: nothing amiss"
    write_bits(flags, PixelFlag)
    return data, flags


def _counts_of(flags: npt.NDArray[np.uint8]) -> list[int]:
    """Return how many pixels carry each flag, in the order of `PixelFlag`."""
    present = int(np.bitwise_or.reduce(flags, axis=None))
    return [int(np.count_nonzero(flags & flag)) if present & flag else 0 for flag in PixelFlag]
