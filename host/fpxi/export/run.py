"""Exporting: which frames, to which format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fpxi_imaging import DEFAULT_PROCESSING, Calibration, Processing

from fpxi.errors import ExportError, FrameSelectionError
from fpxi.export.formats import WRITERS
from fpxi.export.images import Images
from fpxi.export.scan import Scan, ScanSource
from fpxi.export.sources import open_source


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written."""

    paths: tuple[Path, ...]
    frames: int
    """Frames exported, or averaged."""
    scaling: str
    """How values in the files relate to counts, in words."""
    notes: tuple[str, ...]
    """What whoever uses the files must know: what is missing, what of a calibration was
    interpolated."""


def export(
    path: str | Path,
    out: str | Path,
    *,
    frames: Sequence[int] | slice | None = None,
    calibration: Calibration | None = None,
    processing: Processing = DEFAULT_PROCESSING,
    average: bool = False,
    scan: Scan | None = None,
    bits: int = 16,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    correcting: Callable[[int, int], None] | None = None,
) -> ExportResult:
    """Write frames of a recording, or of a corrected one, to `out`; its suffix says the format.

    | suffix | content |
    | --- | --- |
    | `.npy` | one array (frames, rows, columns), uint16 raw or float32 corrected |
    | `.tif` | a stack that ImageJ opens with its pixel size, same types |
    | `.png` | `bits` 8 or 16, grey, between robust levels; several: `x_7.png` is frame 7 |

    `frames` picks them by index (all by default; negative ones count from the end), `average`
    makes one float32 image of them, leaving out what was not received. With a `scan` each frame is
    a step of it, and they are joined to one image; which step a frame belongs to follows from its
    number, counted from the first frame's. With a `calibration` a raw recording is corrected on
    the way as `processing` says, which may make fewer images of its frames: `frames` picks of
    these. Returns what was written and how it was scaled.

    `progress` is called with how many images are done, and of how many. Before the first one, where
    the processing looks back on earlier frames, `correcting` is, with frames of the recording.

    Every file appears whole or not at all.

    Raises `ExportError`, `OutputError`, `FrameSelectionError`, `NotARecordingError`,
    `fpxi_imaging.CalibrationMismatchError`, and for frames that are no such scan
    `fpxi_imaging.ScanSizeError` and `ScanStepError`.
    """
    path, out = Path(path), Path(out)
    writer = WRITERS.get(out.suffix.lower())
    if writer is None:
        raise ExportError(f"cannot write {out}: its suffix must be one of {', '.join(WRITERS)}")
    if bits not in (8, 16):
        raise ExportError(f"a PNG has 8 or 16 bits, not {bits}")
    if scan is not None and average:
        raise ExportError("the frames of a scan show different places; export it without averaging")
    with open_source(path, calibration, processing, correcting) as source:
        indices = _select(path, frames, source.frame_count)
        if scan is None:
            images = Images(source, indices, average, progress)
            missing = images.missing
        else:
            joined = ScanSource(source, indices, scan, progress)
            images = Images(joined, [0], average=False)
            missing = joined.missing
        paths, scaling = writer(images, out, bits, overwrite)
        gaps = tuple(_note(words, images, out.suffix.lower()) for words in missing())
        return ExportResult(tuple(paths), len(indices), scaling, (*source.notes, *gaps))


def _select(path: Path, frames: Sequence[int] | slice | None, available: int) -> list[int]:
    if frames is None or isinstance(frames, slice):
        indices = list(range(available)[frames or slice(None)])
    else:
        indices = [index + available if index < 0 else index for index in frames]
    if not indices or min(indices) < 0 or max(indices) >= available:
        raise FrameSelectionError(path, _wanted(frames, available), available)
    return indices


def _wanted(frames: Sequence[int] | slice | None, available: int) -> str:
    """Say which frames were asked for that are not there."""
    if isinstance(frames, slice):
        bounds = ("" if each is None else str(each) for each in (frames.start, frames.stop))
        return f"frames {':'.join(bounds)}"
    if not frames:
        return "any" if frames is None else "an empty choice"
    absent = [index for index in frames if not -available <= index < available]
    listed = ", ".join(str(index) for index in absent[:8]) + (", ..." if len(absent) > 8 else "")
    return f"frame {listed}" if len(absent) == 1 else f"frames {listed}"


def _note(missing: str, images: Images, suffix: str) -> str:
    """Say what the values alone do not: what is missing."""
    if images.average:
        return f"{missing} never arrived and are left out of the mean"
    value = "0" if suffix == ".png" or images.dtype == np.uint16 else "NaN"
    return f"{missing} never arrived and are {value}"
