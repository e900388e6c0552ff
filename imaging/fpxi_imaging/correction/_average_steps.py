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
def start_sum(values: Any, ring: Any, total: Any) -> None:
    """Begin a sum, whatever the state held."""
    for i in range(values.size):
        total[i] = values[i]
        ring[i] = values[i]


@helper
def add_to_sum(values: Any, share: Any, ring: Any, total: Any) -> None:
    """Add the values; replace them by `share` of the sum."""
    for i in range(values.size):
        total[i] += values[i]
        ring[i] = values[i]
        values[i] = np.float32(total[i] * share)


@helper
def move_sum(values: Any, share: Any, ring: Any, total: Any) -> None:
    """Put the values in the place of the oldest frame; replace them by `share` of the sum."""
    for i in range(values.size):
        total[i] += values[i] - ring[i]
        ring[i] = values[i]
        values[i] = np.float32(total[i] * share)


@helper
def renew_sum(ring: Any, frames: Any, pixels: Any, begin: Any, total: Any) -> None:
    """Add all frames up again, so that rounding errors do not gather.

    `ring` holds an image of `pixels` for each of the frames; the run is at `begin` in each.
    """
    size = total.size
    for i in range(size):
        total[i] = 0
    for frame in range(frames):
        at = frame * pixels + begin
        values = ring[at : at + size]
        for i in range(size):
            total[i] += values[i]


@helper
def show_mean(mean: Any, share: Any, values: Any) -> None:
    """Write the mean, or `share` of the sum."""
    for i in range(values.size):
        values[i] = np.float32(mean[i] * share)
