"""Averages of a run of values; mean and sum are float32 or float64, and so computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from fpxi_imaging._jit import helper


@helper
def copy_run(values: Any, target: Any) -> None:
    """Copy values; numba's own assignment of arrays would allocate."""
    for i in range(values.size):
        target[i] = values[i]


@helper
def start_mean(values: Any, mean: Any) -> None:
    """Begin a mean, whatever the state held."""
    for i in range(values.size):
        mean[i] = values[i]


@helper
def weigh_in(values: Any, weight: Any, mean: Any) -> None:
    """Let the new values weigh so much in the mean; replace them by it."""
    for i in range(values.size):
        mean[i] += (values[i] - mean[i]) * weight
        values[i] = np.float32(mean[i])


@helper
def add_to_sum(values: Any, frames: Any, ring: Any, total: Any) -> None:
    """Add the values as the last of `frames` frames; replace them by the mean."""
    share = 1.0 / frames
    for i in range(values.size):
        total[i] += values[i]
        ring[i] = values[i]
        values[i] = np.float32(total[i] * share)


@helper
def move_sum(values: Any, frames: Any, ring: Any, total: Any) -> None:
    """Put the values in the place of the oldest of `frames` frames; replace them by the mean."""
    share = 1.0 / frames
    for i in range(values.size):
        total[i] += np.float64(values[i]) - np.float64(ring[i])
        ring[i] = values[i]
        values[i] = np.float32(total[i] * share)


@helper
def show_mean(mean: Any, frames: Any, values: Any) -> None:
    """Write the mean, or the mean of `frames` summed frames."""
    share = 1.0 / frames
    for i in range(values.size):
        values[i] = np.float32(mean[i] * share)
