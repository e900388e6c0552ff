"""Levels and scatter that outliers do not change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

_MAD_TO_SIGMA = 1.4826
"""Of a normal distribution: one over the 0.75 quantile of the standard normal."""


def robust_sigma(departures: npt.NDArray[np.floating[Any]]) -> float:
    """Return the standard deviation of normal departures from 0 that have this median size.

    (Median absolute deviation.) NaN without departures, and where any is NaN.
    """
    if not departures.size:
        return math.nan
    return _MAD_TO_SIGMA * float(np.median(np.abs(departures)))


def known_median(
    image: npt.NDArray[np.floating[Any]],
    where: npt.NDArray[np.bool_],
    *,
    unknown: float = math.nan,
) -> float:
    """Return the median over the pixels of a mask whose value is finite; `unknown` without any."""
    known = image[where & np.isfinite(image)]
    return float(np.median(known)) if known.size else unknown
