"""Frames of a panel whose traps follow the law exactly, without noise unless it is added."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from fpxi_imaging.lag.model import LagModel

Values = npt.NDArray[np.float64]


def lag_model(
    fractions: tuple[float, ...], time_constants_s: tuple[float, ...], **changes: Any
) -> LagModel:
    """A model without uncertainties."""
    count = len(fractions)
    values: dict[str, Any] = {
        "fractions": fractions,
        "time_constants_s": time_constants_s,
        "covariance": np.zeros((2 * count, 2 * count)),
        "residual": 0.0,
        "frames": 100,
        "first_s": 0.005,
        "last_s": 10.0,
    }
    return LagModel(**(values | changes))


def trap_frames(
    exposures: npt.NDArray[Any],
    times_us: npt.NDArray[np.int64],
    exposure_us: int,
    model: LagModel,
    *,
    begins_in: npt.ArrayLike = 0.0,
) -> Values:
    """What is read of exposures (frames, rows, cols), each on until the next frame begins.

    By charges: each trap's charge is followed, a frame is what was generated less what the traps
    gained. `begins_in` is the exposure with which the traps are in equilibrium at the beginning.
    """
    shape = exposures.shape[1:]
    multiplier = np.ones(shape) if model.multiplier is None else model.multiplier.astype(float)
    pairs = list(zip(model.fractions, model.time_constants_s, strict=True))
    rates = [multiplier * fraction for fraction, _ in pairs]
    window_s = exposure_us * 1e-6
    current = exposures / window_s
    charges = [
        rate * tau * np.broadcast_to(begins_in, shape) / window_s
        for rate, (_, tau) in zip(rates, pairs, strict=True)
    ]
    periods_s = np.append(np.diff(times_us), exposure_us) * 1e-6
    read = np.empty(exposures.shape)
    for frame, (lit, period_s) in enumerate(zip(current, periods_s, strict=True)):
        gained = np.zeros(shape)
        for trap, (rate, (_, tau)) in enumerate(zip(rates, pairs, strict=True)):
            full = rate * tau * lit
            gained += (full - charges[trap]) * -np.expm1(-window_s / tau)
            charges[trap] = full + (charges[trap] - full) * np.exp(-period_s / tau)
        read[frame] = lit * window_s - gained
    return read
