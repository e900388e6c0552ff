"""The pieces of a compound object, added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.plane import Map, Points


@dataclass(slots=True)
class Parts:
    """The thickness of each material, mm of the drawing, as pieces are added."""

    canvas: Canvas
    maps: dict[str, Map] = field(default_factory=dict)

    def flat(self, material: str, thickness: float, outlines: Sequence[Points]) -> None:
        """Add a flat piece, or take it away where the thickness is negative."""
        window, covered = self.canvas.patch(outlines)
        self._map(material)[window] += np.float32(thickness) * covered

    def body(self, material: str, thickness: Map) -> None:
        """Add a body of any thickness."""
        self._map(material)[...] += thickness

    def scaled(self, scale: float) -> dict[str, Map]:
        """Return the thicknesses in mm of an object `scale` times as large as the drawing.

        What was taken away leaves nothing less than nothing.
        """
        return {name: np.maximum(part, 0) * np.float32(scale) for name, part in self.maps.items()}

    def _map(self, material: str) -> Map:
        return self.maps.setdefault(material, np.zeros(self.canvas.shape, np.float32))
