"""Defects as lines of text: row, column, and the classes if they are known."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fpxi_imaging import ImagingError
from fpxi_imaging.defects.defect_map import DefectClass, require_inside

from fpxi.calibration.defect_list_errors import DefectLineError, DefectListError

Classes = npt.NDArray[np.uint16]

_REMEDY = (
    "write row and column, counted from 0, and classes if known: `12 40 dead,noisy` or `12,40`"
)
_BETWEEN = re.compile(r"\s*,\s*|\s+")
NAMES = {str(defect.name).lower(): defect for defect in DefectClass}


def class_names(classes: int) -> str:
    """Return the names of a pixel's classes between commas."""
    return ",".join(name for name, defect in NAMES.items() if classes & defect)


def read_text(path: Path, shape: tuple[int, int]) -> Classes:
    """Read `row column [class ...]` lines, counted from 0; after a # stands what is not read.

    Between them are blanks or commas: `12 40 dead,noisy`, `12,40`. Numbers are not taken for
    classes, so that a line has one meaning only.
    Every pixel read is also `IMPORTED`. Raises `DefectListError`.
    """
    classes = np.zeros(shape, np.uint16)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DefectListError(path, "it is not text", "save it as UTF-8") from error
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            _read_line(path, number, text, classes)
    return classes


def write_text(path: Path, classes: Classes) -> None:
    """Write the pixels that have a class."""
    rows, columns = classes.shape
    lines = [
        f"# defects of {rows} rows x {columns} columns, counted from 0",
        "# row column classes",
    ]
    lines += [
        f"{row} {column} {class_names(int(classes[row, column]))}"
        for row, column in np.argwhere(classes)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read_line(path: Path, number: int, text: str, classes: Classes) -> None:
    words = _BETWEEN.split(text)
    if len(words) < 2 or not all(word.isdecimal() for word in words[:2]):
        raise DefectLineError(path, number, f"{text!r} is no defect", _REMEDY)
    place = int(words[0]), int(words[1])
    try:
        require_inside(place, (classes.shape[0], classes.shape[1]))
    except ImagingError as error:
        remedy = "use the list of this panel, region and binning"
        raise DefectLineError(path, number, str(error), remedy) from error
    defect = DefectClass.IMPORTED
    for name in words[2:]:
        if name not in NAMES:
            raise DefectLineError(
                path, number, f"{name!r} is no class", f"{_REMEDY}; known are {', '.join(NAMES)}"
            )
        defect |= NAMES[name]
    classes[place] |= np.uint16(defect)
