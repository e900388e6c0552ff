"""Finding defective pixels in darks and flats.

Criteria after ASTM E2597 (digital detector arrays): response against the local median, and
temporal noise against the median of the panel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from fpxi_imaging._jit import index, kernel, read, warm_up, write
from fpxi_imaging.frame_stack import FrameStack

QUANTISATION_SIGMA = 12**-0.5
"""Standard deviation of rounding to whole counts: no pixel's noise is known to be less."""

_GRID_STEP = 4


@dataclass(frozen=True)
class DefectThresholds:
    """When a pixel is defective.

    ASTM E2597 gives over- and under-response with their window, noise and its 30 darks,
    non-uniformity and persistence with their window, and the good neighbours of kernel pixels.
    The rest is ours: the standard calls a pixel dead that does not respond, which noisy frames
    cannot show exactly, and it judges values as if they were free of error.
    """

    over_response: float = 1.3
    """Over-responding above this multiple of the local median response."""
    under_response: float = 0.6
    """Under-responding below this multiple of the local median response."""
    window: int = 21
    """Side of the square over which the median of the response is taken, pixels."""
    noise: float = 6.0
    """Noisy above this multiple of the median temporal sigma of the darks."""
    most_cut_off: float = 0.1
    """Defective if a larger fraction of its darks than this reads 0, below which nothing is read:
    their mean is then no offset, and at low doses the pixel's corrected values fall short."""
    dead_response: float = 0.05
    """Dead at or below this multiple of the panel's median response."""
    fewest_darks: int = 30
    """Darks from which the noise of a pixel is known well enough to call it noisy."""
    non_uniformity: float = 0.01
    """Non-uniform if a corrected flat differs by more than this part of its local median."""
    persistence: float = 2.0
    """Persistent above this multiple of the local median in the first frame after exposure."""
    fine_window: int = 9
    """Side of the square over which these two medians are taken, pixels."""
    certainty: float = 4.0
    """Non-uniform and persistent only if also this many standard errors beyond the median: of
    pixels at the median, 0.003 % seem to be on either side."""
    kernel_good_neighbours: int = 5
    """A pixel of a cluster that has fewer good neighbours is a kernel pixel."""
    line_length: int = 20
    """A line has more bad pixels than this one after the other."""
    line_accompanied: float = 0.1
    """Largest fraction of a line's pixels that may have a bad pixel at their side."""


DEFAULT_THRESHOLDS = DefectThresholds()


def median_noise(dark_variance: npt.NDArray[np.float64], imaging: npt.NDArray[np.bool_]) -> float:
    """Median temporal sigma over the imaging pixels, counts; at least that of quantisation.

    Pixels whose variance is unknown (NaN: fewer than two frames) are left out.
    """
    known = dark_variance[imaging & np.isfinite(dark_variance)]
    if known.size == 0:
        return QUANTISATION_SIGMA
    return max(float(np.sqrt(np.median(known))), QUANTISATION_SIGMA)


def find_defects(
    response: npt.NDArray[np.float64],
    dark_variance: npt.NDArray[np.float64],
    clipped: npt.NDArray[np.bool_],
    imaging: npt.NDArray[np.bool_],
    thresholds: DefectThresholds,
) -> npt.NDArray[np.bool_]:
    """Return which imaging pixels are defective; all arrays of shape (rows, cols).

    Defective are pixels that are `clipped` (saturate or are cut off), do not respond to radiation
    (`response` = flat - dark, counts, not above 0), are noisy, or respond much more or less than
    the local median of the rest.
    A pixel of unknown variance (NaN) is not called noisy.
    """
    limit = thresholds.noise * median_noise(dark_variance, imaging)
    suspect = clipped | ~(response > 0) | (dark_variance > limit**2)
    local = local_median(response, imaging & ~suspect, thresholds.window)
    over = response > thresholds.over_response * local
    under = response < thresholds.under_response * local
    return (suspect | over | under) & imaging


def cut_off(
    dark: FrameStack, imaging: npt.NDArray[np.bool_], thresholds: DefectThresholds
) -> npt.NDArray[np.bool_]:
    """Return the pixels, shape (rows, cols), whose darks are cut off at 0 counts too often.

    None in a panel without noise: its darks of 0 may be exact, as those of a photon counter.
    """
    if median_noise(dark.variance, imaging) <= QUANTISATION_SIGMA:
        return np.zeros(dark.shape, np.bool_)
    return dark.zeros > thresholds.most_cut_off * dark.count[:, None]


def local_median(
    values: npt.NDArray[np.float64], good: npt.NDArray[np.bool_], window: int
) -> npt.NDArray[np.float64]:
    """Median over the good pixels of a window x window square around each pixel; NaN if none.

    Squares are moved inwards at the border, and taken at every fourth row and column: the square of
    a pixel is centred at most 2 pixels away, at a sixteenth of the work.
    """
    warm_up()
    rows, cols = values.shape
    coarse = np.empty((-(-rows // _GRID_STEP), -(-cols // _GRID_STEP)))
    _window_medians(np.ascontiguousarray(values), np.ascontiguousarray(good), window, coarse)
    return coarse.repeat(_GRID_STEP, axis=0)[:rows].repeat(_GRID_STEP, axis=1)[:, :cols]


@kernel(
    read(types.float64, 2),
    read(types.boolean, 2),
    index,
    write(types.float64, 2),
    allocates=True,
)
def _window_medians(values: Any, good: Any, window: Any, out: Any) -> Any:
    rows, cols = values.shape
    kept = np.empty(window * window)
    for i in range(out.shape[0]):
        top = max(0, min(i * _GRID_STEP + _GRID_STEP // 2 - window // 2, rows - window))
        for j in range(out.shape[1]):
            left = max(0, min(j * _GRID_STEP + _GRID_STEP // 2 - window // 2, cols - window))
            count = 0
            for row in range(top, min(top + window, rows)):
                for col in range(left, min(left + window, cols)):
                    if good[row, col]:
                        kept[count] = values[row, col]
                        count += 1
            out[i, j] = np.median(kept[:count]) if count else np.nan
