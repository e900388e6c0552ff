"""How much temporal variance each count of signal adds.

The mean-variance or photon-transfer relation (J. R. Janesick, Photon Transfer, SPIE Press 2007):
variance = read noise squared + noise_per_count x signal. With X-rays the slope is far above that of
dark current, as each photon frees many charges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.frame_stack import FrameStack

Image = npt.NDArray[np.float64]
Map = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PhotonNoise:
    """How much variance photons add for each count of their signal, and how well that is known."""

    per_count: float
    """Counts; 0 where it is not known."""
    signal: float
    """Median of the flats above their darks, counts."""
    error: float
    """Standard error of `per_count`."""

    @classmethod
    def measured(
        cls, per_count: float, signal: float, dark_noise: float, *, frames: int, pixels: int
    ) -> PhotonNoise:
        """Return it with the error of a median over `pixels`, of flats and of darks of `frames`.

        A variance of n frames is known to sqrt(2 / (n - 1)); a median of pixels is 1.25 times less
        certain than their mean.
        """
        dark = dark_noise**2
        spread = np.hypot(dark, dark + per_count * signal) * np.sqrt(2 / max(frames - 1, 1))
        return cls(per_count, signal, float(1.25 * spread / np.sqrt(pixels) / signal))

    def least(self, certainty: float) -> float:
        """Return what it is at least, with so many standard errors; 0: it may be anything."""
        return max(self.per_count - certainty * self.error, 0.0)


def noise_per_count(flat: FrameStack, offset: Map, dark_noise: Map, good: Mask) -> float:
    """Return the median pixel's slope between the dark and one level, counts; 0 where unknown.

    Unsteadiness of the beam that all pixels share is taken off, as the medians of frames show it.
    """
    signal = flat.mean - offset
    shared = _relative_variance(flat.frame_medians, float(np.median(offset[good])))
    added = flat.variance - dark_noise**2 - shared * signal**2
    used = good & (signal > 0) & np.isfinite(added)
    return max(float(np.median(added[used] / signal[used])), 0.0) if used.any() else 0.0


def _relative_variance(medians: Image, offset: float) -> float:
    """Return the variance of the beam from frame to frame, over its mean squared."""
    known = medians[np.isfinite(medians)] - offset
    if known.size < 2 or known.mean() <= 0:
        return 0.0
    return float(known.var(ddof=1) / known.mean() ** 2)
