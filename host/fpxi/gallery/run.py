"""Taking every picture of the gallery, and writing it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fpxi.errors import ExportExistsError
from fpxi.gallery.drawing import Drawn, contact_sheet, draw
from fpxi.gallery.objects import COARSE
from fpxi.gallery.page import page
from fpxi.gallery.pictures import SMALL_ARRAY, Bench, moves, scan_of
from fpxi.whole_file import whole_files

if TYPE_CHECKING:
    from fpxi_hwsim.presets import Preset

PAGE, SHEET = "index.html", "contact-sheet.png"
FRAMES = 16

Progress = Callable[[str, str, int, int], None]


@dataclass(frozen=True, slots=True)
class GalleryResult:
    """What was written, and the pictures."""

    page: Path
    sheet: Path
    drawn: tuple[Drawn, ...]
    notes: tuple[str, ...]
    """what whoever looks at the pictures must know"""


def make_gallery(
    presets: Sequence[Preset],
    objects: Sequence[str],
    folder: Path,
    *,
    frames: int = FRAMES,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> GalleryResult:
    """Take the picture of each object on each preset; write a page and a contact sheet.

    `frames` are averaged in each picture. A single pixel, a row of pixels or a small array is moved
    over the object, if that does not move by itself. `progress` is called with preset,
    object, the pictures done, and all.

    Raises `ExportExistsError`, `OutputError`, and the simulator's named errors for an object.
    """
    paths = [folder / PAGE, folder / SHEET]
    for path in paths:
        if path.exists() and not overwrite:
            raise ExportExistsError(path)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(preset, [name for name in objects if _fits(preset, name)]) for preset in presets]
    total = sum(len(names) for _, names in wanted)
    drawn: list[Drawn] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as recordings:
        for preset, names in wanted:
            bench = Bench(preset, Path(recordings), frames)
            if progress is not None:
                progress(preset.name, "calibration", len(drawn), total)
            bench.prepare()
            if bench.uncorrected:
                notes.append(f"{preset.name} is shown uncorrected: {bench.uncorrected}")
            for name in names:
                drawn.append(draw(bench.take(name)))
                if progress is not None:
                    progress(preset.name, name, len(drawn), total)
    with whole_files(paths) as (page_part, sheet_part):
        page_part.write_text(page(presets, drawn), encoding="utf-8")
        contact_sheet(drawn).save(sheet_part, format="PNG", optimize=True)
    return GalleryResult(paths[0], paths[1], tuple(drawn), tuple(notes))


def _fits(preset: Preset, name: str) -> bool:
    """Whether a panel can show an object: one that is moved itself shows nothing that moves."""
    if name in COARSE:
        return 1 < preset.geometry.rows <= SMALL_ARRAY
    return scan_of(preset) is None or not moves(name)
