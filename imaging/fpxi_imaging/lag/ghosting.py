"""Ghosting: the response of a panel after a heavy exposure, over that before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import SettingError, ShapeMismatchError
from fpxi_imaging.frozen import freeze
from fpxi_imaging.lag.errors import NothingToCompareError

MEDIAN_OVER_MEAN = 1.2533
"""Standard error of a median over that of a mean, normal values: sqrt(pi / 2)."""


@dataclass(frozen=True, eq=False)
class Ghosting:
    """Relative change of the response: 0 where the exposure left the panel as it was."""

    change: float
    """Median over the good pixels; -0.01 is a response lower by 1 %."""
    uncertainty: float
    """Its standard uncertainty (k = 1): frames' noise and the dose's, not drift of the source."""
    map: npt.NDArray[np.float32] | None = None
    """(rows, cols) of each pixel, NaN where it was not lit; None where only the median is kept."""

    def __post_init__(self) -> None:
        if self.map is not None:
            freeze(self, map=np.float32)


def measure_ghosting(
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
    *,
    good: npt.NDArray[np.bool_],
    before_uncertainty: npt.NDArray[np.float64],
    after_uncertainty: npt.NDArray[np.float64],
    dose_ratio: float = 1.0,
    dose_uncertainty: float = 0.0,
) -> Ghosting:
    """Compare the flats before and after a heavy exposure, both less the same dark.

    All arrays have shape (rows, cols): mean flats in counts and their standard uncertainties.
    `dose_ratio` is the dose of a frame after over that before, `dose_uncertainty` its relative
    standard uncertainty. What the heavy exposure left as lag adds to `after`: correct it, or wait.

    Raises `ShapeMismatchError`, `SettingError`, and `NothingToCompareError` without a good pixel
    that rises above the dark in both flats.
    """
    for name, array in (
        ("after", after),
        ("good", good),
        ("before_uncertainty", before_uncertainty),
        ("after_uncertainty", after_uncertainty),
    ):
        if array.shape != before.shape:
            raise ShapeMismatchError(before.shape, array.shape, name=name)
    if not 0 < dose_ratio < np.inf:
        raise SettingError("dose_ratio", dose_ratio, "a positive number")
    if not 0 <= dose_uncertainty < np.inf:
        raise SettingError("dose_uncertainty", dose_uncertainty, "0 or more")
    lit = (before > 0) & (after > 0)
    ratio = np.divide(after, before * dose_ratio, out=np.full(before.shape, np.nan), where=lit)
    used = good & lit & np.isfinite(ratio)
    if not used.any():
        raise NothingToCompareError
    of_before = before_uncertainty[used] / before[used]
    of_after = after_uncertainty[used] / after[used]
    pixel = float(np.median(np.hypot(of_before, of_after) * ratio[used]))
    middle = float(np.median(ratio[used]))
    noise = MEDIAN_OVER_MEAN * pixel / np.sqrt(np.count_nonzero(used))
    return Ghosting(
        change=middle - 1.0,
        uncertainty=float(np.hypot(noise, middle * dose_uncertainty)),
        map=(ratio - 1.0).astype(np.float32),
    )
