"""How a pixel's response departs from a straight line, as the correction undoes it.

`u` is (raw - offset) * gain, counts. All maps are float32, the last two axes rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_imaging.frozen import freeze


@dataclass(frozen=True, eq=False)
class Polynomial:
    """value = u (1 + c[0] u + c[1] u^2 + ...)."""

    coefficients: npt.NDArray[np.float32]
    """(terms, rows, cols)."""

    def __post_init__(self) -> None:
        freeze(self, None, coefficients=np.float32)


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


Linearity = Polynomial | Piecewise
