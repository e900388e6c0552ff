"""Whether flats were taken with nothing in the beam, and how even they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging.calibration.check_limits import CheckLimits
from fpxi_imaging.calibration.errors import UnevenFlatError
from fpxi_imaging.calibration.shading import smooth_surface
from fpxi_imaging.robust import robust_sigma
from fpxi_imaging.verdict import Grade, Verdict

Image = npt.NDArray[np.float64]
Map = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]

_DIM = 0.2
"""Part of the surface below which a line of pixels is taken to be broken."""


def check_evenness(response: Map, used: Mask, limits: CheckLimits) -> tuple[Verdict, Verdict]:
    """Return verdicts on the smooth surface and on what departs from it locally.

    `response` is the flat less offset, counts; `used` are the pixels that do not clip, all of
    (rows, cols). A block of pixels that departs by more than `most_local_residual` from the surface
    is an object in the beam, unless all blocks of an uneven film scatter so. Raises
    `UnevenFlatError`.
    """
    surface = smooth_surface(response, used)
    ratio = _require_even(surface[used], limits)
    dead = _dead_lines(response, surface, used)
    seen = used & ~dead
    residuals, middles = _block_residuals(response, surface, seen, limits.residual_block)
    largest = int(np.argmax(np.abs(residuals)))
    residual, (row, column) = float(residuals[largest]), middles[largest]
    scatter = limits.residual_sigmas * robust_sigma(residuals)
    most = max(limits.most_local_residual, scatter)
    if abs(residual) > most:
        raise UnevenFlatError(
            f"around row {row}, column {column} it departs by {residual:+.0%} from its "
            f"surroundings, at most {most:.0%} is allowed; an object in the "
            "beam does that; where pixels are broken or the film is uneven, raise that limit: "
            f"--limit most_local_residual={1.2 * abs(residual):.2g}"
        )
    return _verdicts(ratio, residual, middles[largest], _widest_band(dead), limits)


def _require_even(surface: Image, limits: CheckLimits) -> float:
    """Return the ratio of its highest value to its lowest."""
    highest, lowest = float(surface.max()), float(surface.min())
    ratio = highest / lowest if lowest > 0 else np.inf
    if ratio > limits.most_uneven:
        raise UnevenFlatError(
            f"its smooth part varies by a factor of {ratio:.2f} over the panel, at most "
            f"{limits.most_uneven:.2f} is allowed"
        )
    return ratio


def _verdicts(
    ratio: float, residual: float, middle: tuple[int, int], widest: int, limits: CheckLimits
) -> tuple[Verdict, Verdict]:
    """Judge the surface by its ratio, the beam by a block's residual and by the widest band."""
    row, column = middle
    even = ratio <= limits.uneven
    shaded = widest >= limits.residual_block
    clear = abs(residual) <= limits.local_residual and not shaded
    return (
        Verdict(
            "evenness of the flats",
            Grade.GOOD if even else Grade.USABLE,
            ratio,
            limits.uneven,
            "",
            f"the flats vary smoothly by a factor of {ratio:.2f} over the panel, brightest to "
            f"dimmest; up to {limits.uneven:.2f} is good"
            + ("" if even else ": centre the beam, or move the source away, unless the film is so"),
        ),
        Verdict(
            "clear beam",
            Grade.GOOD if clear else Grade.USABLE,
            100 * abs(residual),
            100 * limits.local_residual,
            "%",
            f"{widest} rows or columns side by side hardly respond: if they are not broken, a "
            "collimator or a bar stood in the beam; take it out, and take the flats again"
            if shaded
            else f"no block of {limits.residual_block} x {limits.residual_block} pixels departs by "
            f"more than {abs(residual):.1%} from the flats' smooth surface; up to "
            f"{limits.local_residual:.0%} is good"
            + ("" if clear else f": look at row {row}, column {column} for an object in the beam"),
        ),
    )


def _dead_lines(response: Map, surface: Image, used: Mask) -> Mask:
    """Return the rows and columns most of whose pixels hardly respond: no object is so straight."""
    dim = used & (response < _DIM * surface)
    lines: Mask = np.zeros(used.shape, np.bool_)
    for axis in (0, 1):
        many = 2 * dim.sum(axis=axis, keepdims=True) > used.sum(axis=axis, keepdims=True)
        lines |= many
    return lines


def _widest_band(lines: Mask) -> int:
    """Return how many whole rows, or columns, lie side by side at most."""
    widest = 0
    for axis in (0, 1):
        run = 0
        for whole in np.all(lines, axis=axis).tolist():
            run = run + 1 if whole else 0
            widest = max(widest, run)
    return widest


def _block_residuals(
    response: Map, surface: Image, used: Mask, block: int
) -> tuple[Image, list[tuple[int, int]]]:
    """Return the median departure of each block that is half used or more, and its middle."""
    relative = np.where(used, response / surface - 1, np.nan)
    rows, cols = response.shape
    medians, middles = [0.0], [(0, 0)]
    for top in range(0, max(rows - block // 2, 1), block):
        for left in range(0, max(cols - block // 2, 1), block):
            values = relative[top : top + block, left : left + block]
            known = values[np.isfinite(values)]
            if known.size * 2 >= values.size:
                medians.append(float(np.median(known)))
                middles.append((top + values.shape[0] // 2, left + values.shape[1] // 2))
    return np.array(medians), middles
