"""Lists and masks of defects, by the ending of their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from fpxi_imaging.defects.defect_map import DefectClass, DefectMap

from fpxi.calibration.defect_list_errors import DefectListFormatError, PolarityError
from fpxi.calibration.defect_masks import Polarity, read_mask, require_polarity, write_mask
from fpxi.calibration.defect_text import read_text, write_text
from fpxi.calibration.defect_xml import read_xml, write_xml
from fpxi.whole_file import whole_file

Classes = npt.NDArray[np.uint16]

LISTS = (".txt", ".xml")
MASKS = (".npy", ".tif", ".tiff", ".png")


def read_defects(
    path: str | Path, shape: tuple[int, int], polarity: Polarity | None = None
) -> Classes:
    """Read the defects of a panel of this shape (rows, cols): uint16 `DefectClass` bits.

    .txt: lines of row, column and classes. .xml: a `BadPixelMap`. .npy, .tif, .png: a mask, of
    which `polarity` must say which value means defective. All that is read is also `IMPORTED`.

    Raises `DefectListError`, and `OSError` if there is no such file to read.
    """
    path = Path(path)
    _require_format(path, polarity)
    if path.suffix == ".txt":
        return read_text(path, shape)
    if path.suffix == ".xml":
        return read_xml(path, shape)
    return read_mask(path, shape, polarity)


def format_words(path: Path, polarity: Polarity | None = None) -> str:
    """Say what kind of list a file is, as a record of its import does."""
    if path.suffix in LISTS:
        return "list of pixels" if path.suffix == ".txt" else "BadPixelMap"
    return f"mask, {'0' if polarity is Polarity.ZERO else 'not 0'} means defective"


def write_defects(path: str | Path, defects: DefectMap, polarity: Polarity | None = None) -> None:
    """Write the defects that are left after all edits, in the formats of `read_defects`.

    A pixel that only a user marked has no class; it is written as `IMPORTED`. The file appears
    whole or not at all. Raises `DefectListError` and `OutputError`.
    """
    path = Path(path)
    _require_format(path, polarity)
    classes = effective_classes(defects)
    with whole_file(path) as part:
        if path.suffix == ".txt":
            write_text(part, classes)
        elif path.suffix == ".xml":
            write_xml(part, classes)
        else:
            write_mask(part, classes != 0, polarity, path.suffix)


def effective_classes(defects: DefectMap) -> Classes:
    """Return the class map after the edits: cleared pixels 0, marked ones at least `IMPORTED`."""
    mask = defects.mask
    unnamed = mask & (defects.classes == 0)
    return np.where(unnamed, np.uint16(DefectClass.IMPORTED), defects.classes * mask)


def _require_format(path: Path, polarity: Polarity | None) -> None:
    if path.suffix not in (*LISTS, *MASKS):
        raise DefectListFormatError(path, (*LISTS, *MASKS))
    if path.suffix in MASKS:
        require_polarity(path, polarity)
    elif polarity is not None:
        raise PolarityError(path, "a list has no polarity", "leave --bad-is out")
