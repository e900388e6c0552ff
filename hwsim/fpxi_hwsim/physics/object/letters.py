"""Text cut from sheet metal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fpxi_hwsim.errors import BadValueError
from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.materials.catalogue import find_material
from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.glyphs import STROKE, STROKES
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.outlines import stroke
from fpxi_hwsim.physics.object.plane import Points
from fpxi_hwsim.physics.object.thing import Thing, require_size, require_thickness

LETTER_PART = 0.79
"""of the distance from one letter to the next"""
LARGEST_PART = 0.625
"""of the extent that a single letter fills: 3 mm of a field of 4.8 mm"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters(Thing):
    """Letters `size_mm` wide and high, in rows of `columns`."""

    text: str = "CAEP"
    size_mm: float | None = None
    columns: int | None = None
    material: str = "steel"
    thickness_mm: float = 0.6

    one_thickness: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        find_material(self.material)
        if not self.text.strip() or any(letter not in STROKES for letter in self.text.upper()):
            raise BadValueError("text", self.text, f"letters out of {''.join(STROKES)!r}")
        require_size("size_mm", self.size_mm)
        if self.columns is not None:
            require("columns", self.columns, least=1)
        require_thickness("thickness_mm", self.thickness_mm)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the letters' coverage: what at least one of the strokes covers."""
        columns = self.columns or math.ceil(math.sqrt(len(self.text)))
        rows = math.ceil(len(self.text) / columns)
        size = self.size_mm or self._size(canvas.extent_mm, rows, columns)
        places = [
            ((index % columns - columns / 2 + 0.5), (index // columns - rows / 2 + 0.5))
            for index in range(len(self.text))
        ]
        layers: list[list[Points]] = [[] for _ in range(max(map(len, STROKES.values())))]
        for letter, place in zip(self.text.upper(), places, strict=True):
            corner = np.array(place) / LETTER_PART - 0.5
            for layer, line in zip(layers, STROKES[letter], strict=False):
                layer += [(outline + corner) * size for outline in stroke(line, STROKE)]
        open_part = np.ones(canvas.shape, np.float32)
        for layer in filter(None, layers):
            open_part *= 1 - canvas.coverage(layer)
        return canvas.maps({self.material: self.thickness_mm}, 1 - open_part)

    @staticmethod
    def _size(extent_mm: tuple[float, float], rows: int, columns: int) -> float:
        fitting = min(extent_mm[0] / rows, extent_mm[1] / columns)
        return min(0.94 * LETTER_PART * fitting, LARGEST_PART * min(extent_mm))
