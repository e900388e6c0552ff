"""Fitting the response of each pixel to flats of one or several levels.

A pixel's flats, less offset, are its responses r; what the levels stand for are its targets t, in
counts of the median pixel. One level: t = g r. Several: t as a polynomial in r through 0, by
weighted least squares; the linear one is its first degree. Levels are weighted by the noise of
their mean as the median pixel has it (mostly photon noise), brought to t by the pixel's mean slope;
the uncertainty of each pixel follows from its own noise. Levels at which a pixel clips are not used
for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from fpxi_imaging.linearity import Linearity, Piecewise, Polynomial

Image = npt.NDArray[np.float64]
Map = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]

_BAND_PIXELS = 16_384
"""Pixels fitted at a time, to bound the memory."""


@dataclass(frozen=True, eq=False)
class LevelMaps:
    """One level of flats; arrays of shape (rows, cols)."""

    response: Map
    """Flat less offset, counts."""
    error: Map
    """Standard error of the response by noise, counts."""
    usable: Mask
    """False where the pixel clips, or is not of the image."""
    target: Map
    """The value that each pixel is to be given, counts."""
    offset_error: Map | None = None
    """The part of `error` that the levels have in common, that of their offset; None: none."""


@dataclass(frozen=True, eq=False)
class GainFit:
    """What a fit found; arrays of shape (rows, cols)."""

    gain: Image
    """NaN where a pixel cannot be described so."""
    uncertainty: Map
    """Relative standard uncertainty of the value at the pixel's highest level."""
    linearity: Linearity | None
    goodness: float
    """Median squared deviation from the fit over what noise explains: 1 where the description
    holds; NaN where every pixel meets its levels exactly."""


