"""Measure the published figures of all presets on simulated frames, and write the table.

    python tests/benchmarks/published_figures.py [--write docs/presets.md] [--only TEXT]

Every figure is obtained from frames in counts by the textbook's estimators (textbook.py,
textbook_edge.py), which know the settings of the measurement and nothing of the simulator. The
exit status is 1 if a figure is not within its tolerance.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import figures_array
import figures_camera
import figures_cmos32
import figures_pixel
import figures_tft64
import numpy as np
from figures_table import Row, table
from figures_text import CITATIONS, DISAGREEMENTS, HEADING, PICTURE
from fpxi_hwsim.presets import find_preset
from PIL import Image

PAPERS = (figures_tft64, figures_array, figures_camera, figures_cmos32, figures_pixel)
DOSES_UGY = (0.5, 2.0, 18.5, 50.0)
PICTURE_NAME = "presets-letters.png"
ENLARGED = 4


def measure(rows: Iterable[Row]) -> dict[str, list[tuple[Row, float]]]:
    """Return the measured rows of each preset, and print each as it comes."""
    measured: dict[str, list[tuple[Row, float]]] = {}
    for row in rows:
        obtained = row.measure()
        verdict = row.difference(obtained)
        print(f"{row.name}: {row.claim}; obtained {obtained:.4g} ({verdict})", flush=True)
        measured.setdefault(row.preset, []).append((row, obtained))
    return measured


def document(measured: dict[str, list[tuple[Row, float]]]) -> str:
    """Write the page."""
    parts = [HEADING]
    for preset, rows in measured.items():
        parts.append(f"## `{preset}`\n\n{find_preset(preset).title}.\n\n{table(rows)}")
        if preset == figures_tft64.TIO2:
            parts.append(PICTURE)
    return "\n".join([*parts, DISAGREEMENTS, CITATIONS])


def draw_letters(path: Path) -> None:
    """Draw the letters C, A, E, P at several doses side by side, from dark to 1.1 times air."""
    images = [np.nan_to_num(figures_tft64.letters(dose * 1e-6), nan=1.0) for dose in DOSES_UGY]
    gap = np.ones((64, 4))
    strip = np.hstack([part for image in images for part in (image, gap)][:-1])
    grey = np.clip(np.rint(strip / 1.1 * 255), 0, 255).astype(np.uint8)
    large = grey.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)
    Image.fromarray(large).save(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="page to write; the picture goes to images/")
    parser.add_argument("--only", default="", help="measure figures whose name contains this")
    arguments = parser.parse_args()
    rows = [row for paper in PAPERS for row in paper.FIGURES if arguments.only in row.name]
    measured = measure(rows)
    if arguments.write:
        arguments.write.write_text(document(measured), encoding="utf-8")
        draw_letters(arguments.write.parent / "images" / PICTURE_NAME)
    return int(
        not all(row.agrees(obtained) for part in measured.values() for row, obtained in part)
    )


if __name__ == "__main__":
    sys.exit(main())
