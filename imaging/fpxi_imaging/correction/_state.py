"""What a corrector remembers of earlier frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.correction._layout import (
    BAND_PIXELS,
    HEADER,
    LONG_HOLD,
    MEDIAN,
    MOVING_SUM,
    NEVER,
    NO_AVERAGE,
    SHORT_HOLD,
    Parts,
    needs_all_steps,
)
from fpxi_imaging.correction._median_steps import CHUNK_PIXELS


class State:
    """Its places in the memory, and what Python needs to see of it."""

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
        self.lag_components = int(header["lag_components"])
        """Whose currents are followed."""
        images = self.lag_components + 1 if self.lag_components else 0
        parts = Parts(HEADER.itemsize)
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
            "zinger_hold_at": parts.reserve(watched, np.uint16),
            "kept_counts_at": parts.reserve(blocks * band if watched else 0, np.uint16),
            "hold_at": parts.reserve(
                averaged, LONG_HOLD if needs_all_steps(header) else SHORT_HOLD
            ),
            "lag_state_at": parts.reserve(images * pixels, np.float32),
        }
        """The header's fields about the state."""
        self.end = parts.size
        """Bytes of the memory up to the end of the state."""
        self._rows, self._watched = rows, watched

    def live_in(self, memory: npt.NDArray[np.uint8]) -> None:
        """Use this memory from now on."""
        longs = memory.view(np.int64)
        frames_at, times_at = self.places["row_frames_at"], self.places["row_times_at"]
        self._row_frames: npt.NDArray[np.int64] = longs[frames_at : frames_at + self._rows]
        self._row_times: npt.NDArray[np.int64] = longs[times_at : times_at + self._rows]
        watched_at = self.places["zinger_memory_at"]
        self._zinger_memory = memory[watched_at : watched_at + self._watched]
        self._header = memory[: HEADER.itemsize].view(HEADER)

    def forget(self) -> None:
        """Forget all earlier frames."""
        self.forget_average()
        self.forget_lag()
        self.forget_zingers()

    def move_to(self, old: npt.NDArray[np.uint8], new: npt.NDArray[np.uint8]) -> None:
        """Take all that is remembered along to another memory with the same places."""
        new[HEADER.itemsize : self.end] = old[HEADER.itemsize : self.end]
        self.live_in(new)

    def note_time(self, time_us: int) -> None:
        """Tell the kernels the time of the frame that comes next."""
        self._header["time_us"] = time_us

    def forget_average(self) -> None:
        """Begin a new average with the next frame."""
        self._row_frames.fill(0)

    def forget_lag(self) -> None:
        """Take the next frame for one in equilibrium."""
        self._row_times.fill(NEVER)

    def forget_zingers(self) -> None:
        """Take the next frame for the first that zingers are looked for in."""
        self._zinger_memory.fill(0)