def fit_polynomial(levels: Sequence[LevelMaps], degree: int) -> GainFit:
    """Fit a polynomial through 0; pixels with fewer usable levels than `degree` have no gain."""
    shape = levels[0].response.shape
    gain = np.full(shape, np.nan)
    uncertainty, excess = (np.full(shape, np.nan, np.float32) for _ in range(2))
    coefficients = np.zeros((degree - 1, *shape), np.float32)
    variances = [_variance(level) for level in levels]
    rows = max(1, _BAND_PIXELS // max(shape[1], 1))
    for first in range(0, shape[0], rows):
        band = np.s_[first : first + rows]
        found = _fit_band([_part(level, band) for level in levels], variances, degree)
        gain[band], uncertainty[band], coefficients[:, band], excess[band] = found
    known = excess[np.isfinite(excess)]
    linearity = Polynomial(coefficients) if degree > 1 else None
    return GainFit(gain, uncertainty, linearity, float(np.median(known)) if known.size else np.nan)


def fit_piecewise(levels: Sequence[LevelMaps]) -> GainFit:
    """Join 0 and the levels by straight lines; a pixel whose responses do not rise has no gain.

    Above its highest level a pixel's last line goes on, and below 0 its first.
    """
    shape = levels[0].response.shape
    top, top_target, top_error = (np.full(shape, np.nan) for _ in range(3))
    rising, last = np.ones(shape, np.bool_), np.zeros(shape)
    for level in levels:
        rising &= ~level.usable | (level.response > last)
        last = np.where(level.usable, level.response, last)
        for image, values in (
            (top, level.response),
            (top_target, level.target),
            (top_error, level.error),
        ):
            np.copyto(image, values, where=level.usable)
    good = rising & (top > 0)
    gain = np.divide(top_target, top, out=np.full(shape, np.nan), where=good)
    error = np.divide(top_error, top, out=np.full(shape, np.nan), where=good)
    return GainFit(gain, error, _pieces(levels, gain), float("nan"))


def _pieces(levels: Sequence[LevelMaps], gain: Image) -> Piecewise:
    """Return the lines in u = gain x response; what a pixel lacks is never reached."""
    shape = gain.shape
    knots = np.full((len(levels) - 1, *shape), np.inf)
    slopes, intercepts = np.ones((len(levels), *shape)), np.zeros((len(levels), *shape))
    before, before_target = np.zeros(shape), np.zeros(shape)
    slope, intercept = np.ones(shape), np.zeros(shape)
    for index, level in enumerate(levels):
        here = level.usable & np.isfinite(gain)
        u = np.where(here, gain * level.response, before)
        run = u - before
        steeper = np.divide(level.target - before_target, run, out=slope.copy(), where=here)
        slope = steeper
        intercept = np.where(here, before_target - slope * before, intercept)
        slopes[index], intercepts[index] = slope, intercept
        if index < len(levels) - 1:
            more = np.any([each.usable for each in levels[index + 1 :]], axis=0)
            knots[index] = np.where(more, u, np.inf)
        before, before_target = u, np.where(here, level.target, before_target)
    return Piecewise(
        knots.astype(np.float32), slopes.astype(np.float32), intercepts.astype(np.float32)
    )


def _variance(level: LevelMaps) -> float:
    """Return the median pixel's squared error, relative to its response."""
    used = level.usable & (level.response > 0) & np.isfinite(level.error)
    if not used.any():
        return float("inf")
    return float(np.median((level.error[used] / level.response[used]) ** 2))


def _part(level: LevelMaps, band: slice) -> LevelMaps:
    shared = None if level.offset_error is None else level.offset_error[band]
    return LevelMaps(
        level.response[band], level.error[band], level.usable[band], level.target[band], shared
    )


def _fit_band(
    levels: Sequence[LevelMaps], variances: Sequence[float], degree: int
) -> tuple[Image, Image, Image, Image]:
    """Return gain, uncertainty, coefficients (degree - 1 of them) and excess of some rows."""
    response = np.stack([level.response for level in levels], axis=-1, dtype=np.float64)
    target = np.stack([level.target for level in levels], axis=-1, dtype=np.float64)
    usable = np.stack([level.usable & (level.response > 0) for level in levels], axis=-1)
    error = np.stack([level.error for level in levels], axis=-1, dtype=np.float64)
    scale = np.max(np.where(usable, response, 0.0), axis=-1)
    solvable = np.count_nonzero(usable, axis=-1) >= degree
    scale = np.where(solvable, scale, 1.0)
    x = np.where(usable, response / scale[..., None], 0.0)
    design = np.stack([x**power for power in range(1, degree + 1)], axis=-1)
    # Errors of a response count in t, by t / r; the median's, so that weights do not follow noise.
    weight = usable / (np.where(usable, target, 1.0) ** 2 * np.maximum(variances, _TINY))
    weighted = weight[..., None] * design
    normal = np.einsum("...li,...lj->...ij", design, weighted)
    normal[~solvable] = np.eye(degree)
    inverse = np.linalg.inv(normal)
    right = np.einsum("...li,...l->...i", weighted, np.where(usable, target, 0.0))
    a = np.einsum("...ij,...j->...i", inverse, right)
    slopes = np.einsum("...li,...i->...l", _derivatives(x, degree), a) / scale[..., None]
    spread = np.where(usable, (slopes * error) ** 2, 0.0)
    shared = np.where(usable, slopes * _offset_errors(levels), 0.0)
    # What each level's target counts in the value at the highest one, where all powers of x are 1.
    part = np.einsum("...ij,...lj->...l", inverse, weighted)
    own_variance = np.sum(part**2 * np.maximum(spread - shared**2, 0.0), axis=-1)
    top_variance = own_variance + np.sum(part * shared, axis=-1) ** 2
    top = a.sum(axis=-1)
    good = solvable & (a[..., 0] > 0) & (top > 0)
    gain = np.where(good, a[..., 0] / scale, np.nan)
    uncertainty = np.sqrt(top_variance) / np.where(good, top, np.nan)
    powers = np.arange(1, degree)
    first = np.where(good, a[..., 0], 1.0)[..., None]
    coefficients = np.where(good[..., None], a[..., 1:] / first ** (powers + 1), 0.0)
    left = np.where(usable, target - np.einsum("...li,...i->...l", design, a), 0.0)
    excess = _excess(left, spread, usable, degree)
    return (
        gain,
        uncertainty,
        np.moveaxis(coefficients, -1, 0),
        np.where(good, excess, np.nan),
    )


_TINY = 1e-30
"""Weights of levels without any noise are finite."""


def _offset_errors(levels: Sequence[LevelMaps]) -> Image:
    known = [
        np.zeros_like(level.error) if level.offset_error is None else level.offset_error
        for level in levels
    ]
    return np.stack(known, axis=-1, dtype=np.float64)


def _derivatives(x: Image, degree: int) -> Image:
    return np.stack([power * x ** (power - 1) for power in range(1, degree + 1)], axis=-1)


def _excess(left: Image, spread: Image, usable: Mask, degree: int) -> Image:
    """Return chi squared over its median for so many degrees of freedom; NaN for none."""
    freedom = np.count_nonzero(usable, axis=-1) - degree
    total = np.sum(np.divide(left**2, spread, out=np.zeros_like(left), where=spread > 0), axis=-1)
    free = freedom > 0
    result: Image = np.full(total.shape, np.nan)
    result[free] = total[free] / chdtri(freedom[free], 0.5)
    return result
