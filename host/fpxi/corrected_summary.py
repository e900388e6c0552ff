"""A corrected recording in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from fpxi_imaging import PixelFlag, Processing
from fpxi_imaging.departures import Agreement

from fpxi.calibration.records import read_record
from fpxi.corrected_file import CORRECTED_LAYOUT, LAYOUT_ATTRIBUTE, PROCESS, PROCESSING
from fpxi.errors import HostError
from fpxi.file_kind import why_unreadable
from fpxi.legends import names_of
from fpxi.processing_words import flag_words, processing_words
from fpxi.recording import layout
from fpxi.recording.summary import range_words, shown_words

Fact = tuple[str, str]


class NotACorrectedRecordingError(HostError):
    """A file is no corrected recording, or of a layout that this version cannot read."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is not a readable corrected recording: {reason}; make one with `fpxi correct`"
        )


@dataclass(frozen=True)
class CorrectedSummary:
    """What a corrected recording holds, in words and numbers."""

    layout: int
    pictures: int
    flags: dict[str, int] | None
    """Pixels of all pictures by flag; None where the file does not count them."""
    facts: list[Fact]


def corrected_summary(path: Path) -> CorrectedSummary:
    """Return what pictures a file holds, of which panel, and how they were made.

    Raises `NotACorrectedRecordingError`.
    """
    try:
        with h5py.File(path, "r") as file:
            return _summary(path, file)
    except NotACorrectedRecordingError:
        raise
    except (HostError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        reason = why_unreadable(path, LAYOUT_ATTRIBUTE, str(error))
        raise NotACorrectedRecordingError(path, reason) from error


def _summary(path: Path, file: h5py.File) -> CorrectedSummary:
    written_by = int(file.attrs[LAYOUT_ATTRIBUTE])
    if not 1 <= written_by <= CORRECTED_LAYOUT:
        raise NotACorrectedRecordingError(
            path, f"its layout is version {written_by}, known are 1 to {CORRECTED_LAYOUT}"
        )
    detector, process = file[layout.DETECTOR], file[PROCESS]
    made = datetime.fromisoformat(_text(process["date"])).astimezone(UTC)
    serial = _text(detector["serial_number"])
    version = _text(process["version"])
    facts = [
        ("Layout", str(written_by)),
        ("Panel", f"{_text(detector['local_name'])}, serial number {serial}"),
        ("Made", f"{made:%Y-%m-%d %H:%M} UTC by {_text(process['program'])} {version}"),
        ("Recording", _text(process["recording"])),
        ("Calibration", _calibration_words(process)),
    ]
    facts += _picture_facts(detector)
    if PROCESSING in file:
        facts.append(("Processing", ", ".join(_steps(file))))
    if "agreement" in process:
        facts += _agreement_facts(read_record(process["agreement"], Agreement))
    if "notes" in process:
        facts += [("Note", note) for note in process["notes"].asstr()[:]]
    flags = _flag_counts(detector)
    if flags is not None:
        pictures = len(detector["data"])
        means = {name: total / pictures for name, total in flags.items()}
        facts.append(("Flagged pixels", f"{flag_words(means)}; of a picture, mean of all"))
    return CorrectedSummary(written_by, len(detector["data"]), flags, facts)


def _picture_facts(detector: h5py.Group) -> Iterator[Fact]:
    count, rows, columns = detector["data"].shape
    yield "Pictures", f"{count} of {rows} x {columns}"
    if "frames_averaged" in detector:
        averaged = detector["frames_averaged"][:]
        if averaged.max(initial=1) > 1:
            yield "Frames averaged", range_words(averaged, "frames to a picture")
    yield "Values", _text_of(detector["data"].attrs["long_name"])
    yield "Shown", shown_words(detector["image_key"][:])
    yield "Exposure", range_words(detector["exposure_time"][:] * 1e3, "ms")
    settings = ", ".join(str(each) for each in np.unique(detector["gain_setting"][:]))
    yield "Gain setting", settings
    yield "Bias", range_words(detector["bias_voltage"][:], "V")
    yield "Temperature", range_words(detector["temperature"][:], "degC")
    times = detector["timestamp"][:].astype(np.int64)
    if np.all(np.diff(times) > 0):
        yield "Duration", f"{(times[-1] - times[0]) * 1e-6:.4g} s from first to last picture"


def _calibration_words(process: h5py.Group) -> str:
    created = datetime.fromisoformat(_text(process["calibration/created"])).astimezone(UTC)
    made = f"made {created:%Y-%m-%d %H:%M} UTC, kept in this file"
    if "calibration_file" not in process:
        return made
    return f"{_text(process['calibration_file'])}, {made}"


def _steps(file: h5py.File) -> list[str]:
    return processing_words(Processing.from_json(_text(file[PROCESSING])))


def _agreement_facts(agreement: Agreement) -> Iterator[Fact]:
    allowed = ", ".join(f"{name} {value}" for name, value in vars(agreement.tolerances).items())
    yield "Tolerances", allowed


def _flag_counts(detector: h5py.Group) -> dict[str, int] | None:
    if "pixel_flag_counts" not in detector:  # before layout 3
        return None
    totals = detector["pixel_flag_counts"][:].sum(axis=0, dtype=np.int64)
    return dict(zip(names_of(PixelFlag, ~0), totals.tolist(), strict=True))


def _text(dataset: h5py.Dataset) -> str:
    return str(dataset.asstr()[()])


def _text_of(attribute: str | bytes) -> str:
    return attribute.decode() if isinstance(attribute, bytes) else str(attribute)
