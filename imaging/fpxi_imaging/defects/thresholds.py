"""By which figures pixels are called defective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import require_positive
from fpxi_imaging.robust import known_median

QUANTISATION_SIGMA = 12**-0.5
"""Standard deviation of rounding to whole counts: no pixel's noise is known to be less."""


@dataclass(frozen=True)
class DefectThresholds:
    """When a pixel is defective.

    ASTM E2597 gives over- and under-response with their window, noise and its 30 darks,
    non-uniformity and persistence with their window, and the good neighbours of kernel pixels.
    The rest is ours: the standard calls a pixel dead that does not respond, which noisy frames
    cannot show exactly, and it judges values as if they were free of error.

    Raises `SettingError` for a figure that is not above 0.
    """

    over_response: float = 1.3
    """Over-responding above this multiple of the local median response."""
    under_response: float = 0.6
    """Under-responding below this multiple of the local median response."""
    window: int = 21
    """Side of the square over which the median of the response is taken, pixels."""
    noise: float = 6.0
    """Noisy above this multiple of the median temporal sigma of the darks."""
    zero_fraction: float = 0.1
    """Cut off if a larger fraction of its darks than this reads 0, below which nothing is read:
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
    line_length: int = 10
    """A line has more bad pixels than this one after the other. The standard's length was not at
    hand; this one suits panels of some ten rows and columns as well as large ones."""
    line_accompanied: float = 0.1
    """Largest fraction of a line's pixels that may have a bad pixel at their side."""

    def __post_init__(self) -> None:
        require_positive(self)


DEFAULT_THRESHOLDS = DefectThresholds()


def panel_noise(noise: npt.NDArray[np.floating[Any]], imaging: npt.NDArray[np.bool_]) -> float:
    """Median temporal sigma of the imaging pixels, counts; at least that of quantisation.

    Pixels whose noise is unknown (NaN) are left out.
    """
    return max(known_median(noise, imaging, unknown=0.0), QUANTISATION_SIGMA)
