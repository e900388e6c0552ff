"""The median of the last frames."""

# Numba calls helpers by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np

from fpxi_imaging._jit import helper
from fpxi_imaging.correction._average_steps import copy_run

CHUNK_PIXELS = 256
"""Pixels that are sorted together: few enough to stay in the first-level cache."""

_HALF = np.float32(0.5)


@helper
def show_median(
    rings: Any, frames: Any, pixels: Any, begin: Any, scratch: Any, values: Any
) -> None:
    """Write the median of `frames` frames; of an even number, the mean of the middle two.

    `rings` holds an image of `pixels` for each frame; the run is at `begin` in each. `scratch` has
    room for `CHUNK_PIXELS` of every frame. The upper half is sorted, all pixels at a time, so that
    the compiler makes vector instructions of it.
    """
    for first in range(0, values.size, CHUNK_PIXELS):
        size = min(CHUNK_PIXELS, values.size - first)
        for frame in range(frames):
            at = frame * pixels + begin + first
            copy_run(rings[at : at + size], scratch[frame * CHUNK_PIXELS :])
        for top in range(frames - 1, (frames - 1) // 2 - 1, -1):
            for frame in range(top):
                at = frame * CHUNK_PIXELS
                _order(scratch[at : at + size], scratch[at + CHUNK_PIXELS :])
        low = scratch[(frames - 1) // 2 * CHUNK_PIXELS :]
        high = scratch[frames // 2 * CHUNK_PIXELS :]
        for i in range(size):
            values[first + i] = (low[i] + high[i]) * _HALF


@helper
def _order(low: Any, high: Any) -> None:
    for i in range(low.size):
        smaller, larger = min(low[i], high[i]), max(low[i], high[i])
        low[i], high[i] = smaller, larger
