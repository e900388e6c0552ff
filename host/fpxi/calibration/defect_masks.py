"""Defects as masks: images of two values, of which one means defective."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from fpxi_imaging.defects.defect_map import DefectClass
from PIL import Image

from fpxi.calibration.defect_list_errors import (
    DefectListError,
    DefectListSizeError,
    MaskContentError,
    PolarityError,
)

Classes = npt.NDArray[np.uint16]
Mask = npt.NDArray[np.bool_]

WHITE = 255
"""The value beside 0 in pictures, so that they can be looked at."""


class Polarity(enum.Enum):
    """Which pixels of a mask are defective. Both are in use, so that it is always to be said."""

    ZERO = "zero"
    """Those that are 0."""
    NONZERO = "nonzero"
    """Those that are not 0."""


def read_mask(path: Path, shape: tuple[int, int], polarity: Polarity | None) -> Classes:
    """Read a mask from .npy, .tif or .png: its defective pixels are `IMPORTED`.

    Raises `PolarityError` if it is not said, `MaskContentError` unless the mask has two values of
    which one is 0, and `DefectListError` for what is no mask of this panel.
    """
    require_polarity(path, polarity)
    image = _load(path)
    if image.shape != shape:
        if image.ndim == 2:
            raise DefectListSizeError(path, (image.shape[0], image.shape[1]), shape)
        raise DefectListError(
            path, f"its shape is {image.shape}", "give one image, without colours"
        )
    if image.dtype.kind not in "biuf":
        raise DefectListError(path, f"its values are {image.dtype}", "give a mask of numbers")
    values = np.unique(image)
    if len(values) == 1:
        raise MaskContentError(
            path,
            f"every pixel is {values[0]}",
            "there is nothing to import from it, or its contrast was lost on the way",
        )
    if len(values) > 2 or values[0] != 0 or np.isnan(values[1]):
        shown = ", ".join(str(value) for value in values[:4]) + (", ..." if len(values) > 4 else "")
        raise MaskContentError(
            path, f"its values are {shown}", "a mask has 0 and one other; make one of it first"
        )
    defective = (image == 0) if polarity is Polarity.ZERO else (image != 0)
    return np.where(defective, np.uint16(DefectClass.IMPORTED), np.uint16(0))


def write_mask(path: Path, defective: Mask, polarity: Polarity | None, ending: str) -> None:
    """Write a mask in the format of that ending: bool as .npy, 0 and 255 as .tif or .png."""
    marked = ~defective if polarity is Polarity.ZERO else defective
    with path.open("wb") as file:
        if ending == ".npy":
            np.save(file, marked)
            return
        picture = np.where(marked, np.uint8(WHITE), np.uint8(0))
        if ending == ".png":
            Image.fromarray(picture).save(file, format="PNG")
        else:
            tifffile.imwrite(file, picture)


def require_polarity(path: Path, polarity: Polarity | None) -> None:
    """Raise `PolarityError` unless it is said which value means defective."""
    if polarity is None:
        raise PolarityError(
            path,
            "it is not said whether 0 or the other value means defective",
            "say --bad-is zero or --bad-is nonzero",
        )


def _load(path: Path) -> npt.NDArray[Any]:
    try:
        if path.suffix == ".npy":
            return np.asarray(np.load(path, allow_pickle=False))
        if path.suffix == ".png":
            with Image.open(path) as picture:
                return np.asarray(picture)
        return np.asarray(tifffile.imread(path))
    except (ValueError, SyntaxError, OSError, tifffile.TiffFileError) as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        raise DefectListError(path, f"it cannot be read ({error})", "save it again") from error
