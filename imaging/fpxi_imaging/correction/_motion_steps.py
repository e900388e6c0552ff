"""The recursive average that begins anew where the image moves."""

# Numba calls helpers by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np

from fpxi_imaging._jit import helper

_ZERO = np.float32(0)
_ONE = np.float32(1)
_FIRST = np.uint16(1)


@helper
def start_differences(total: Any, count: Any) -> None:
    """Begin the sums down the columns."""
    for i in range(total.size):
        total[i] = _ZERO
        count[i] = _ZERO


@helper
def add_differences(values: Any, mean: Any, total: Any, count: Any) -> None:
    """Add a row's |value - mean| to each column's sum, where both are known."""
    for i in range(values.size):
        difference = abs(values[i] - mean[i])
        known = not np.isnan(difference)
        total[i] += difference if known else _ZERO
        count[i] += _ONE if known else _ZERO


@helper
def moved(
    total: Any, count: Any, i: Any, mean: Any, frames: Any, dark: Any, per_count: Any, limit: Any
) -> Any:
    """Tell whether a 3x3 mean of |difference| is above `limit` standard deviations."""
    differences, known = total[i], count[i]
    if i > 0:
        differences += total[i - 1]
        known += count[i - 1]
    if i + 1 < total.size:
        differences += total[i + 1]
        known += count[i + 1]
    variance = (dark + per_count * max(mean, _ZERO)) * (_ONE + _ONE / np.float32(frames))
    return differences > known * limit * np.sqrt(variance)


@helper
def follow(
    noise: Any,
    most_frames: Any,
    total: Any,
    count: Any,
    mean: Any,
    frames: Any,
    values: Any,
    new_mean: Any,
) -> None:
    """Take a row into the mean, or begin anew with it where it moved.

    `noise` is the variance in the dark, that per count, and fourth the limit in sigma; `frames`
    counts the frames in each pixel's mean.
    """
    dark, per_count, limit = noise[0], noise[1], noise[3]
    for i in range(values.size):
        taken = frames[i]
        if taken == 0 or moved(total, count, i, mean[i], taken, dark, per_count, limit):
            new_mean[i] = values[i]
            frames[i] = _FIRST
        else:
            taken = min(np.uint16(taken + _FIRST), np.uint16(most_frames))
            new_mean[i] = mean[i] + (values[i] - mean[i]) / np.float32(taken)
            frames[i] = taken
