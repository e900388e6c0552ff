"""Residuals of neighbouring frames that are alike: together they tell less than their number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def autocorrelation(residuals: Values) -> Values:
    """Return the autocorrelation of frames (frames,) at shifts 0, 1, ..., as far as it is known.

    Up to twice the first shift at which it is not positive (the initial positive sequence:
    C. J. Geyer, Statist. Sci. 7 (1992), doi:10.1214/ss/1177011137), with falling weights, so that
    no variance made of it is negative (W. K. Newey and K. D. West, Econometrica 55 (1987),
    doi:10.2307/1913610).
    """
    frames, power = residuals.size, float(residuals @ residuals)
    if power == 0:
        return np.ones(1)
    first = next((k for k in range(1, frames // 2) if not _at(residuals, k) > 0), frames // 2)
    shifts = range(min(2 * first, frames))
    return np.array([(1 - k / len(shifts)) * _at(residuals, k) / power for k in shifts])


def correlated_product(columns: Values, correlation: Values) -> Values:
    """Return columns' C columns, C the correlation of the frames, for columns (frames, n)."""
    total = columns.T @ columns
    for shift, factor in enumerate(correlation[1:], 1):
        one = factor * (columns[shift:].T @ columns[:-shift])
        total = total + one + one.T
    product: Values = total
    return product


def _at(residuals: Values, shift: int) -> float:
    return float(residuals[shift:] @ residuals[: residuals.size - shift])
