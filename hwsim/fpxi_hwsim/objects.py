"""What can lie in the beam: maps of transmission, sampled to the panel's pixels.

A map is float32 (rows, columns), 1 where nothing absorbs. Each value is the mean over the
pixel's area, so that the pixel aperture is in the map.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, UnidentifiedImageError

from fpxi_hwsim.errors import ObjectError

Transmission = npt.NDArray[np.float32]
Shape = tuple[int, int]

STEEL_TRANSMISSION = 0.2
"""about 0.6 mm of stainless steel at a mean energy of 42 keV"""
EDGE_ANGLE_DEG = 3.0
OVERSAMPLING = 8

Point = tuple[float, float]


def _arc(
    centre: Point, radii: Point, start_rad: float, end_rad: float, points: int = 16
) -> list[Point]:
    """Points on part of an ellipse; angles grow from right to down."""
    return [
        (centre[0] + radii[0] * math.cos(angle), centre[1] + radii[1] * math.sin(angle))
        for angle in np.linspace(start_rad, end_rad, points)
    ]


# Strokes of the letters in a cell one unit wide and high, y downwards: lines through points.
_LETTERS: dict[str, list[list[Point]]] = {
    "A": [[(0.08, 0.95), (0.5, 0.05), (0.92, 0.95)], [(0.25, 0.62), (0.75, 0.62)]],
    "C": [_arc((0.5, 0.5), (0.42, 0.44), 0.85, 5.43)],
    "E": [[(0.85, 0.08), (0.2, 0.08), (0.2, 0.92), (0.85, 0.92)], [(0.2, 0.5), (0.72, 0.5)]],
    "H": [[(0.15, 0.05), (0.15, 0.95)], [(0.85, 0.05), (0.85, 0.95)], [(0.15, 0.5), (0.85, 0.5)]],
    "P": [
        [(0.2, 0.95), (0.2, 0.08), *_arc((0.62, 0.31), (0.23, 0.23), -1.57, 1.57), (0.2, 0.54)],
    ],
    "S": [
        [
            *_arc((0.5, 0.29), (0.33, 0.22), -0.6, -4.7),
            *_arc((0.5, 0.72), (0.33, 0.22), -1.6, 2.6),
        ]
    ],
    "T": [[(0.08, 0.08), (0.92, 0.08)], [(0.5, 0.08), (0.5, 0.95)]],
    "U": [[(0.15, 0.05), *_arc((0.5, 0.58), (0.35, 0.36), math.pi, 0), (0.85, 0.05)]],
}


def transmission_of(name: str, shape: Shape) -> Transmission:
    """Return the transmission of a named object, or of an image file (white transmits all).

    An image keeps its proportions and is surrounded by air where it does not fill the panel.

    Raises
    ------
    ObjectError
        The name is unknown and is no readable image file.

    """
    if name in OBJECTS:
        return OBJECTS[name](shape)
    return _from_file(name, shape)


def _uniform(shape: Shape) -> Transmission:
    return np.ones(shape, np.float32)


def _letters(text: str) -> Callable[[Shape], Transmission]:
    return lambda shape: _draw_letters(text, shape)


def _draw_letters(text: str, shape: Shape) -> Transmission:
    """Four steel letters, two by two."""
    rows, columns = (OVERSAMPLING * n for n in shape)
    image = Image.new("F", (columns, rows), 1.0)
    draw = ImageDraw.Draw(image)
    for index, letter in enumerate(text):
        top, left = (0.08 + 0.47 * k for k in divmod(index, 2))
        _draw_letter(draw, letter, (left * columns, top * rows), (0.37 * columns, 0.37 * rows))
    return _mean_over_pixels(np.asarray(image), shape)


def _draw_letter(
    draw: ImageDraw.ImageDraw, letter: str, corner: tuple[float, float], size: tuple[float, float]
) -> None:
    width = 0.17 * size[0]
    for stroke in _LETTERS[letter]:
        points = [(corner[0] + x * size[0], corner[1] + y * size[1]) for x, y in stroke]
        draw.line(points, fill=STEEL_TRANSMISSION, width=round(width), joint="curve")


def _mean_over_pixels(fine: npt.NDArray[np.float32], shape: Shape) -> Transmission:
    blocks = fine.reshape(shape[0], OVERSAMPLING, shape[1], OVERSAMPLING)
    transmission: Transmission = blocks.mean(axis=(1, 3), dtype=np.float64).astype(np.float32)
    return transmission


def _edge(shape: Shape) -> Transmission:
    """Opaque tungsten plate covering the left, its edge EDGE_ANGLE_DEG from the columns.

    Exact across the columns, by 64 lines a pixel along the rows.
    """
    rows, columns = shape
    lines = 64
    y = (np.arange(rows * lines) + 0.5) / lines - rows / 2
    x_edge = columns / 2 + y * math.tan(math.radians(EDGE_ANGLE_DEG))
    covered = np.clip(x_edge[:, None] - np.arange(columns), 0, 1)
    transmission: Transmission = 1 - covered.reshape(rows, lines, columns).mean(axis=1)
    return transmission.astype(np.float32)


OBJECTS: dict[str, Callable[[Shape], Transmission]] = {
    "none": _uniform,
    "uniform": _uniform,
    "letters-caep": _letters("CAEP"),
    "letters-hust": _letters("HUST"),
    "edge": _edge,
}


def _from_file(name: str, shape: Shape) -> Transmission:
    path = Path(name)
    if not path.is_file():
        raise ObjectError(name, "no such object and no such file", OBJECTS)
    try:
        with Image.open(path) as opened:
            grey = _grey(name, opened)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise ObjectError(name, f"not readable as an image ({error})", OBJECTS) from error
    return _fit(grey, shape)


def _grey(name: str, image: Image.Image) -> Transmission:
    """Grey values from 0 to 1, by the full scale of the image's type."""
    if image.mode == "I":
        raise ObjectError(name, "32-bit integers have no agreed white; save 8 or 16 bits", OBJECTS)
    array = np.asarray(image if image.mode in ("I;16", "I;16B", "F") else image.convert("L"))
    scale = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
    grey: Transmission = array.astype(np.float32) / np.float32(scale)
    if not (np.isfinite(grey).all() and grey.min() >= 0 and grey.max() <= 1):
        raise ObjectError(name, "transmission must lie between 0 and 1", OBJECTS)
    return grey


def _fit(grey: Transmission, shape: Shape) -> Transmission:
    scale = min(shape[0] / grey.shape[0], shape[1] / grey.shape[1])
    rows, columns = (max(1, round(n * scale)) for n in grey.shape)
    resized = Image.fromarray(grey).resize((columns, rows), Image.Resampling.BOX)
    top, left = (shape[0] - rows) // 2, (shape[1] - columns) // 2
    air = np.ones(shape, np.float32)
    air[top : top + rows, left : left + columns] = np.asarray(resized)
    return air
