"""How an object moves through the beam: its pose as a function of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fpxi_hwsim.physics.limits import require
from fpxi_hwsim.physics.object.plane import ImagePlane, Pose
from fpxi_hwsim.physics.object.thing import FARTHEST_MM, require_size

FASTEST_MM_S = 1e6
FASTEST_DEG_S = 1e6
MOST_STEPS = 10_000
"""of a raster, each way"""
SHORTEST_DWELL_MS, LONGEST_DWELL_MS = 1e-3, 1e9
DWELL_MARGIN = 1e-6
"""of a dwell: a time that should be a whole number of dwells counts as that, however rounded"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """The object stays where it is; the fields of the other motions are the keys of their text."""

    def pose(self, time_s: float, plane: ImagePlane) -> Pose:  # noqa: ARG002 (others need them)
        """Return the turn and shift of everything at this time."""
        return Pose()

    def extent_mm(self, plane: ImagePlane) -> tuple[float, float]:
        """Return the height and width that pass before the panel."""
        return plane.extent_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan(Motion):
    """The object moves straight on; it starts in the middle and comes back from the other side.

    The way from one side to the other is `range_mm`, twice the extent if not given.
    """

    speed_mm_s: float = 5.0
    angle_deg: float = 0.0
    range_mm: float | None = None

    def __post_init__(self) -> None:
        require("speed_mm_s", self.speed_mm_s, least=-FASTEST_MM_S, most=FASTEST_MM_S)
        require("angle_deg", self.angle_deg)
        require_size("range_mm", self.range_mm)

    def pose(self, time_s: float, plane: ImagePlane) -> Pose:
        """Return the shift, periodic in the time for one range."""
        way = self.range_mm or 2 * max(plane.extent_mm)
        along = (time_s * self.speed_mm_s + way / 2) % way - way / 2
        angle = math.radians(self.angle_deg)
        return Pose(x_mm=along * math.cos(angle), y_mm=-along * math.sin(angle))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Motion):
    """The object is drawn over a line of pixels from its upper to its lower end, again and again.

    Its length that passes is `range_mm`, the extent if not given.
    """

    speed_mm_s: float = 5.0
    range_mm: float | None = None

    def __post_init__(self) -> None:
        require("speed_mm_s", self.speed_mm_s, least=0, most=FASTEST_MM_S)
        require_size("range_mm", self.range_mm)

    def pose(self, time_s: float, plane: ImagePlane) -> Pose:
        """Return the shift, periodic in the time for one range."""
        way = self.range_mm or self.extent_mm(plane)[0]
        return Pose(y_mm=way / 2 - time_s * self.speed_mm_s % way)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotate(Motion):
    """Everything turns about the middle of the field."""

    deg_s: float = 30.0

    def __post_init__(self) -> None:
        require("deg_s", self.deg_s, least=-FASTEST_DEG_S, most=FASTEST_DEG_S)

    def pose(self, time_s: float, plane: ImagePlane) -> Pose:  # noqa: ARG002 (others need it)
        """Return the turn."""
        return Pose(angle_deg=time_s * self.deg_s % 360)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster(Motion):
    """The object is stepped before the panel, row by row, and stays at the last step.

    During step k, which lasts `dwell_ms`, the middle of the panel looks at the point of the
    object in row k // columns and column k % columns of a grid about its middle. Steps are as
    wide as the panel if not given, so that its pictures join. With `serpentine=on` every other
    row is run backwards.
    """

    columns: int = 64
    rows: int = 64
    step_um: float | None = None
    step_x_um: float | None = None
    step_y_um: float | None = None
    dwell_ms: float = 10.0
    serpentine: bool = False

    def __post_init__(self) -> None:
        require("columns", self.columns, least=1, most=MOST_STEPS)
        require("rows", self.rows, least=1, most=MOST_STEPS)
        for name in ("step_um", "step_x_um", "step_y_um"):
            require_size(name, getattr(self, name), most=1e3 * FARTHEST_MM)
        require("dwell_ms", self.dwell_ms, least=SHORTEST_DWELL_MS, most=LONGEST_DWELL_MS)

    def pose(self, time_s: float, plane: ImagePlane) -> Pose:
        """Return the shift, a step function of the time."""
        k = math.floor(time_s / (self.dwell_ms * 1e-3) + DWELL_MARGIN)
        row, column = divmod(min(max(k, 0), self.rows * self.columns - 1), self.columns)
        if self.serpentine and row % 2:
            column = self.columns - 1 - column
        step_y, step_x = self.steps_mm(plane)
        return Pose(
            x_mm=-(column - (self.columns - 1) / 2) * step_x,
            y_mm=-(row - (self.rows - 1) / 2) * step_y,
        )

    def extent_mm(self, plane: ImagePlane) -> tuple[float, float]:
        """Return the height and width of the grid, or of the panel if that sees more."""
        step_y, step_x = self.steps_mm(plane)
        height, width = plane.field_mm
        return max(self.rows * step_y, height), max(self.columns * step_x, width)

    def steps_mm(self, plane: ImagePlane) -> tuple[float, float]:
        """Return the steps down and across."""
        both = 1e-3 * self.step_um if self.step_um else None
        height, width = plane.field_mm
        return (
            1e-3 * self.step_y_um if self.step_y_um else both or height,
            1e-3 * self.step_x_um if self.step_x_um else both or width,
        )


MOTIONS: dict[str, type[Motion]] = {"scan": Scan, "line": Line, "rotate": Rotate, "raster": Raster}
