"""How much each pixel lags, relative to the panel's typical one."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fpxi_imaging.lag.step_off import Frames
from fpxi_imaging.robust import robust_sigma

Values = npt.NDArray[np.float64]

_LEAST_FRAMES = 6
"""Twice as many as there are unknowns."""


def pixel_multiplier(
    frames: Frames,
    after: npt.NDArray[np.intp],
    lit: Values,
    used: npt.NDArray[np.bool_],
    curve: Values,
) -> Values | None:
    """Return each pixel's lag over the median's, (rows, cols); None where it is mostly noise.

    `curve` (frames,) is the typical pixel's lag in the frames `after`, over the level `lit`. Each
    pixel's frames are a line: intercept, which takes up the error of its dark, plus multiplier
    times the curve. The curve run backwards is no lag of any pixel, but whatever fluctuates in the
    same way at all times, slowly or fast, has as much of the one as of the other: what it scatters
    between the pixels is the noise of the multipliers. Pixels that are not `used` have 1.
    """
    forward = curve - curve.mean()
    multiplier, reversed_share, measured = _slopes(frames, after, lit, used, forward)
    if not measured.any():
        return None
    values = multiplier[measured]
    if not _spread(values) > math.sqrt(2) * _spread(reversed_share[measured]):
        return None
    result = np.ones(lit.shape)
    result[measured] = values / np.median(values)
    return result


def _slopes(
    frames: Frames,
    after: npt.NDArray[np.intp],
    lit: Values,
    used: npt.NDArray[np.bool_],
    forward: Values,
) -> tuple[Values, Values, npt.NDArray[np.bool_]]:
    """Fit every pixel by constant, curve and curve reversed; return both slopes, and where.

    A pixel that lacks samples of its own, beyond rows that were lost, is left out.
    """
    level = np.where(used, lit, 1.0)
    terms = np.column_stack([np.ones_like(forward), forward, forward[::-1]])
    normal = np.zeros((lit.shape[0], 3, 3))
    right = np.zeros((*lit.shape, 3))
    row_count = np.zeros(lit.shape[0], np.int64)
    count = np.zeros(lit.shape, np.int64)
    for index, term in zip(after, terms, strict=True):
        ratio = frames[index] / level
        valid = np.isfinite(ratio)
        received = valid.any(axis=1)
        normal[received] += np.outer(term, term)
        right += np.where(valid, ratio, 0.0)[..., None] * term
        row_count += received
        count += valid
    solvable: npt.NDArray[np.bool_] = (row_count >= _LEAST_FRAMES) & (
        np.linalg.cond(normal) < _MOST_CONDITION
    )
    normal[~solvable] = np.eye(3)
    slopes = np.asarray(np.linalg.solve(normal[:, None], right[..., None])[..., 0], np.float64)
    whole = (count == row_count[:, None]) & solvable[:, None]
    return slopes[..., 1], slopes[..., 2], used & whole


_MOST_CONDITION = 1e12
"""Of the normal equations, above which frames left too little of the curve to tell."""


def _spread(values: Values) -> float:
    return robust_sigma(values - np.median(values))
