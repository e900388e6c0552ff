"""`fpxi info` of files: recordings, corrected recordings, calibrations and processings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fpxi.cli.output import format_facts
from fpxi.errors import ForeignFileError
from fpxi.file_kind import CALIBRATION, CORRECTED, FROM_ELSEWHERE, RECORDING, attributes_of

Fact = tuple[str, str]


@dataclass(frozen=True)
class FileInfo:
    """What a file holds."""

    facts: list[Fact]
    document: dict[str, Any]


def info_of_file(path: Path) -> FileInfo:
    """Return what one of the project's own files holds.

    Raises `ForeignFileError` for any other, and the named error of each kind for a damaged one.
    """
    if path.stat().st_size == 0:
        raise ForeignFileError(path, "it is empty")
    attributes = attributes_of(path)
    if attributes is None:
        if _is_json(path):
            return _processing(path)
        raise ForeignFileError(path, f"it is neither HDF5 nor JSON; {FROM_ELSEWHERE}")
    for attribute, look in _BY_ATTRIBUTE.items():
        if attribute in attributes:
            return look(path)
    raise ForeignFileError(path, "it is an HDF5 file that fpxi did not write")


def info_text(info: FileInfo) -> str:
    """Return what is shown of it."""
    return format_facts(info.facts)


def _calibration(path: Path) -> FileInfo:
    from fpxi.calibration import load_calibration  # noqa: PLC0415 - numba only when wanted
    from fpxi.calibration.files import layout_of  # noqa: PLC0415 - likewise
    from fpxi.cli.calibration_text import document_of, facts_of  # noqa: PLC0415 - likewise

    calibration = load_calibration(path)
    first, *others = facts_of(path, calibration)
    layout = layout_of(path)
    document = {"kind": "calibration", "layout": layout, **document_of(path, calibration)}
    return FileInfo([first, ("Layout", str(layout)), *others], document)


def _recording(path: Path) -> FileInfo:
    from fpxi.recording.reader import read_recording  # noqa: PLC0415 - h5py only when wanted
    from fpxi.recording.summary import recording_summary  # noqa: PLC0415 - likewise

    with read_recording(path) as reader:
        facts = recording_summary(reader)
        numbers = {"layout": reader.layout, "frames": reader.frame_count}
        numbers |= {"complete": reader.complete}
    return _told(path, "recording", "Recording", facts, numbers)


def _corrected(path: Path) -> FileInfo:
    from fpxi.corrected_summary import corrected_summary  # noqa: PLC0415 - likewise

    summary = corrected_summary(path)
    numbers = {"layout": summary.layout, "pictures": summary.pictures, "flags": summary.flags}
    return _told(path, "corrected recording", "Corrected", summary.facts, numbers)


def _processing(path: Path) -> FileInfo:
    from fpxi.processing_file import load_processing  # noqa: PLC0415 - likewise
    from fpxi.processing_words import processing_words  # noqa: PLC0415 - likewise

    processing = load_processing(path)
    described = json.loads(processing.to_json())
    facts = [
        ("Version", str(described["version"])),
        ("Steps", ", ".join(processing_words(processing))),
        ("Values", processing.scale.value),
    ]
    return _told(path, "processing", "Processing", facts, {"processing": described})


def _told(path: Path, kind: str, name: str, facts: list[Fact], numbers: dict[str, Any]) -> FileInfo:
    summary = [{"name": each, "text": text} for each, text in facts]
    document = {"kind": kind, "path": str(path), **numbers, "summary": summary}
    return FileInfo([(name, str(path)), *facts], document)


def _is_json(path: Path) -> bool:
    """Whether a file begins as a JSON document does."""
    with path.open("rb") as file:
        return file.read(64).lstrip().startswith(b"{")


_BY_ATTRIBUTE: dict[str, Callable[[Path], FileInfo]] = {
    CALIBRATION: _calibration,
    CORRECTED: _corrected,
    RECORDING: _recording,
}
