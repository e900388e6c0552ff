"""Darks as they are taken: their map, and whether they are what they should be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS, CheckLimits
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.frame_checks import DARKS, check_dark_drift, check_series
from fpxi_imaging.calibration.frame_stack import FrameSeries
from fpxi_imaging.verdict import Verdict

Mask = npt.NDArray[np.bool_]


def dark_map(series: FrameSeries) -> DarkMap:
    """Return mean and noise of a series of darks."""
    stack = series.stack
    return DarkMap(
        mean=stack.mean.astype(np.float32),
        noise=np.sqrt(stack.variance).astype(np.float32),
        frames=stack.least_count,
        conditions=series.conditions,
        taken=series.taken,
    )


def require_usable_darks(
    series: FrameSeries,
    *,
    not_imaging: Mask,
    saturation_level: int,
    limits: CheckLimits = DEFAULT_LIMITS,
) -> tuple[Verdict, ...]:
    """Return what can be said of darks before there are flats.

    Raises `NotEnoughFramesError`, `TooFewFramesError`, `SaturatedError` and `DriftError`.
    """
    imaging = ~not_imaging
    return (
        check_series(series, DARKS, imaging, saturation_level, limits),
        check_dark_drift(series.stack, imaging, limits),
    )
