"""How a pixel's response departs from a straight line, as the correction undoes it.

`u` is (raw - offset) * gain, counts. All maps are float32, the last two axes rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import ShapeMismatchError
from fpxi_imaging.frozen import freeze


@dataclass(frozen=True, eq=False)
class Polynomial:
    """value = u (1 + c[0] u + c[1] u^2 + ...)."""

    coefficients: npt.NDArray[np.float32]
    """(terms, rows, cols)."""

    def __post_init__(self) -> None:
        freeze(self, None, coefficients=np.float32)

    def bound(self, largest: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return what no value exceeds where |u| does not exceed `largest`, (rows, cols)."""
        total = np.zeros_like(largest)
        for coefficient in self.coefficients[::-1]:
            total = (total + np.abs(coefficient)) * largest
        return largest + largest * total


@dataclass(frozen=True, eq=False)
class Piecewise:
    """value = slopes[i] u + intercepts[i], where i is the number of knots that are not above u."""

    knots: npt.NDArray[np.float32]
    """(segments - 1, rows, cols), each pixel's in rising order, values of u."""
    slopes: npt.NDArray[np.float32]
    """(segments, rows, cols)."""
    intercepts: npt.NDArray[np.float32]
    """(segments, rows, cols), counts."""

    def __post_init__(self) -> None:
        freeze(self, None, knots=np.float32, slopes=np.float32, intercepts=np.float32)
        if self.slopes.ndim != 3 or self.slopes.size == 0:
            raise ShapeMismatchError((1, 1, 1), self.slopes.shape, name="slopes")
        segments, rows, columns = self.slopes.shape
        expected = {"intercepts": segments, "knots": segments - 1}
        for name, count in expected.items():
            actual = getattr(self, name).shape
            if actual != (count, rows, columns):
                raise ShapeMismatchError((count, rows, columns), actual, name=name)

    def bound(self, largest: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return what no value exceeds where |u| does not exceed `largest`, (rows, cols)."""
        bound: npt.NDArray[np.float32] = np.abs(self.slopes).max(axis=0) * largest
        bound += np.abs(self.intercepts).max(axis=0)
        bound += np.sum(self.knots * np.float32(0), axis=0)  # NaN where a knot is no number
        return bound


Linearity = Polynomial | Piecewise
