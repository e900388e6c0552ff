"""The modulation transfer function by a slanted edge, the textbook's way.

Find the edge in every row, fit a line, put all pixels on one axis across it, average in bins, take
differences, transform (E. Samei, M. J. Flynn, D. A. Reimann, Med. Phys. 25, 102 (1998); IEC
62220-1-1). What is found is the presampled function: it holds beyond the array's Nyquist limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from textbook import Line, Values, crossing, fit_line

BINS_PER_PIXEL = 4


@dataclass(frozen=True, slots=True)
class TransferFunction:
    """Modulation against spatial frequency; one at zero."""

    cycles_per_pixel: Values
    modulation: Values

    def frequency_at(self, modulation: float) -> float:
        """Line pairs in a pixel's width at which the modulation has fallen to this."""
        return crossing(self.cycles_per_pixel, self.modulation, modulation)


def transfer_function(
    images: npt.ArrayLike, *, half_width_pixels: float = 16.0, reach_pixels: int = 4
) -> TransferFunction:
    """Measure the transfer across an edge that runs roughly along the columns.

    Images (images, rows, columns), or one (rows, columns), are free of offset and differences of
    gain. Several images of the same array show the edge in several places; pixels that are no
    number are left out. Distances beyond `half_width_pixels` from the edge are not used. In a row,
    the edge's place is the centre of the steps within `reach_pixels` of the steepest.
    """
    stack = np.asarray(images, float)
    stack = stack[None] if stack.ndim == 2 else stack
    samples = [_across(image, reach_pixels) for image in stack]
    distance, value = (np.concatenate(parts) for parts in zip(*samples, strict=True))
    spread = _edge_spread(distance, value, half_width_pixels)
    line_spread = np.diff(spread)
    line_spread *= np.hanning(line_spread.size + 2)[1:-1] ** 0.25
    padded = 8 * line_spread.size
    cycles = np.fft.rfftfreq(padded, 1 / BINS_PER_PIXEL)
    modulation = np.abs(np.fft.rfft(line_spread, padded))
    # A bin averages over its width, a difference of two bins does so again.
    modulation /= modulation[0] * np.sinc(cycles / BINS_PER_PIXEL) ** 2
    return TransferFunction(cycles, modulation)


def _across(image: Values, reach: int) -> tuple[Values, Values]:
    """Return the distance of every pixel from the edge in pixels, and its value."""
    rows, columns = np.indices(image.shape, float)
    line = _edge_line(image, reach)
    distance = (columns - (line.intercept + line.slope * rows)) / np.hypot(1, line.slope)
    known = np.isfinite(image)
    return distance[known], image[known]


def _edge_line(image: Values, reach: int) -> Line:
    """Fit the edge's column against the row: the middle of the step, where a row shows all of it.

    Pixels that are no number are interpolated along their row for this.
    """
    low, high = np.nanpercentile(image, [5, 95])
    positions = []
    for number, row in enumerate(image):
        known = np.flatnonzero(np.isfinite(row))
        steps = np.diff(np.interp(np.arange(row.size), known, row[known]))
        middle = int(np.argmax(np.abs(np.convolve(steps, np.ones(3), "same"))))
        near = slice(max(middle - reach, 0), middle + reach + 1)
        height = steps[near].sum()
        if near.start > 0 and near.stop < steps.size and abs(height) > (high - low) / 2:
            places = np.arange(near.start, near.stop) + 0.5
            positions.append((number, float(np.sum(steps[near] * places) / height)))
    return fit_line(*np.transpose(positions))


def _edge_spread(distance: Values, value: Values, half_width: float) -> Values:
    """Mean value in bins of a quarter of a pixel, moved along the local slope to their centres."""
    bins = int(2 * half_width * BINS_PER_PIXEL)
    place = np.floor((distance + half_width) * BINS_PER_PIXEL).astype(int)
    inside = (place >= 0) & (place < bins)
    counts = np.bincount(place[inside], minlength=bins)
    sums = np.bincount(place[inside], weights=value[inside], minlength=bins)
    if np.any(counts == 0):
        raise ValueError("a bin of the edge's profile holds no pixel: tilt the edge more")
    distances = np.bincount(place[inside], weights=distance[inside], minlength=bins) / counts
    centres = (np.arange(bins) + 0.5) / BINS_PER_PIXEL - half_width
    values = sums / counts
    return values + np.gradient(values, distances) * (centres - distances)
