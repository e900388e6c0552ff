"""A recording in words, for whoever wonders what is in a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from fpxi.image_key import ImageKey
from fpxi.recording import layout
from fpxi.recording.reader import RecordingReader

Fact = tuple[str, str]
_SHOWN = {
    ImageKey.IMAGE: "image",
    ImageKey.FLAT: "flat",
    ImageKey.DARK: "dark",
    ImageKey.INVALID: "invalid frame",
}


def recording_summary(reader: RecordingReader) -> list[Fact]:
    """Return whose frames a recording holds, how many, and under which conditions: names, words."""
    entry, identity = reader.group(layout.ENTRY), reader.facts.identity
    started = datetime.fromisoformat(entry["start_time"].asstr()[()]).astimezone(UTC)
    firmware = ".".join(map(str, identity.firmware_version))
    area, binning = reader.area, reader.area.binning
    binned = f", binned {binning} x {binning}" if binning > 1 else ""
    place = f"{area.rows} x {area.columns} samples from row {area.first_row}"
    facts = [
        ("Layout", str(reader.layout)),
        ("Panel", f"{reader.geometry.name}, serial number {identity.serial_number}"),
        ("Firmware", firmware),
        ("Device", reader.facts.url),
        ("Started", f"{started:%Y-%m-%d %H:%M:%S} UTC{_ending(reader)}"),
        ("Frames", f"{reader.frame_count} of {place}, column {area.first_column}{binned}"),
    ]
    if reader.frame_count:
        facts += [("Shown", shown_words(reader.image_keys)), *_of_frames(reader)]
    facts += [("Event", each.text) for each in reader.events()]
    return facts


def shown_words(keys: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    """Return how many frames show what."""
    counts = ((each, int(np.count_nonzero(keys == each))) for each in ImageKey)
    return ", ".join(
        f"{count} {_SHOWN[each]}{'s' * (count != 1)}" for each, count in counts if count
    )


def range_words(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], unit: str) -> str:
    """Return the smallest and the largest value, once if they are the same to six digits."""
    low, high = (f"{value:.6g}" for value in (np.min(values), np.max(values)))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _of_frames(reader: RecordingReader) -> Iterator[Fact]:
    column = reader.column
    yield "Exposure", range_words(column("exposure_time") * 1e3, "ms")
    names = [gain.name for gain in reader.geometry.gain_settings]
    settings = [int(each) for each in np.unique(column("gain_setting"))]
    yield "Gain setting", ", ".join(f"{each} ({names[each]})" for each in settings)
    yield "Bias", range_words(column("bias_voltage"), "V")
    yield "Temperature", range_words(column("temperature"), "degC")
    yield "Duration", _duration(reader)
    missing = int(column("rows_missing").sum(dtype=np.int64))
    yield "Missing", f"{_gaps(reader)} frames, {missing} rows of others"


def _duration(reader: RecordingReader) -> str:
    """Return the time from the first exposure to the last, by the panel's clock."""
    times = reader.column("timestamp").astype(np.int64)
    steps = np.diff(times)
    if np.any(steps <= 0):
        return "unknown: the panel's clock began anew in between"
    seconds = int(times[-1] - times[0]) * 1e-6
    rate = f", {1e6 / float(np.median(steps)):.4g} frames/s" if len(steps) else ""
    return f"{seconds:.4g} s from first to last frame{rate}"


def _gaps(reader: RecordingReader) -> int:
    """Count the numbers left out between frames; where they run back, the panel began anew."""
    steps = np.diff(reader.column("sequence_number").astype(np.int64))
    return int((steps[steps > 0] - 1).sum())


def _ending(reader: RecordingReader) -> str:
    return "" if reader.complete else "; cut short, as by a crash"
