"""Pictures as greys, single and on one sheet."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from fpxi_imaging import PixelFlag, robust_levels
from PIL import Image, ImageDraw, ImageFont

from fpxi.gallery.pictures import Picture

PERCENTILES = (1.0, 99.0)
NO_VALUE = (196, 60, 48)
"""colour of a pixel without a value"""
NOT_IMAGING = (206, 206, 200)
"""colour of a pixel that is not meant to have one"""
CELL = 132
GAP = 8
TITLE_WIDTH = 150
TITLE_HEIGHT = 40
BACKGROUND, INK = (250, 250, 248), (32, 34, 38)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture in greys between two levels."""

    picture: Picture
    image: Image.Image
    low: float
    high: float

    @property
    def data_url(self) -> str:
        """The image as a PNG within a URL."""
        file = io.BytesIO()
        self.image.save(file, format="PNG", optimize=True)
        return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def draw(picture: Picture) -> Drawn:
    """Draw between robust levels of the good pixels."""
    low, high = robust_levels(picture.values, picture.flags, PERCENTILES)
    missing = ~np.isfinite(picture.values)
    relative = np.clip((np.where(missing, low, picture.values) - low) / (high - low), 0, 1)
    grey = np.rint(relative * 255).astype(np.uint8)
    if not missing.any():
        return Drawn(picture, Image.fromarray(grey), low, high)
    coloured = np.repeat(grey[..., None], 3, axis=2)
    coloured[missing] = NO_VALUE
    coloured[picture.flags & PixelFlag.NOT_IMAGING != 0] = NOT_IMAGING
    return Drawn(picture, Image.fromarray(coloured), low, high)


def contact_sheet(drawn: Sequence[Drawn]) -> Image.Image:
    """Lay the pictures out: a row for each panel, a column for each object."""
    presets = list(dict.fromkeys(each.picture.preset for each in drawn))
    objects = list(dict.fromkeys(each.picture.object for each in drawn))
    size = (TITLE_WIDTH + len(objects) * (CELL + GAP), TITLE_HEIGHT + len(presets) * (CELL + GAP))
    sheet = Image.new("RGB", size, BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    for column, name in enumerate(objects):
        _write(pen, name, (TITLE_WIDTH + column * (CELL + GAP), 6), CELL)
    for row, name in enumerate(presets):
        _write(pen, name, (GAP, TITLE_HEIGHT + row * (CELL + GAP) + CELL // 2 - 10), TITLE_WIDTH)
    for each in drawn:
        column, row = objects.index(each.picture.object), presets.index(each.picture.preset)
        corner = (TITLE_WIDTH + column * (CELL + GAP), TITLE_HEIGHT + row * (CELL + GAP))
        _paste(sheet, each.image, corner)
    return sheet


def _paste(sheet: Image.Image, image: Image.Image, corner: tuple[int, int]) -> None:
    """Put a picture in the middle of its cell: single pixels stay squares."""
    factor = CELL / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    smaller = factor < 1
    scaled = image.resize(size, Image.Resampling.BOX if smaller else Image.Resampling.NEAREST)
    sheet.paste(scaled, (corner[0] + (CELL - size[0]) // 2, corner[1] + (CELL - size[1]) // 2))


def _write(pen: ImageDraw.ImageDraw, text: str, corner: tuple[int, int], width: int) -> None:
    font = cast("ImageFont.FreeTypeFont", ImageFont.load_default(size=13))
    broken = textwrap.fill(text.replace("@", " @"), max(8, width // 7))
    pen.multiline_text(corner, broken, font=font, fill=INK, spacing=2)
