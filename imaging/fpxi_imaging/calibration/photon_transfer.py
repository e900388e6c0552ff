"""How much temporal variance each count of signal adds.

The mean-variance or photon-transfer relation (J. R. Janesick, Photon Transfer, SPIE Press 2007):
variance = read noise squared + noise_per_count x signal. With X-rays the slope is far above that of
dark current, as each photon frees many charges.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.frame_stack import FrameStack

Image = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def noise_per_count(flat: FrameStack, offset: Image, dark_noise: Image, good: Mask) -> float:
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
