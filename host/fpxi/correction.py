"""Correcting a recording, frame by frame, into a new file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from fpxi_imaging import Calibration, Corrector, PixelFlag, ResolvedCalibration, Tolerances

from fpxi.calibration.content import write_calibration
from fpxi.conditions import for_area
from fpxi.errors import FrameSelectionError, RecordingExistsError
from fpxi.recording import layout
from fpxi.recording.columns import COLUMNS
from fpxi.recording.conditions import recorded_conditions
from fpxi.recording.nexus import nexus_group
from fpxi.recording.plot import OFFSETS, write_plot
from fpxi.recording.reader import RecordingReader, read_recording
from fpxi.software import software_version
from fpxi.whole_file import require_apart, whole_hdf5

CORRECTED_LAYOUT = 1
"""Attribute `fpxi_corrected_layout` of the file."""
PROCESS = "entry/process"
_COPIED = (*(column.name for column in COLUMNS), "image_key", "row_received")
_KEPT_FACTS = (
    "local_name",
    "description",
    "serial_number",
    "x_pixel_size",
    "y_pixel_size",
    *OFFSETS,
    "pixel_mask",
)
_LEFT_BEHIND = ("events", "link_statistics")

DEFAULT_TOLERANCES = Tolerances()


def correct_recording(
    run: str | Path,
    calibration: Calibration,
    out: str | Path,
    *,
    source: str | Path | None = None,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    progress: Callable[[int, int], None] | None = None,
    overwrite: bool = False,
) -> int:
    """Correct every frame of a recording; returns how many.

    `out` is NeXus as the recording is, with `data` float32 (frames, rows, columns), signed, NaN
    where there is no value, `pixel_flags` uint8 beside it (`fpxi_imaging.PixelFlag`), and the
    calibration as an NXprocess. `source` is the calibration's file, named there.
    `device` is the recording's, less its events.

    Every frame's own conditions must fit, and its region lie within the calibration's: raises
    `fpxi_imaging.CalibrationMismatchError`, `fpxi_imaging.RegionMismatchError`,
    `NotARecordingError`, `FrameSelectionError` for a recording without frames,
    `RecordingExistsError`, `OutputError`. `out` appears whole or not at all.
    """
    out = Path(out)
    require_apart(out, [run] if source is None else [run, source])
    if out.exists() and not overwrite:
        raise RecordingExistsError(out)
    with read_recording(run) as reader:
        if reader.frame_count == 0:
            raise FrameSelectionError(reader.path, "a corrected frame", 0)
        resolved = [calibration.resolve(each, tolerances) for each in recorded_conditions(reader)]
        fitted = for_area(resolved[-1], reader.area)
        with whole_hdf5(out) as (file, raw):
            _write_facts(file, reader, calibration, fitted, source=source)
            for done in _write_frames(file, reader, fitted):
                raw.require_sound()
                if progress is not None:
                    progress(done, reader.frame_count)
        return reader.frame_count


def _write_facts(
    file: h5py.File,
    reader: RecordingReader,
    calibration: Calibration,
    fitted: ResolvedCalibration,
    *,
    source: str | Path | None,
) -> None:
    """Write everything but the frames."""
    file.attrs["fpxi_corrected_layout"] = CORRECTED_LAYOUT
    file.attrs["default"] = layout.ENTRY
    entry = nexus_group(file, layout.ENTRY, "NXentry")
    entry.attrs["default"] = "data"
    recorded = reader.group(layout.ENTRY)
    for name in ("title", "start_time"):
        recorded.copy(name, entry)
    nexus_group(file, "entry/instrument", "NXinstrument")
    detector = nexus_group(file, layout.DETECTOR, "NXdetector")
    recorded_detector = reader.group(layout.DETECTOR)
    for name in _KEPT_FACTS:
        recorded_detector.copy(name, detector)
    for name in _COPIED:
        values = recorded_detector[name][: reader.frame_count]
        detector.create_dataset(name, data=values)
        for key, value in recorded_detector[name].attrs.items():
            detector[name].attrs[key] = value
    mask = detector["pixel_mask"]
    mask[...] |= np.where(fitted.defects, layout.MASK_DEAD, 0).astype(mask.dtype)
    _copy_device(reader, nexus_group(file, layout.DEVICE, "NXcollection"))
    process = nexus_group(file, PROCESS, "NXprocess")
    process["program"] = "fpxi"
    process["version"] = software_version()
    process["date"] = datetime.now(UTC).isoformat()
    process["recording"] = str(reader.path)
    if source is not None:
        process["calibration_file"] = str(source)
    write_calibration(nexus_group(file, f"{PROCESS}/calibration", "NXcollection"), calibration)


def _copy_device(reader: RecordingReader, device: h5py.Group) -> None:
    """Copy who the panel was and how it was set; what happened stays with the recording."""
    recorded = reader.group(layout.DEVICE)
    for name in recorded:
        if name not in _LEFT_BEHIND:
            recorded.copy(name, device)


def _write_frames(
    file: h5py.File,
    reader: RecordingReader,
    calibration: ResolvedCalibration,
) -> Iterator[int]:
    """Write frame after frame; say how many are done."""
    shape = (reader.frame_count, *calibration.shape)
    detector = file[layout.DETECTOR]
    options = {"shape": shape, "chunks": (1, *calibration.shape), "compression": "gzip"}
    data = detector.create_dataset("data", dtype="<f4", shuffle=True, **options)
    data.attrs["units"] = "counts"
    data.attrs["long_name"] = "corrected, in counts of the median pixel"
    flags = detector.create_dataset("pixel_flags", dtype="u1", **options)
    flags.attrs["long_name"] = ", ".join(f"{flag.value} {flag.name}" for flag in PixelFlag)
    write_plot(file)
    corrector = Corrector(calibration)
    values, marks = np.empty(calibration.shape, np.float32), np.empty(calibration.shape, np.uint8)
    for index, frame in enumerate(reader):
        corrector.correct(frame.samples, frame.row_received, out=values, flags=marks)
        data[index], flags[index] = values, marks
        yield index + 1
