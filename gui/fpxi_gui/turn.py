"""How a turned picture is drawn so that its axes go on counting the panel's rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from fpxi_imaging.correction.processing import Orientation
from fpxi_imaging.correction.turning import turned


@dataclass(frozen=True)
class Turn:
    """Which way the panel's rows and columns run in a picture."""

    rows_across: bool = False
    """The panel's rows are counted from left to right, or back, not from top to bottom."""
    upwards: bool = False
    """What is counted down the picture is less at its bottom."""
    leftwards: bool = False
    """What is counted across the picture is less at its right."""

    @classmethod
    def of(cls, orientation: Orientation) -> Self:
        """Look where four pixels go."""
        corners = turned(np.array([[0, 1], [2, 3]]), orientation)
        first, across, down = int(corners[0, 0]), int(corners[0, 1]), int(corners[1, 0])
        return cls(abs(across - first) == 2, upwards=down < first, leftwards=across < first)

    def ascending(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return a view of RGB (rows, cols, 3) whose numbers rise downwards and to the right."""
        rows = slice(None, None, -1 if self.upwards else None)
        columns = slice(None, None, -1 if self.leftwards else None)
        return picture[rows, columns]

    def panel_place(self, down: float, across: float) -> tuple[float, float]:
        """Return row and column of what is counted down and across the picture, or the reverse."""
        return (across, down) if self.rows_across else (down, across)
