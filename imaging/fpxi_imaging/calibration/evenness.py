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

CLEAR_BEAM = "clear beam"
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
            f"surroundings, at most {most:.0%} is allowed: an object in the beam does that",
            last_resort="Only if it is so with nothing in the beam, as pixels are broken there or "
            f"the film is uneven: --limit most_local_residual={1.2 * abs(residual):.2g}",
        )
    widest = _widest_band(dead)
    if widest >= limits.residual_block:
        clear = _shaded_verdict(abs(residual), widest, limits)
    else:
        clear = _clear_verdict(abs(residual), f"row {row}, column {column}", scatter, limits)
    return _evenness_verdict(ratio, limits), clear


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


def _evenness_verdict(ratio: float, limits: CheckLimits) -> Verdict:
    even = ratio <= limits.uneven
    return Verdict(
        "evenness of the flats",
        Grade.GOOD if even else Grade.USABLE,
        ratio,
        limits.uneven,
        "",
        f"the flats vary smoothly by a factor of {ratio:.2f} over the panel, brightest to "
        f"dimmest; up to {limits.uneven:.2f} is good"
        + (
            ""
            if even
            else ": heel effect, a film's thickness or a beam off centre do that, and dim parts "
            "are noisier in corrected frames"
        ),
    )


def _clear_verdict(furthest: float, where: str, scatter: float, limits: CheckLimits) -> Verdict:
    """Judge by the block that departs furthest; blocks of a film may by up to `scatter`."""
    clear = furthest <= limits.local_residual
    side = limits.residual_block
    text = (
        f"no block of {side} x {side} pixels departs by more than {furthest:.1%} from the flats' "
        f"smooth surface; up to {limits.local_residual:.0%} is good"
    )
    if not clear and furthest <= scatter:
        text += (
            f": all of them scatter by {scatter / limits.residual_sigmas:.1%}, as those of an "
            "uneven film do, and none stands out; an object that changes a block by less than "
            f"{scatter:.0%} could hide among them"
        )
    elif not clear:
        text += f": {where} stands out of the others; see whether anything was in the beam there"
    grade = Grade.GOOD if clear else Grade.USABLE
    return Verdict(CLEAR_BEAM, grade, 100 * furthest, 100 * limits.local_residual, "%", text)


def _shaded_verdict(furthest: float, widest: int, limits: CheckLimits) -> Verdict:
    """Say that whole lines are dark, more side by side than a block is wide."""
    return Verdict(
        CLEAR_BEAM,
        Grade.USABLE,
        100 * furthest,
        100 * limits.local_residual,
        "%",
        f"{widest} rows or columns side by side hardly respond: if they are not broken, a "
        "collimator or a bar stood in the beam; take it out, and take the flats again",
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
