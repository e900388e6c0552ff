"""Defects as the XML lists of Perkin Elmer (Varex) panels: `BadPixelMap`.

A `BadPixel` has X, its column, and Y, its row, both counted from 0; NoisyPixel; and Mask, whose
eight bits tell which neighbours are good: 0 the one above on the left, 1 on the left, 2 below on
the left, 3 above on the right, 4 on the right, 5 below on the right, 6 above, 7 below. That was
found from the lists of two panels, in which 98.9 % or more of each bit are so. Mask follows from
the other pixels: it is written, and not read.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
from fpxi_imaging import ImagingError
from fpxi_imaging.defects.defect_map import DefectClass, require_inside

from fpxi.calibration.defect_list_errors import (
    DefectListError,
    DefectListSizeError,
    XmlRefusedError,
)

Classes = npt.NDArray[np.uint16]

MOST_BYTES = 1 << 28
"""Of a file: room for three million pixels."""
_ROOT, _PIXEL = "BadPixelMap", "BadPixel"
_LISTS = {"BadPixels", "UserDefinedBadPixels"}
_NEIGHBOURS = ((-1, -1), (0, -1), (1, -1), (-1, 1), (0, 1), (1, 1), (-1, 0), (1, 0))
"""Rows and columns from a pixel to that of each bit of its Mask."""


def read_xml(path: Path, shape: tuple[int, int]) -> Classes:
    """Read a `BadPixelMap`: its pixels are `IMPORTED`, and `NOISY` where it says so.

    Raises `XmlRefusedError` for a document type (entities) or too large a file, and
    `DefectListError` for anything else that is no list of this panel.
    """
    root = _parse(path)
    if root.tag != _ROOT:
        raise DefectListError(path, f"it is a {root.tag}, no {_ROOT}", "give a list of defects")
    size = _number(path, root, "SizeY"), _number(path, root, "SizeX")
    if size != shape:
        raise DefectListSizeError(path, size, shape)
    classes: Classes = np.zeros(shape, np.uint16)
    for part in root:
        if part.tag not in _LISTS and len(part):
            raise DefectListError(
                path, f"how {part.tag} lists defects is not known", "list each pixel in BadPixels"
            )
        for pixel in part:
            place = _number(path, pixel, "Y"), _number(path, pixel, "X")
            try:
                require_inside(place, shape)
            except ImagingError as error:
                raise DefectListError(path, str(error), "X is the column, Y the row") from error
            noisy = pixel.get("NoisyPixel", "false").strip().lower() == "true"
            classes[place] |= DefectClass.IMPORTED | (DefectClass.NOISY if noisy else 0)
    return classes


def write_xml(path: Path, classes: Classes) -> None:
    """Write the pixels that have a class."""
    bad = classes != 0
    rows, columns = classes.shape
    good = np.pad(~bad, 1)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<{_ROOT} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" SizeX="{columns}" SizeY="{rows}">',
        "  <BadPixels>",
    ]
    for row, column in np.argwhere(bad):
        mask = sum(
            int(good[row + 1 + down, column + 1 + right]) << bit
            for bit, (down, right) in enumerate(_NEIGHBOURS)
        )
        noisy = "true" if classes[row, column] & DefectClass.NOISY else "false"
        lines.append(f'    <{_PIXEL} X="{column}" Y="{row}" Mask="{mask}" NoisyPixel="{noisy}" />')
    lines += [
        "  </BadPixels>",
        "  <UserDefinedBadPixels />",
        "  <BadRows />",
        "  <BadColumns />",
        f"</{_ROOT}>",
    ]
    path.write_bytes("\r\n".join(lines).encode("utf-8"))


class _NoDocumentType(ElementTree.TreeBuilder):
    """Ends at a document type, where alone entities are declared."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        """Refuse it."""
        raise XmlRefusedError(
            self._path, f"it declares a document type, {name}", "take that line out"
        )


def _parse(path: Path) -> ElementTree.Element:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise XmlRefusedError(
            path, f"it has {size} bytes", f"a list of defects has at most {MOST_BYTES}"
        )
    parser = ElementTree.XMLParser(target=_NoDocumentType(path))
    try:
        parser.feed(path.read_bytes())
        root: ElementTree.Element = parser.close()
    except ElementTree.ParseError as error:
        raise DefectListError(path, f"it is not whole XML ({error})", "save it again") from error
    return root


def _number(path: Path, element: ElementTree.Element, name: str) -> int:
    text = element.get(name, "")
    if not text.isdecimal():
        raise DefectListError(
            path, f"a {element.tag} has {name}={text!r}", f'give it as a number, {name}="12"'
        )
    return int(text)
