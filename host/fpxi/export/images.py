"""What an export writes: some frames of a source, or their mean as one image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from fpxi_imaging import PixelFlag

from fpxi.export.sources import Flags, ImageSource

Image = tuple[npt.NDArray[Any], Flags]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Images:
    """Images of one shape and type that can be gone through more than once."""

    source: ImageSource
    indices: list[int]
    average: bool
    progress: Progress | None = None
    """Called with the images gone through and all of them, in every pass."""
    rows_missing: dict[int, int] = field(default_factory=dict)
    """Rows that never arrived, by the index of the frame; known of frames gone through."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Images, rows, columns."""
        return (1 if self.average else len(self.indices), *self.source.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values: a mean is float32."""
        return np.dtype(np.float32) if self.average else self.source.dtype

    @property
    def kind(self) -> str:
        """What the values are, in words."""
        if not self.average:
            return self.source.kind
        images, frames = len(self.indices), int(self.source.frames_in[self.indices].sum())
        averages = "" if frames == images else f"{images} averages of "
        return f"mean of {averages}{frames} frames, {self.source.kind}"

    def __iter__(self) -> Iterator[Image]:
        return iter([self.mean()]) if self.average else self._frames()

    def mean(self) -> Image:
        """Return the mean of all frames, float32, over those that have a value at a pixel.

        An image that is an average itself weighs as its frames do. NaN where none has; a pixel is
        flagged with what is true of every frame.
        """
        total = np.zeros(self.source.shape, np.float64)
        count = np.zeros(self.source.shape, np.int64)
        common = np.full(self.source.shape, 0xFF, np.uint8)
        weights = self.source.frames_in[self.indices]
        for weight, (values, flags) in zip(weights, self._frames(), strict=True):
            usable = np.isfinite(values) & (flags & PixelFlag.MISSING == 0)
            total += np.where(usable, values, 0) * weight
            count += usable * weight
            common &= flags
        mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        return mean.astype(np.float32), common

    def missing(self) -> list[str]:
        """Return what never arrived, in words; known of images gone through."""
        rows = sum(self.rows_missing[index] for index in self.indices)
        return [f"{rows} rows"] if rows else []

    def _frames(self) -> Iterator[Image]:
        for done, index in enumerate(self.indices, 1):
            values, flags = self.source.image(index)
            missing = (flags & PixelFlag.MISSING).any(axis=0 if self.source.rows_across else 1)
            self.rows_missing[index] = int(np.count_nonzero(missing))
            yield values, flags
            if self.progress is not None:
                self.progress(done, len(self.indices))
