"""Mean and temporal variance of a stack of frames, without keeping the stack."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from fpxi_imaging._guards import require_frame
from fpxi_imaging._jit import kernel, read, warm_up, write


@kernel(
    read(types.uint16, 2),
    read(types.boolean, 1),
    write(types.uint64, 2),
    write(types.uint64, 2),
    write(types.uint16, 2),
)
def _accumulate(samples: Any, row_received: Any, total: Any, squares: Any, maximum: Any) -> Any:
    for row in range(samples.shape[0]):
        if row_received[row]:
            for col in range(samples.shape[1]):
                sample = np.uint64(samples[row, col])
                total[row, col] += sample
                squares[row, col] += sample * sample
                maximum[row, col] = max(maximum[row, col], samples[row, col])


class StackMean:
    """Accumulate uint16 frames one by one; rows that were not received do not count.

    The sums are exact integers, good for 4e9 frames, so neither the order of the frames nor their
    number costs accuracy. Not thread safe.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.frames = 0
        self.maximum: npt.NDArray[np.uint16] = np.zeros(shape, np.uint16)
        """Largest count seen at each pixel."""
        self.zeros: npt.NDArray[np.uint32] = np.zeros(shape, np.uint32)
        """Frames in which each pixel read 0, the converter's lowest code."""
        self.count: npt.NDArray[np.int64] = np.zeros(shape[0], np.int64)
        """Frames in which each row was received."""
        self._total = np.zeros(shape, np.uint64)
        self._squares = np.zeros(shape, np.uint64)
        self._every_row = np.ones(shape[0], np.bool_)
        warm_up()

    def add(
        self, samples: npt.NDArray[np.uint16], row_received: npt.NDArray[np.bool_] | None = None
    ) -> None:
        """Take in one frame of shape (rows, cols); without `row_received`, all of it.

        Raises `ShapeMismatchError` or `ArrayLayoutError` (uint16, C-contiguous).
        """
        received = self._every_row if row_received is None else row_received
        require_frame(self.shape, samples, received)
        _accumulate(samples, received, self._total, self._squares, self.maximum)
        self.zeros += (samples == 0) & received[:, None]
        self.count += received
        self.frames += 1

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """Mean of each pixel, counts; NaN in rows never received."""
        count = np.where(self.count > 0, self.count, np.nan)[:, None]
        mean: npt.NDArray[np.float64] = self._total / count
        return mean

    @property
    def variance(self) -> npt.NDArray[np.float64]:
        """Unbiased temporal variance, counts squared; NaN in rows received less than twice."""
        count = np.where(self.count > 1, self.count, np.nan)[:, None]
        scatter = np.maximum(self._squares - self._total * (self._total / count), 0.0)
        variance: npt.NDArray[np.float64] = scatter / (count - 1)
        return variance
