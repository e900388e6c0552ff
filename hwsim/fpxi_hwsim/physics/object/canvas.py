"""The fine grid, seen from an object in its pose: what drawings are made on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fpxi_hwsim.physics.object.coverage import coverage_of
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.plane import ImagePlane, Map, Points, Pose

Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Canvas:
    """A grid of `oversampling` fine pixels a pixel; the object lies in `pose` at `time_s`.

    `extent_mm` is the height and width that an object without a size of its own fills.
    """

    plane: ImagePlane
    oversampling: int
    pose: Pose
    extent_mm: tuple[float, float]
    time_s: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the fine grid."""
        rows, columns = self.plane.shape
        return rows * self.oversampling, columns * self.oversampling

    @property
    def step_mm(self) -> float:
        """Width of a fine pixel at the object."""
        return self.plane.pixel_mm / self.oversampling

    def cells(self, points: Points) -> Points:
        """Take points of the object, mm, to fine pixels from the grid's upper left corner."""
        rows, columns = self.shape
        return self.pose.apply(points) / self.step_mm + (columns / 2, rows / 2)

    def coverage(self, outlines: Sequence[Points]) -> Map:
        """Return the part of each fine pixel inside outlines in mm of the object."""
        if not outlines:
            return np.zeros(self.shape, np.float32)
        return coverage_of([self.cells(outline) for outline in outlines], self.shape)

    def window(self, box: tuple[float, float, float, float]) -> Window:
        """Return the rows and columns that a box (left, top, right, bottom) of the object meets."""
        left, top, right, bottom = box
        corners = self.cells(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
        low, high = np.floor(corners.min(axis=0)) - 1, np.ceil(corners.max(axis=0)) + 1
        (x0, y0), (x1, y1) = (
            np.clip(edge, 0, self.shape[::-1]).astype(int).tolist() for edge in (low, high)
        )
        return slice(y0, y1), slice(x0, x1)

    def local(self, window: Window) -> tuple[Map, Map]:
        """Return x and y in mm of the object, at the middle of the window's fine pixels."""
        rows, columns = self.shape
        y = (np.arange(window[0].start, window[0].stop) + 0.5 - rows / 2) * self.step_mm
        x = (np.arange(window[1].start, window[1].stop) + 0.5 - columns / 2) * self.step_mm
        x, y = x[None, :] - self.pose.x_mm, y[:, None] - self.pose.y_mm
        (cos, sin), _ = self.pose.rotation.tolist()
        local_x: Map = (x * cos - y * sin).astype(np.float32)
        local_y: Map = (x * sin + y * cos).astype(np.float32)
        return local_x, local_y

    def maps(
        self, thickness_mm: Mapping[str, Map | float], coverage: Map | None = None
    ) -> ThicknessMaps:
        """Return maps of these thicknesses in mm; a number stands for one thickness everywhere."""
        return ThicknessMaps(
            shape=self.shape,
            oversampling=self.oversampling,
            thickness_cm={
                material: np.atleast_2d(np.asarray(mm, np.float32) * np.float32(0.1))
                for material, mm in thickness_mm.items()
            },
            coverage=coverage,
        )
