"""Correcting a recording, frame by frame, into a new file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fpxi_imaging import (
    DEFAULT_PROCESSING,
    AveragingMode,
    Calibration,
    Processing,
    ResolvedCalibration,
    Tolerances,
)
from fpxi_imaging.conditions import DEFAULT_TOLERANCES
from fpxi_imaging.departures import Agreement, notes_of

from fpxi.corrected_file import CorrectedFile, Origin, Picture
from fpxi.errors import FrameSelectionError, RecordingExistsError
from fpxi.frame_processor import CalibrationResolver, FrameProcessor
from fpxi.processing_words import processing_notes
from fpxi.recording.conditions import recorded_conditions
from fpxi.recording.reader import RecordingReader, read_recording
from fpxi.whole_file import require_apart, whole_hdf5


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """What came of a recording."""

    frames: int
    pictures: int
    """As many, but for block averages."""
    notes: tuple[str, ...]
    """What was interpolated to correct at the frames' conditions, what differed from those of the
    calibration, and what the processing does to more values than may be meant, in words."""
    flags: dict[str, float]
    """Pixels of a picture by flag, mean of all pictures."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a calibration fits the frames of a recording."""

    resolved: ResolvedCalibration
    """What corrects one of them."""
    agreement: Agreement
    notes: tuple[str, ...]
    """What is interpolated, and what differs, in words."""


def correct_recording(
    run: str | Path,
    calibration: Calibration,
    out: str | Path,
    *,
    processing: Processing = DEFAULT_PROCESSING,
    threads: int = 1,
    source: str | Path | None = None,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    progress: Callable[[int, int], None] | None = None,
    overwrite: bool = False,
) -> CorrectionResult:
    """Correct every frame of a recording.

    `out` is NeXus as the recording is, with `data` float32 (pictures, rows, columns), signed, NaN
    where there is no value, `pixel_flags` uint8 beside it (`fpxi_imaging.PixelFlag`), and an
    NXprocess with the processing (JSON), the calibration, what of it was interpolated, and what
    differed from its conditions within the tolerances.
    `source` is the calibration's file, named there. `device` is the recording's, less its events.

    Each frame gives a picture, but for a block average, which gives one a block; the last block,
    and one that a break cuts short (`FrameProcessor` says what is a break), are kept and marked in
    `average_complete`. What is told of a picture, such as `timestamp`, is told of the newest frame
    in it; `first_timestamp` and `first_sequence_number` are the oldest one's. Mask, offsets and
    pixel sizes are turned with the pictures; `row_received` is of the panel's rows.

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
        resolver = resolver_for(reader, calibration, tolerances)
        fit = require_fitting(reader, resolver)
        processor = FrameProcessor(processing, resolver, threads=threads)
        notes = (*fit.notes, *processing_notes(processing))
        origin = Origin(calibration, source, processing, fit.agreement, notes)
        with whole_hdf5(out) as (file, raw):
            corrected = CorrectedFile(file, reader, origin)
            pictures = 0
            for picture in process_recording(reader, processor, progress):
                corrected.write(picture)
                raw.require_sound()
                pictures += 1
            corrected.finish()
        return CorrectionResult(reader.frame_count, pictures, notes, corrected.mean_flags)


def resolver_for(
    reader: RecordingReader, calibration: Calibration, tolerances: Tolerances = DEFAULT_TOLERANCES
) -> CalibrationResolver:
    """Return what finds the calibration of each frame of a recording."""
    serial_number = reader.facts.identity.serial_number
    return CalibrationResolver(calibration, reader.geometry.name, serial_number, tolerances)


def require_fitting(reader: RecordingReader, resolver: CalibrationResolver) -> Fit:
    """Make sure that every frame can be corrected; return how well.

    Raises `fpxi_imaging.CalibrationMismatchError`, `fpxi_imaging.RegionMismatchError` and
    `PatternFramesError`.
    """
    notes: dict[str, None] = {}
    occurring = recorded_conditions(reader)
    for conditions in occurring:
        resolved = resolver.at(conditions, reader.area)
        notes |= dict.fromkeys(resolved.notes)
    agreement = resolver.agreement(occurring)
    return Fit(resolved, agreement, (*notes, *notes_of(agreement.departures)))


def looks_back(processing: Processing) -> bool:
    """Return whether a picture rests on frames before its own."""
    averages = processing.averaging.mode is not AveragingMode.NONE
    return processing.lag or processing.zinger_sigma is not None or averages


def process_recording(
    reader: RecordingReader,
    processor: FrameProcessor,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Picture]:
    """Go through a recording's frames; yield the pictures that come of them."""
    mode = processor.processing.averaging.mode
    blocks = mode is AveragingMode.BLOCK
    pending: Picture | None = None
    begun = 0
    for index, frame in enumerate(reader):
        made = processor.process(frame)
        if made.anew:
            begun = index
            if pending is not None:
                yield pending
        endless = mode is AveragingMode.RECURSIVE
        first = begun if endless else index + 1 - made.averaged_frames
        picture = Picture(made, first, index)
        pending = picture if blocks and not made.complete else None
        if pending is None:
            yield picture
        if progress is not None:
            progress(index + 1, reader.frame_count)
    if pending is not None:
        yield pending
