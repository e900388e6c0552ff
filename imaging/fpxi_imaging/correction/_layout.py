"""Where the constants and the state of a correction lie: a flat array and a table of contents.

A compiled function called from Python pays 40 ns for every array argument and 20 ns for every
number, and at 64 x 64 does its work in 600, so everything but the frame travels in one uint8 array,
the memory: first `HEADER`, then the state, then the constants. The header's fields `*_at` say where
a part begins, counted in items of that part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

CACHE_LINE = 64
BAND_PIXELS = 2048
"""Pixels that go through all steps together.

Few enough that they are still in the first-level cache at each step, and many enough that starting
the steps' loops costs nothing.
"""
NEVER = np.iinfo(np.int64).min
"""The time of a row's last frame where there was none."""

HEADER = np.dtype(
    [
        (name, np.int64)
        for name in (
            "rows",
            "columns",
            "time_us",  # of the newest frame, where lag is taken out
            "saturation_level",
            "offset_at",  # float32 image
            "gain_at",  # float32 image; NaN where the pixel itself has no value to give
            "marks_at",  # uint8 image: the flags that no frame can change
            "polynomial_terms",  # 0: no such step
            "piecewise_segments",  # 0: no such step
            "linearity_at",  # float32 images, as `_linearity` packs them
            "lag_components",  # 0: no such step
            "lag_at",  # float64 pairs: time constant in us, weight of the component's current
            "lag_multiplier_at",  # float32 image
            "noise_at",  # float32: variance in the dark, per count; limits of zingers, of motion
            "rejects_zingers",
            "averaging",  # one of the numbers below
            "follows_motion",
            "averaged_frames",
            "double",  # whether mean or sum are kept in double precision
            "hold_frames",  # for which a pixel stays flagged after a frame that gave it reason
            "blocks_at",  # int64, four for each block of rows, and for the seams: see `_plan`
            "repair_at",  # uint32 tables, see `_repair_table`
            "row_frames_at",  # state, int64 for each row: frames since the average began
            "row_times_at",  # state, int64 for each row: time of its last frame, us
            "scratch_at",  # state, float32: a band for each block
            "mean_at",  # state, float32 or float64 image: mean or sum
            "ring_at",  # state, float32 images: the last frames
            "sorting_at",  # state, float32: as many pixels of every kept frame, for each block
            "frame_at",  # state, float32 image: the newest frame, where motion is looked for
            "next_mean_at",  # state, float32 image: changes places with the mean
            "pixel_frames_at",  # state, uint16 image: frames in each pixel's mean
            "sums_at",  # state, float32: two rows for each block
            "zinger_reference_at",  # state, float32 image, see `_zinger_steps`
            "zinger_memory_at",  # state, uint8 image
            "zinger_hold_at",  # state, uint16 image: frames for which a rejected value still weighs
            "kept_counts_at",  # state, uint16: a band for each block
            "hold_at",  # state, image of `SHORT_HOLD` or `LONG_HOLD`, see `_flag_steps`
            "lag_state_at",  # state, float32 images: last value, current of each component
        )
    ]
)

SHORT_HOLD = np.uint16
"""What the kernels for the usual steps keep of each pixel's flags; see `_flag_steps`."""
LONG_HOLD = np.uint32
"""What the kernel for all steps keeps, for averages over many more frames."""

NO_AVERAGE = 0
MEAN = 1
"""A weighted mean."""
MOVING_SUM = 2
"""The sum of the last frames, which are kept."""
MEDIAN = 3
"""Of the last frames, which are kept."""

RENEWAL = 4
"""A moving sum is added up anew after so many times its frames."""

_UNUSUAL = (
    "polynomial_terms",
    "piecewise_segments",
    "lag_components",
    "rejects_zingers",
    "follows_motion",
    "double",
)


def needs_all_steps(header: Any) -> bool:
    """Tell whether a header asks for more than the usual steps."""
    return header["averaging"] == MEDIAN or any(header[name] for name in _UNUSUAL)


class Parts:
    """Gives each part of an array its place, from a cache line of its own."""

    def __init__(self, reserved_bytes: int = 0) -> None:
        self.size = 0
        self.reserve(reserved_bytes, np.uint8)

    def reserve(self, items: int, dtype: npt.DTypeLike) -> int:
        """Return where so many items begin, counted in such items."""
        begin = self.size
        width = np.dtype(dtype).itemsize
        self.size += -(-items * width // CACHE_LINE) * CACHE_LINE
        return begin // width


def aligned_zeros(size: int) -> npt.NDArray[np.uint8]:
    """Return so many zero bytes from the beginning of a cache line.

    They are written to, or the system would find the memory when the first frames come.
    """
    storage = np.empty(size + CACHE_LINE, np.uint8)
    storage.fill(0)
    start = -storage.ctypes.data % CACHE_LINE
    return storage[start : start + size]
