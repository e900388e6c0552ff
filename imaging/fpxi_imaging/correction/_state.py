"""What a corrector remembers of earlier frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.correction._layout import (
    BAND_PIXELS,
    MEDIAN,
    MOVING_SUM,
    NEVER,
    NO_AVERAGE,
    Parts,
    aligned_zeros,
)
from fpxi_imaging.correction._median_steps import CHUNK_PIXELS
from fpxi_imaging.errors import LagChangedError, TooLittleMemoryError


class State:
    """One array for the kernels, and what Python needs to see of it."""

    def __init__(self, header: Any, blocks: int) -> None:
        """Give every part its place, as the plan's header asks."""
        rows, averaging = int(header["rows"]), header["averaging"]
        pixels = rows * int(header["columns"])
        averaged = pixels if averaging != NO_AVERAGE else 0
        kept = int(header["averaged_frames"]) if averaging in {MOVING_SUM, MEDIAN} else 0
        sorted_frames = kept if averaging == MEDIAN else 0
        followed = pixels if header["follows_motion"] else 0
        watched = pixels if header["rejects_zingers"] else 0
        band = max(BAND_PIXELS, int(header["columns"]))
        self._components = int(header["lag_components"])
        images = self._components + 1 if self._components else 0
        parts = Parts()
        self.places = {
            "row_frames_at": parts.reserve(rows, np.int64),
            "row_times_at": parts.reserve(rows, np.int64),
            "scratch_at": parts.reserve(blocks * band, np.float32),
            "mean_at": parts.reserve(
                0 if sorted_frames else averaged,
                np.float64 if header["double"] else np.float32,
            ),
            "ring_at": parts.reserve(kept * pixels, np.float32),
            "sorting_at": parts.reserve(blocks * sorted_frames * CHUNK_PIXELS, np.float32),
            "frame_at": parts.reserve(followed, np.float32),
            "next_mean_at": parts.reserve(followed, np.float32),
            "pixel_frames_at": parts.reserve(followed, np.uint16),
            "sums_at": parts.reserve(blocks * 2 * int(header["columns"]), np.float32),
            "zinger_reference_at": parts.reserve(watched, np.float32),
            "zinger_memory_at": parts.reserve(watched, np.uint8),
            "kept_counts_at": parts.reserve(blocks * band if watched else 0, np.uint16),
            "hold_at": parts.reserve(averaged, np.uint16),
            "lag_state_at": parts.reserve(images * pixels, np.float32),
        }
        """The header's fields about the state."""
        try:
            self.array = aligned_zeros(parts.size)
        except MemoryError as error:
            raise TooLittleMemoryError(parts.size) from error
        longs = self.array.view(np.int64)
        frames_at, times_at = self.places["row_frames_at"], self.places["row_times_at"]
        self._row_frames: npt.NDArray[np.int64] = longs[frames_at : frames_at + rows]
        self._row_times: npt.NDArray[np.int64] = longs[times_at : times_at + rows]
        memory_at = self.places["zinger_memory_at"]
        self._zinger_memory = self.array[memory_at : memory_at + watched]
        self.forget_average()
        self.forget_lag()

    def require_fit(self, header: Any) -> None:
        """Raise `LagChangedError` if a plan of the same processing follows the lag otherwise."""
        components = int(header["lag_components"])
        if components != self._components:
            raise LagChangedError(self._components, components)

    def forget_average(self) -> None:
        """Begin a new average with the next frame."""
        self._row_frames.fill(0)

    def forget_lag(self) -> None:
        """Take the next frame for one in equilibrium."""
        self._row_times.fill(NEVER)

    def forget_zingers(self) -> None:
        """Take the next frame for the first that zingers are looked for in."""
        self._zinger_memory.fill(0)
