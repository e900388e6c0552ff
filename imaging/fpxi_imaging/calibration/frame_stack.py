"""What a series of frames tells of each pixel, without keeping the frames."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from fpxi_imaging._guards import require_frame, require_mask
from fpxi_imaging._jit import kernel, read, scalar, warm_up, write
from fpxi_imaging.conditions import Conditions

MEDIAN_PIXELS = 65_536
"""A frame's median is taken over about so many pixels, evenly spread: ample, at any size."""


@kernel(
    read(types.uint16, 2),
    read(types.boolean, 1),
    write(types.uint64, 2),
    write(types.uint64, 2),
    write(types.uint16, 2),
    write(types.float64, 2),
    scalar,
)
def _accumulate(  # noqa: PLR0917 - numba calls kernels by position
    samples: Any,
    row_received: Any,
    total: Any,
    squares: Any,
    maximum: Any,
    with_level: Any,
    level: Any,
) -> Any:
    for row in range(samples.shape[0]):
        if row_received[row]:
            for col in range(samples.shape[1]):
                sample = np.uint64(samples[row, col])
                total[row, col] += sample
                squares[row, col] += sample * sample
                maximum[row, col] = max(maximum[row, col], samples[row, col])
                with_level[row, col] += level * samples[row, col]


class FrameStack:
    """Accumulate uint16 frames one by one; rows that were not received do not count.

    The sums are exact integers, good for 4e9 frames, so neither the order of the frames nor their
    number costs accuracy. Not thread safe.
    """

    def __init__(
        self, shape: tuple[int, int], not_imaging: npt.NDArray[np.bool_] | None = None
    ) -> None:
        """Take frames of `shape`; the medians of frames leave out `not_imaging`, of that shape.

        Raises `ArrayLayoutError` and `ShapeMismatchError` for a mask that does not fit.
        """
        if not_imaging is not None:
            require_mask(shape, "not_imaging", not_imaging)
        self.shape = shape
        self.frames = 0
        self.maximum: npt.NDArray[np.uint16] = np.zeros(shape, np.uint16)
        """Largest count seen at each pixel."""
        self.zeros: npt.NDArray[np.uint32] = np.zeros(shape, np.uint32)
        """Frames in which each pixel read 0, the converter's lowest code."""
        self.count: npt.NDArray[np.int64] = np.zeros(shape[0], np.int64)
        """Frames in which each row was received."""
        self._total = np.zeros(shape, np.uint64)
        self._even_total = np.zeros(shape, np.uint64)
        self._even_count = np.zeros(shape[0], np.int64)
        self._squares = np.zeros(shape, np.uint64)
        self._with_level = np.zeros(shape, np.float64)
        self._levels: list[float] = []
        self._every_row = np.ones(shape[0], np.bool_)
        self._medians: list[float] = []
        self._sampled = _spread(shape, not_imaging)
        warm_up(_accumulate)

    def add(
        self, samples: npt.NDArray[np.uint16], row_received: npt.NDArray[np.bool_] | None = None
    ) -> None:
        """Take in one frame of shape (rows, cols); without `row_received`, all of it.

        Raises `ShapeMismatchError` or `ArrayLayoutError` (uint16, C-contiguous).
        """
        received = self._every_row if row_received is None else row_received
        require_frame(self.shape, samples, received)
        median = self._median(samples) if received.all() else np.nan
        self._medians.append(median)
        level = self._level(median)
        self._levels.append(level)
        _accumulate(
            samples, received, self._total, self._squares, self.maximum, self._with_level, level
        )
        if self.frames % 2 == 0:
            np.add(self._even_total, samples, out=self._even_total, where=received[:, None])
            self._even_count += received
        self.zeros += (samples == 0) & received[:, None]
        self.count += received
        self.frames += 1

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """Mean of each pixel, counts; NaN in rows never received."""
        return _ratio(self._total, self.count)

    @property
    def variance(self) -> npt.NDArray[np.float64]:
        """Unbiased temporal variance, counts squared; NaN in rows received less than twice."""
        count = np.where(self.count > 1, self.count, np.nan)[:, None]
        variance: npt.NDArray[np.float64] = self._total / count
        variance *= self._total
        np.subtract(self._squares, variance, out=variance)
        np.maximum(variance, 0.0, out=variance)
        variance /= count - 1
        return variance

    @property
    def error(self) -> npt.NDArray[np.float64]:
        """Standard error of `mean`, counts; NaN in rows received less than twice."""
        return _error_of_mean(self.variance, self.count)

    def error_beside_level(self, share: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return the standard error of `mean` - share x the frames' mean median, counts.

        `share` is of shape (rows, cols). What all pixels have in common in each frame, in
        proportion to it, cancels: unsteadiness of the beam, and noise that reaches every pixel.
        Frames with missing rows count as of the first one's level.
        """
        count = np.where(self.count > 1, self.count, np.nan)[:, None]
        levels = np.array(self._levels)
        total, squares = levels.sum(), np.sum(levels**2)
        # Of sum (x - b d)^2 about its mean, x counts and d levels, what is more than of x alone.
        more = self._total * (total / -count)
        more += self._with_level
        more *= -2.0
        more += share * (squares - total**2 / count)
        more *= share
        more /= count - 1
        more += self.variance
        np.maximum(more, 0.0, out=more)
        return _error_of_mean(more, self.count)

    @property
    def even_mean(self) -> npt.NDArray[np.float64]:
        """Mean of the first, third, fifth ... frame, counts; NaN in rows never received."""
        return _ratio(self._even_total, self._even_count)

    @property
    def odd_mean(self) -> npt.NDArray[np.float64]:
        """Mean of the other frames, whose noise is independent of the even ones'; likewise."""
        return _ratio(self._total - self._even_total, self.count - self._even_count)

    @property
    def frame_medians(self) -> npt.NDArray[np.float64]:
        """Median over the imaging pixels of each frame, counts; NaN for one with missing rows.

        Over about `MEDIAN_PIXELS` pixels of a larger frame; to parts of a count, as if counts were
        spread evenly over their width.
        """
        return np.array(self._medians, np.float64)

    @property
    def nbytes(self) -> int:
        """Memory of the sums, bytes."""
        return sum(each.nbytes for each in vars(self).values() if isinstance(each, np.ndarray))

    @property
    def least_count(self) -> int:
        """Frames of the row that was received least often."""
        return int(self.count.min(initial=self.frames))

    def _level(self, median: float) -> float:
        """Return how far a frame's median is from the first known one; 0 where it is not known."""
        known = next((each for each in self._medians if np.isfinite(each)), np.nan)
        return median - known if np.isfinite(median) else 0.0

    def _median(self, samples: npt.NDArray[np.uint16]) -> float:
        values = samples.ravel()[self._sampled]
        if values.size == 0:
            return float("nan")
        middle = int(np.partition(values, values.size // 2)[values.size // 2])
        below = np.count_nonzero(values < middle)
        equal = np.count_nonzero(values == middle)
        return middle - 0.5 + (values.size / 2 - below) / equal


@dataclass(frozen=True, eq=False)
class FrameSeries:
    """Frames taken in a row under one set of conditions."""

    stack: FrameStack
    conditions: Conditions
    """Their temperature is the frames' mean."""
    taken: datetime
    """Aware; when the first frame was taken."""
    relative_dose: float | None = None
    """Of a flat, in units common to all flats of a calibration; None: not known."""


def _spread(
    shape: tuple[int, int], not_imaging: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.intp]:
    imaging = np.arange(shape[0] * shape[1])
    if not_imaging is not None:
        imaging = np.flatnonzero(~not_imaging)
    chosen = min(imaging.size, MEDIAN_PIXELS)
    return imaging[np.linspace(0, imaging.size - 1, chosen).astype(np.intp)] if chosen else imaging


def _ratio(total: npt.NDArray[np.uint64], count: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    ratio: npt.NDArray[np.float64] = total / np.where(count > 0, count, np.nan)[:, None]
    return ratio


def _error_of_mean(
    variance: npt.NDArray[np.float64], count: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the standard error in place of the variance."""
    variance /= np.where(count > 0, count, np.nan)[:, None]
    error: npt.NDArray[np.float64] = np.sqrt(variance, out=variance)
    return error
