"""From values and flags to coloured pixels: pure array functions, no Qt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fpxi_imaging.flags import PixelFlag

from fpxi_gui.state import Picture

Rgb = tuple[int, int, int]

FLAG_COLOURS: dict[PixelFlag, Rgb] = {
    PixelFlag.DEFECT: (38, 198, 218),
    PixelFlag.ZINGER: (129, 212, 110),
    PixelFlag.CUT_OFF: (92, 120, 255),
    PixelFlag.SATURATED: (255, 82, 82),
    PixelFlag.NOT_IMAGING: (52, 60, 76),
    PixelFlag.UNREPAIRABLE: (171, 71, 188),
    PixelFlag.NO_LOGARITHM: (240, 98, 178),
    PixelFlag.MISSING: (255, 167, 38),
}
"""Signal colour of each flag; where a pixel carries several, the later one is drawn."""

FLAG_NAMES: dict[PixelFlag, str] = {
    PixelFlag.DEFECT: "defect, interpolated",
    PixelFlag.ZINGER: "zinger, replaced",
    PixelFlag.CUT_OFF: "cut off",
    PixelFlag.SATURATED: "saturated",
    PixelFlag.NOT_IMAGING: "process ring",
    PixelFlag.UNREPAIRABLE: "defect, no value",
    PixelFlag.NO_LOGARITHM: "no logarithm",
    PixelFlag.MISSING: "not received",
}

NO_VALUE: Rgb = (96, 96, 96)
"""A pixel without a value and without a flag that says why."""

ALWAYS_MARKED = (
    PixelFlag.SATURATED
    | PixelFlag.CUT_OFF
    | PixelFlag.MISSING
    | PixelFlag.NOT_IMAGING
    | PixelFlag.UNREPAIRABLE
    | PixelFlag.NO_LOGARITHM
)
"""Flags whose pixels have no value to show, or one that misleads."""


def colourise(picture: Picture, table: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return RGB uint8 (rows, cols, 3) for a picture; `table` is uint8 (256, 3).

    Values at and below the low level take the first colour, at and above the high level the last.
    """
    image: npt.NDArray[np.uint8] = np.take(
        table, _table_index(picture.values, picture.levels), axis=0
    )
    image[~np.isfinite(picture.values)] = NO_VALUE
    for flag, colour in FLAG_COLOURS.items():
        if flag in picture.marked:
            image[(picture.flags & flag) != 0] = colour
    return image


def _table_index(
    values: npt.NDArray[np.float32], levels: tuple[float, float]
) -> npt.NDArray[np.uint8]:
    low, high = levels
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (values - np.float32(low)) * np.float32(256 / (high - low))
    index: npt.NDArray[np.uint8] = np.nan_to_num(np.clip(scaled, 0, 255)).astype(np.uint8)
    return index


def count_flags(flags: npt.NDArray[np.uint8]) -> dict[PixelFlag, int]:
    """Return how many pixels carry each flag, leaving out flags that none carries."""
    counts = {flag: int(np.count_nonzero(flags & flag)) for flag in FLAG_COLOURS}
    return {flag: count for flag, count in counts.items() if count}
