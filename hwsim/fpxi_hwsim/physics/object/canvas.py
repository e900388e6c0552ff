"""The fine grid, seen from an object in its pose: what drawings are made on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fpxi_hwsim.physics.object.coverage import coverage_of
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.object.outlines import rectangle
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

    def enlarged(self, scale: float) -> Canvas:
        """Return the canvas on which a drawing comes out `scale` times as large.

        Thicknesses stay in the drawing's own mm.
        """
        return replace(
            self,
            plane=replace(self.plane, pitch_um=self.plane.pitch_um / scale),
            pose=Pose(self.pose.angle_deg, self.pose.x_mm / scale, self.pose.y_mm / scale),
        )

    def placed(self, *, angle_deg: float = 0.0, x_mm: float = 0.0, y_mm: float = 0.0) -> Canvas:
        """Return the canvas for a piece that is turned, then shifted, within the object."""
        return replace(self, pose=self.pose.after(Pose(angle_deg, x_mm, y_mm)))

    def cells(self, points: Points) -> Points:
        """Take points of the object, mm, to fine pixels from the grid's upper left corner."""
        rows, columns = self.shape
        return self.pose.apply(points) / self.step_mm + (columns / 2, rows / 2)

    def coverage(self, outlines: Sequence[Points]) -> Map:
        """Return the part of each fine pixel inside outlines in mm of the object."""
        covered = np.zeros(self.shape, np.float32)
        window, part = self.patch(outlines)
        covered[window] = part
        return covered

    def patch(self, outlines: Sequence[Points]) -> tuple[Window, Map]:
        """Return the coverage of outlines in the rows and columns that they meet."""
        cells = [self.cells(outline) for outline in outlines]
        window = self._around(np.concatenate(cells)) if cells else (slice(0, 0), slice(0, 0))
        rows, columns = window
        shape = rows.stop - rows.start, columns.stop - columns.start
        if 0 in shape:
            return window, np.zeros(shape, np.float32)
        return window, coverage_of([each - (columns.start, rows.start) for each in cells], shape)

    def window(self, box: tuple[float, float, float, float]) -> Window:
        """Return the rows and columns that a box (left, top, right, bottom) of the object meets."""
        return self._around(self.cells(rectangle(*box)))

    def _around(self, cells: Points) -> Window:
        low, high = np.floor(cells.min(axis=0)) - 1, np.ceil(cells.max(axis=0)) + 1
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
