"""Flat test objects of one thickness or a few: slab, edge, bars, wedge, contrast-detail disks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.materials.catalogue import find_material
from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.outlines import disk, rectangle
from fpxi_hwsim.physics.object.plane import Points
from fpxi_hwsim.physics.object.thing import (
    FARTHEST_MM,
    Thing,
    require_place,
    require_size,
    require_thickness,
)

BEYOND_MM = 10 * FARTHEST_MM
"""farther than any field reaches, wherever the object is shifted"""
PART_OF_EXTENT = 0.9
MOST_BARS = 10_000
MOST_DISKS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Slab(Thing):
    """A flat plate over the whole field."""

    material: str = "PMMA"
    thickness_mm: float = 10.0

    one_thickness: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        find_material(self.material)
        require_thickness("thickness_mm", self.thickness_mm)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return one thickness without an outline."""
        return canvas.maps({self.material: self.thickness_mm})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge(Thing):
    """A half plane with its straight edge `angle_deg` from the columns, `offset_mm` to the right.

    The plate lies on the left; the offset is measured at right angles to the edge.
    """

    angle_deg: float = 3.0
    offset_mm: float = 0.0
    material: str = "tungsten"
    thickness_mm: float = 1.0

    one_thickness: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        find_material(self.material)
        require_place("offset_mm", self.offset_mm)
        require_thickness("thickness_mm", self.thickness_mm)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the plate's coverage, exact."""
        plate = rectangle(-BEYOND_MM, -BEYOND_MM, self.offset_mm, BEYOND_MM)
        return canvas.maps({self.material: self.thickness_mm}, canvas.coverage([plate]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars(Thing):
    """Bars as wide as their gaps: one frequency over twice the field, or a strip for each.

    A strip has as many bars as fit, a bar at its left end; where all bars are equal, one begins
    at the middle of the field.
    """

    lp_mm: tuple[float, ...] = (1.0,)
    material: str = "lead"
    thickness_mm: float = 0.1

    one_thickness: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        find_material(self.material)
        for frequency in self.lp_mm:
            require("lp_mm", frequency, least=1 / FARTHEST_MM)
        require_thickness("thickness_mm", self.thickness_mm)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the bars' coverage."""
        extent = max(canvas.extent_mm)
        bars = self._strips(extent) if len(self.lp_mm) > 1 else self._everywhere(extent)
        return canvas.maps({self.material: self.thickness_mm}, canvas.coverage(bars))

    def _everywhere(self, extent: float) -> list[Points]:
        """Bars over twice the extent, so that they fill the field at every angle."""
        pairs = math.ceil(extent * self.lp_mm[0])
        _require_bars(2 * pairs)
        return self._row(self.lp_mm[0], -pairs / self.lp_mm[0], 2 * pairs, (-extent, extent))

    def _strips(self, extent: float) -> list[Points]:
        size = PART_OF_EXTENT * extent
        height = size / len(self.lp_mm)
        bars = []
        for index, frequency in enumerate(self.lp_mm):
            top = index * height - size / 2
            count = max(1, math.floor(size * frequency + 0.5))
            _require_bars(count)
            bars += self._row(frequency, -size / 2, count, (top, top + 0.8 * height))
        return bars

    @staticmethod
    def _row(frequency: float, left: float, count: int, rows: tuple[float, float]) -> list[Points]:
        edges = left + np.arange(count) / frequency
        return [rectangle(edge, rows[0], edge + 0.5 / frequency, rows[1]) for edge in edges]


def _require_bars(count: int) -> None:
    if count > MOST_BARS:
        raise UnphysicalError("number of bars", count, f"{MOST_BARS} or less: choose a lower lp_mm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wedge(Thing):
    """Steps side by side, each `step_mm` thicker than the one on its left."""

    material: str = "aluminium"
    steps: int = 8
    step_mm: float = 1.0
    width_mm: float | None = None
    height_mm: float | None = None

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        find_material(self.material)
        require("steps", self.steps, least=1, most=1000)
        require_thickness("step_mm", self.step_mm)
        require_size("width_mm", self.width_mm)
        require_size("height_mm", self.height_mm)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the thickness, the sum of plates that each begin one step farther right."""
        height = self.height_mm or 0.6 * canvas.extent_mm[0]
        width = self.width_mm or PART_OF_EXTENT * canvas.extent_mm[1]
        thickness = np.zeros(canvas.shape, np.float32)
        for index in range(self.steps):
            left = (index / self.steps - 0.5) * width
            plate = rectangle(left, -height / 2, width / 2, height / 2)
            thickness += np.float32(self.step_mm) * canvas.coverage([plate])
        return canvas.maps({self.material: thickness})


@dataclass(frozen=True, slots=True, kw_only=True)
class Disks(Thing):
    """A plate with round holes: rows of equal depth, columns of equal diameter.

    Depths and diameters fall by equal factors, from the first row down and from the left.
    """

    material: str = "PMMA"
    plate_mm: float = 10.0
    rows: int = 5
    columns: int = 5
    deepest_mm: float = 8.0
    shallowest_mm: float = 0.5
    largest_mm: float | None = None
    smallest_mm: float | None = None

    def __post_init__(self) -> None:
        Thing.__post_init__(self)
        find_material(self.material)
        require_size("plate_mm", self.plate_mm)
        require("rows", self.rows, least=1, most=MOST_DISKS)
        require("columns", self.columns, least=1, most=MOST_DISKS)
        require("deepest_mm", self.deepest_mm, above=0, most=self.plate_mm)
        require("shallowest_mm", self.shallowest_mm, above=0, most=self.deepest_mm)
        require_size("largest_mm", self.largest_mm)
        require_size("smallest_mm", self.smallest_mm)

    def draw(self, canvas: Canvas) -> ThicknessMaps:
        """Return the plate's thickness less the holes."""
        pitch = min(canvas.extent_mm[0] / self.rows, canvas.extent_mm[1] / self.columns)
        largest = self.largest_mm or 0.75 * pitch
        diameters = np.geomspace(largest, self.smallest_mm or largest / 8, self.columns)
        pitch = max(pitch, 1.1 * diameters.max())
        x = (np.arange(self.columns) - (self.columns - 1) / 2) * pitch
        y = (np.arange(self.rows) - (self.rows - 1) / 2) * pitch
        thickness = np.full(canvas.shape, self.plate_mm, np.float32)
        for depth, middle in zip(self.depths_mm, y, strict=True):
            holes = [disk(each, middle, d / 2) for each, d in zip(x, diameters, strict=True)]
            thickness -= np.float32(depth) * canvas.coverage(holes)
        return canvas.maps({self.material: np.maximum(thickness, 0)})

    @property
    def depths_mm(self) -> Points:
        """The depth of each row's holes."""
        return np.geomspace(self.deepest_mm, self.shallowest_mm, self.rows)
