"""The smooth unevenness of a flat: heel effect, distance from the focus, thickness of the film."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.robust import robust_sigma

Image = npt.NDArray[np.float64]
Map = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]

ORDER = 3
"""Of the polynomial in row and column: heel effect and inverse square need no more."""
_PIXELS_PER_TERM = 8
"""Fewer pixels get a polynomial of lower order."""
_MOST_SAMPLES = 40_000
"""Pixels, evenly spread, that the fit is made on: ample for ten terms."""
_ROUNDS = 4
_CLIP = 4.0
"""Pixels further than so many standard deviations from the surface are left out of the next."""


def smooth_surface(image: Map, used: Mask) -> Image:
    """Return a polynomial in row and column fitted to the `used` pixels; all of (rows, cols).

    Of total order 3, by least squares in four rounds, of pixels within 4 robust standard deviations
    of the median at first, then of the surface found, so that defects and small objects have no
    say. Of an image with few used pixels, the order is lower; with none, NaN.
    """
    places = np.flatnonzero(used & np.isfinite(image))
    if places.size == 0:
        return np.full(image.shape, np.nan)
    if places.size > _MOST_SAMPLES:
        places = places[np.linspace(0, places.size - 1, _MOST_SAMPLES).astype(np.intp)]
    order = ORDER
    while order and (order + 1) * (order + 2) // 2 * _PIXELS_PER_TERM > places.size:
        order -= 1
    coefficients = _fit(image, places, order)
    rows, cols = (_scaled(size) for size in image.shape)
    factors = np.zeros((order + 1, order + 1))
    for factor, (i, j) in zip(coefficients, _terms(order), strict=True):
        factors[i, j] = factor
    powers = np.arange(order + 1)
    surface: Image = (rows[:, None] ** powers) @ factors @ (cols ** powers[:, None])
    return surface


def _fit(image: Map, places: npt.NDArray[np.intp], order: int) -> Image:
    at = np.unravel_index(places, image.shape)
    rows, cols = (_scaled(size)[place] for size, place in zip(image.shape, at, strict=True))
    design = np.stack([rows**i * cols**j for i, j in _terms(order)], axis=1)
    values = image.ravel()[places].astype(np.float64)
    kept = _near(values - np.median(values))
    coefficients: Image = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        coefficients = np.asarray(np.linalg.lstsq(design[kept], values[kept], rcond=None)[0], float)
        closer = _near(values - design @ coefficients)
        if np.count_nonzero(closer) < design.shape[1] or np.array_equal(closer, kept):
            break
        kept = closer
    return coefficients


def _near(departures: Image) -> Mask:
    """Return which are within 4 robust standard deviations of 0."""
    near: Mask = np.abs(departures) <= _CLIP * robust_sigma(departures)
    return near


def _terms(order: int) -> list[tuple[int, int]]:
    return [(i, total - i) for total in range(order + 1) for i in range(total + 1)]


def _scaled(size: int) -> Image:
    """Return the places of rows or columns, -1 to 1."""
    return np.linspace(-1, 1, size) if size > 1 else np.zeros(1)
