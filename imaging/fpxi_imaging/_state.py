"""What a corrector remembers of earlier frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging._layout import (
    BAND_PIXELS,
    MEAN_SINGLE,
    MOVING_SUM,
    NEVER,
    NO_AVERAGE,
    Parts,
    aligned_zeros,
)
from fpxi_imaging.errors import LagChangedError


class State:
    """One array for the kernels, and what Python needs to see of it."""

    def __init__(self, header: Any, blocks: int) -> None:
        """Give every part its place, as the plan's header asks."""
        rows, averaging = int(header["rows"]), header["averaging"]
        pixels = rows * int(header["columns"])
        averaged = pixels if averaging != NO_AVERAGE else 0
        kept = int(header["averaged_frames"]) if averaging == MOVING_SUM else 0
        self._components = int(header["lag_components"])
        images = self._components + 1 if self._components else 0
        parts = Parts()
        self.places = {
            "row_frames_at": parts.reserve(rows, np.int64),
            "row_times_at": parts.reserve(rows, np.int64),
            "scratch_at": parts.reserve(
                blocks * max(BAND_PIXELS, int(header["columns"])), np.float32
            ),
            "mean_at": parts.reserve(
                averaged, np.float32 if averaging == MEAN_SINGLE else np.float64
            ),
            "ring_at": parts.reserve(kept * pixels, np.float32),
            "hold_at": parts.reserve(averaged, np.uint16),
            "lag_state_at": parts.reserve(images * pixels, np.float32),
        }
        """The header's fields about the state."""
        self.array = aligned_zeros(parts.size)
        longs = self.array.view(np.int64)
        frames_at, times_at = self.places["row_frames_at"], self.places["row_times_at"]
        self._row_frames: npt.NDArray[np.int64] = longs[frames_at : frames_at + rows]
        self._row_times: npt.NDArray[np.int64] = longs[times_at : times_at + rows]
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
