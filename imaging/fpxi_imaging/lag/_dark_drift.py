"""A dark level that moved between the darks and the frames after a step-off, or during these.

It looks exactly like lag that is slower than the frames go on. So a level and a slope, each known
beforehand to be 0 within a standard uncertainty, are fitted beside every sum of exponentials: lag
must stand out of them to be seen. Both are linear, and are solved for within each residual.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS

Values = npt.NDArray[np.float64]

DRIFT = DEFAULT_LIMITS.dark_drift / math.sqrt(3)
"""Standard uncertainty of the dark level, in the median pixel's noise: it may lie anywhere within
what a series of darks may drift and still be good."""


class DarkDrift:
    """Takes level and slope out of weighted residuals, as far as they may be there."""

    def __init__(self, begin_s: Values, sigma: Values, uncertainty: float) -> None:
        """Take the frames' times and standard uncertainties (frames,), and that of the level."""
        run_s = float(begin_s[-1] - begin_s[0])
        place = (begin_s - begin_s[0]) / run_s if run_s > 0 else np.zeros_like(begin_s)
        self._terms = uncertainty * np.column_stack([np.ones_like(place), place])
        # That both are 0 within their uncertainty counts as a frame each.
        weighted = np.vstack([self._terms / sigma[:, None], np.eye(2)])
        self._q, self._r = np.linalg.qr(weighted)

    def without(self, weighted: Values) -> Values:
        """Return residuals (frames, ...) over sigma less level and slope, (frames + 2, ...)."""
        padded = _padded(weighted)
        left: Values = padded - self._q @ (self._q.T @ padded)
        return left

    def found(self, weighted: Values) -> Values:
        """Return level and slope in residuals (frames,) over sigma, as values of the frames."""
        factors = np.linalg.solve(self._r, self._q.T @ _padded(weighted))
        level: Values = self._terms @ factors
        return level


def _padded(weighted: Values) -> Values:
    return np.concatenate([weighted, np.zeros((2, *weighted.shape[1:]))])
