"""A data-cable adapter: cable, plastic shell, circuit board, steel connector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.outlines import disk, hole, rectangle, rounded, stroke
from fpxi_hwsim.physics.object.parts import Parts
from fpxi_hwsim.physics.object.plane import Points
from fpxi_hwsim.physics.object.solids import tube, wires
from fpxi_hwsim.physics.object.thing import Thing, require_size

DRAWN_MM = 41.0
"""length of the drawing below, whose numbers are mm, the connector to the right"""
LONGEST_MM = 300.0
PART_OF_EXTENT = 1.12
CONDUCTORS_Y = (-3.3, -1.1, 1.1, 3.3)
CABLE_Y = (-0.95, -0.32, 0.32, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter(Thing):
    """An adapter `length_mm` long with the piece of its cable; all else in proportion."""

    angle_deg: float = 35.0
    length_mm: float | None = None

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        require_size("length_mm", self.length_mm, most=LONGEST_MM)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the thickness of plastics, copper, board, silicon, solder and steel."""
        scale = (self.length_mm or PART_OF_EXTENT * min(canvas.extent_mm)) / DRAWN_MM
        parts = Parts(canvas.enlarged(scale))
        for add in (_add_shell, _add_cable, _add_board, _add_chip, _add_connector):
            add(parts)
        return canvas.maps(parts.scaled(scale))


def _add_shell(parts: Parts) -> None:
    """Add a box 8 mm deep with a wall of 1.2 mm."""
    outer, inner = rounded(-11, -7, 10, 7, 2), rounded(-9.8, -5.8, 8.8, 5.8, 1)
    parts.flat("ABS", 8, [outer, hole(inner)])
    parts.flat("ABS", 2.4, [inner])
    parts.flat("ABS", 1.5, [disk(x, y, 1.0) for x in (-8.4, 7.4) for y in (-4.5, 4.5)])


def _add_cable(parts: Parts) -> None:
    """Add the jacket, and four insulated conductors that fan out to the board's pads."""
    parts.body("PVC", tube(parts.canvas, (-21, -9.5), (2.3, 1.7)))
    for rib in range(4):
        left = -15.5 + 1.2 * rib
        parts.body("PVC", tube(parts.canvas, (left, left + 0.7), (3.2, 2.3)))
    paths = [_conductor(*ends) for ends in zip(CABLE_Y, CONDUCTORS_Y, strict=True)]
    parts.body("copper", wires(parts.canvas, paths, 0.27))
    pads = [rounded(-6.6, y - 0.7, -4.6, y + 0.7, 0.5) for y in CONDUCTORS_Y]
    parts.flat("solder", 0.35, pads)


def _conductor(start: float, end: float) -> Points:
    """Path from the height in the cable to that on the board."""
    along = np.linspace(-21, -5.5, 80)
    bend = np.clip((along + 10) / 3.5, 0, 1)
    y = start + (end - start) * bend**2 * (3 - 2 * bend) + 0.12 * np.sin(along + 3 * start)
    return np.stack([along, y, np.zeros(80)], axis=1)


def _add_board(parts: Parts) -> None:
    """Add a board of glass fibre with its tracks, a crystal in a can and small parts."""
    parts.flat("glass", 0.8, [rectangle(-7.2, -5.2, 8.2, 5.2)])
    tracks = [((-4.6, y), (-3.2, y), (-1.6, 0.6 * y)) for y in CONDUCTORS_Y]
    tracks += [((4.1, 0.5 * y), (5.4, y), (10.5, y)) for y in CONDUCTORS_Y]
    for track in tracks:
        parts.flat("copper", 0.1, stroke(np.array(track), 0.45))
    parts.flat("steel", 0.4, [rounded(-3.0, 3.5, 0.4, 5.0, 0.5)])
    parts.flat(
        "steel", 0.5, [rounded(-3.0, 3.5, 0.4, 5.0, 0.5), hole(rounded(-2.7, 3.8, 0.1, 4.7, 0.3))]
    )
    for x, y in ((2.2, 4.0), (4.2, 4.0), (-2.2, -4.2), (0.2, -4.2), (2.6, -4.2)):
        parts.flat("alumina", 0.6, [rectangle(x - 0.75, y - 0.4, x + 0.75, y + 0.4)])
        ends = [rectangle(x + end - 0.2, y - 0.45, x + end + 0.2, y + 0.45) for end in (-0.7, 0.7)]
        parts.flat("solder", 0.35, ends)


def _add_chip(parts: Parts) -> None:
    """Add a chip: die on a copper paddle, leads on two sides, bond wires."""
    parts.flat("copper", 0.15, [rectangle(0.0, -1.3, 2.8, 1.3)])
    parts.flat("silicon", 0.3, [rectangle(0.5, -0.9, 2.3, 0.9)])
    leads = [
        rectangle(x - 0.2, y - 1.0, x + 0.2, y + 1.0)
        for x in np.linspace(-0.7, 3.5, 6)
        for y in (-2.4, 2.4)
    ]
    parts.flat("copper", 0.25, leads)


def _add_connector(parts: Parts) -> None:
    """Add a steel sleeve 4.5 mm deep with two windows, its tongue and four contacts."""
    outer, inner = rectangle(7.5, -6, 20, 6), rectangle(7.5, -5.7, 20, 5.7)
    parts.flat("steel", 4.5, [outer, hole(inner)])
    windows = [rectangle(12.2, y - 1.2, 14.6, y + 1.2) for y in (-2.8, 2.8)]
    parts.flat("steel", 0.3, [inner, *map(hole, windows)])
    parts.flat("steel", 0.3, [inner])
    parts.flat("PMMA", 1.9, [rectangle(8.5, -5.2, 19, 5.2)])
    contacts = [rectangle(8.5, y - 0.55, 18, y + 0.55) for y in (-3.5, -1.1, 1.1, 3.5)]
    parts.flat("copper", 0.35, contacts)
