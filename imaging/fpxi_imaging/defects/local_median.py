"""Exact medians of the square around a pixel, only where they matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from fpxi_imaging._jit import index, kernel, read, scalar, warm_up, write

# Rounding of value / low, by which pixels are passed over, must not hide one at the threshold.
_ROUNDING = 1e-12


def medians_beyond(
    values: npt.NDArray[np.floating[Any]],
    good: npt.NDArray[np.bool_],
    window: int,
    low: float,
    high: float,
) -> npt.NDArray[np.float64]:
    """Return the local medians of pixels that may lie beyond `low` or `high` times it; else NaN.

    All arrays have the shape (rows, cols). The local median of a pixel is that of the good, finite
    values in the window x window square around it, itself included if good; at a border the square
    moves inwards. The medians are exact, and none is missing of a pixel below `low` or above `high`
    (both above 0) times its own: counting the values on one side tells in most cases that a pixel
    is neither, at a tenth of the cost of the median.
    """
    warm_up(_medians_beyond)
    values = np.ascontiguousarray(values, np.float64)
    sample = np.where(good, values, np.nan)
    medians = np.empty(values.shape)
    _medians_beyond(values, sample, window, low, high, medians)
    return medians


@kernel(
    read(types.float64, 2),
    read(types.float64, 2),
    index,
    scalar,
    scalar,
    write(types.float64, 2),
    allocates=True,
)
def _medians_beyond(  # noqa: PLR0917 - numba calls kernels by position
    values: Any, sample: Any, window: Any, low: Any, high: Any, out: Any
) -> Any:
    rows, cols = values.shape
    kept = np.empty(min(window, rows) * min(window, cols))
    for i in range(rows):
        top = max(0, min(i - window // 2, rows - window))
        bottom = min(top + window, rows)
        for j in range(cols):
            left = max(0, min(j - window // 2, cols - window))
            right = min(left + window, cols)
            value = values[i, j]
            # As value < low * median, where the median has to lie for the pixel to be beyond.
            above = value / low
            above -= abs(above) * _ROUNDING
            below = value / high
            below += abs(below) * _ROUNDING
            count = 0
            larger = 0
            smaller = 0
            for row in range(top, bottom):
                for col in range(left, right):
                    one = sample[row, col]
                    count += not np.isnan(one)
                    larger += one > above
                    smaller += one < below
            out[i, j] = np.nan
            if count and (2 * larger >= count or 2 * smaller >= count):
                size = 0
                for row in range(top, bottom):
                    for col in range(left, right):
                        one = sample[row, col]
                        if not np.isnan(one):
                            kept[size] = one
                            size += 1
                out[i, j] = np.median(kept[:size])
