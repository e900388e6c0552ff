"""Exporting: which frames, to which format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fpxi_imaging import Calibration

from fpxi.errors import ExportError, FrameSelectionError
from fpxi.export.formats import WRITERS
from fpxi.export.images import Images
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
    """What whoever uses the files must know."""


def export(
    path: str | Path,
    out: str | Path,
    *,
    frames: Sequence[int] | slice | None = None,
    calibration: Calibration | None = None,
    average: bool = False,
    bits: int = 16,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ExportResult:
    """Write frames of a recording, or of a corrected one, to `out`; its suffix says the format.

    | suffix | content |
    | --- | --- |
    | `.npy` | one array (frames, rows, columns), uint16 raw or float32 corrected |
    | `.tif` | a stack that ImageJ opens with its pixel size, same types |
    | `.png` | `bits` 8 or 16, grey, between robust levels; several: `x_7.png` is frame 7 |

    `frames` picks them by index (all by default; negative ones count from the end), `average`
    makes one float32 image of them, leaving out what was not received. With a `calibration` a raw
    recording is corrected on the way. Returns what was written and how it was scaled.

    Every file appears whole or not at all.

    Raises `ExportError`, `OutputError`, `FrameSelectionError`, `NotARecordingError`, and
    `fpxi_imaging.CalibrationMismatchError`.
    """
    path, out = Path(path), Path(out)
    writer = WRITERS.get(out.suffix.lower())
    if writer is None:
        raise ExportError(f"cannot write {out}: its suffix must be one of {', '.join(WRITERS)}")
    if bits not in (8, 16):
        raise ExportError(f"a PNG has 8 or 16 bits, not {bits}")
    with open_source(path, calibration) as source:
        indices = _select(path, frames, source.frame_count)
        images = Images(source, indices, average, progress)
        paths, scaling = writer(images, out, bits, overwrite)
        return ExportResult(tuple(paths), len(indices), scaling, _notes(images, out.suffix.lower()))


def _select(path: Path, frames: Sequence[int] | slice | None, available: int) -> list[int]:
    if frames is None or isinstance(frames, slice):
        indices = list(range(available)[frames or slice(None)])
    else:
        indices = [index + available if index < 0 else index for index in frames]
    if not indices or min(indices) < 0 or max(indices) >= available:
        raise FrameSelectionError(path, "all" if frames is None else f"{frames}", available)
    return indices


def _notes(images: Images, suffix: str) -> tuple[str, ...]:
    """Say what the values alone do not: rows that are missing."""
    missing = sum(images.rows_missing[index] for index in images.indices)
    if missing == 0:
        return ()
    if images.average:
        return (f"{missing} rows never arrived and are left out of the mean",)
    value = "0" if suffix == ".png" or images.dtype == np.uint16 else "NaN"
    return (f"{missing} rows never arrived and are {value}",)
