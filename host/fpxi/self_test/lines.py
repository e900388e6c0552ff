"""Which rows and columns of a panel do not work, from frames at two exposures.

Pure functions on arrays. Stacks are uint16 of shape (frames, rows, columns), raw counts.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Stack = npt.NDArray[np.uint16]
Axis = Literal["row", "column"]
AXES: tuple[Axis, Axis] = ("row", "column")

RESPONSE_SHARE = 0.25
"""a line answers if its median response is at least this share of the panel's"""
SIGNIFICANCE = 10.0
"""the panel answers if its median response is so many standard errors of a line's above zero"""
SAME_NOISE = 0.5
"""way from the usual correlation of two neighbouring lines' noise to a whole one, from which on
one shows the other's signal: sound lines stay within some hundredths of the usual"""
CHANCE = 5.0
"""standard errors that chance alone does not reach in any pair of lines"""
MOST_DEMANDED = 0.95
"""of that way, however few samples tell of it: a copy has noise of its own as well"""
SATURATED_SHARE = 0.02
"""share of imaging pixels at full scale from which on a response cannot be measured"""
ALWAYS_SATURATED_SHARE = 0.5
"""likewise for pixels that are so even at the short exposure: fewer are defects"""


class LineDefect(enum.Enum):
    """What is wrong with a row or column."""

    STUCK = "stuck"
    SILENT = "silent"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class LineFinding:
    """One row or column that does not work."""

    axis: Axis
    index: int
    """panel row or column, from 0"""
    defect: LineDefect
    value: float
    """stuck: counts; silent: share of the panel's response; copy: correlation of the noise"""
    neighbour: int | None = None
    """copy: the line whose signal it shows too"""


class Response(enum.Enum):
    """What a longer exposure changes in the panel as a whole."""

    CLEAR = "clear"
    WEAK = "weak"
    SATURATED = "saturated"


def panel_response(short: Stack, long: Stack, full_scale: int, ring: int) -> tuple[Response, float]:
    """Return whether the panel answers to a longer exposure, and by how many counts (median).

    The answer is clear if it is so far above the noise that one line without it stands out.
    `full_scale` counts mark saturation; a border of `ring` pixels does not image.
    """
    stacks = _imaging(short, ring), _imaging(long, ring)
    median = float(np.median(_difference(short, long, ring)))
    if _saturates(*stacks, full_scale):
        return Response.SATURATED, median
    error = max(_line_error(*stacks, axis=2), _line_error(*stacks, axis=1))
    return (Response.CLEAR if median > SIGNIFICANCE * error else Response.WEAK), median


def _saturates(short: Stack, long: Stack, full_scale: int) -> bool:
    """Whether the longer exposure saturates pixels; those that always are at full scale are few."""
    always = (short >= full_scale).all(axis=0)
    share = np.mean((long >= full_scale) & ~always)
    return bool(share > SATURATED_SHARE or np.mean(always) > ALWAYS_SATURATED_SHARE)


def _line_error(short: Stack, long: Stack, axis: int) -> float:
    """Return the standard error of a line's median difference: the median of the lines."""
    variance = sum(
        np.median(stack, axis=axis).var(axis=0, ddof=1) / len(stack) for stack in (short, long)
    )
    return float(np.median(np.sqrt(variance)))


def find_line_defects(
    short: Stack, long: Stack, ring: int, *, answers: bool = True
) -> list[LineFinding]:
    """Return the rows and columns that are stuck, do not answer, or copy their neighbour.

    Whether the panel as a whole `answers` is what `panel_response` tells; if not, no line can be
    told to be silent. Nothing in the beam may shade whole lines. A line has one finding: stuck,
    else silent, else copy; of two lines that show the same signal the second is named.
    """
    turned = {axis: (_by_line(axis, short), _by_line(axis, long)) for axis in AXES}
    alike = {axis: _correlations(*stacks, ring) for axis, stacks in turned.items()}
    usual = _usual_correlation(*alike.values())
    findings: list[LineFinding] = []
    for axis, (of_short, of_long) in turned.items():
        stuck = _stuck_lines(of_short, of_long)
        silent = _silent_lines(of_short, of_long, ring, stuck) if answers else {}
        samples = (len(short) + len(long)) * (of_short.shape[2] - 2 * ring)
        copies = np.flatnonzero(alike[axis] > _copy_limit(usual, samples))
        copied = {int(i) + 1 + ring: float(alike[axis][i]) for i in copies}
        findings += _listed(axis, stuck, silent, copied)
    return findings


def _listed(
    axis: Axis, stuck: dict[int, float], silent: dict[int, float], copies: dict[int, float]
) -> list[LineFinding]:
    return [
        *(LineFinding(axis, i, LineDefect.STUCK, value) for i, value in stuck.items()),
        *(LineFinding(axis, i, LineDefect.SILENT, share) for i, share in silent.items()),
        *(
            LineFinding(axis, i, LineDefect.COPY, correlation, i - 1)
            for i, correlation in copies.items()
            if i not in stuck and i not in silent
        ),
    ]


def _by_line(axis: Axis, stack: Stack) -> Stack:
    return stack if axis == "row" else stack.transpose(0, 2, 1)


def _stuck_lines(short: Stack, long: Stack) -> dict[int, float]:
    """Lines of which no pixel ever changes, in either exposure; with their median."""
    both = np.concatenate((short, long))
    still = (both == both[0]).all(axis=(0, 2))
    return {int(i): float(np.median(both[0, i])) for i in np.flatnonzero(still)}


def _silent_lines(
    short: Stack, long: Stack, ring: int, stuck: Sequence[int] | dict[int, float]
) -> dict[int, float]:
    """Lines whose median pixel answers with too small a share of the other lines' response."""
    difference = _difference(short, long, ring)
    medians = np.median(difference, axis=1)
    lines = np.arange(len(medians)) + ring
    sound = ~np.isin(lines, list(stuck))
    if not sound.any():
        return {}
    panel = float(np.median(medians[sound]))
    weak = sound & (medians < RESPONSE_SHARE * panel)
    return {int(lines[i]): float(medians[i] / panel) for i in np.flatnonzero(weak)}


def _correlations(short: Stack, long: Stack, ring: int) -> npt.NDArray[np.float64]:
    """Correlation of each imaging line's noise with that of the line before, from the second on.

    A line without noise of its own correlates with none.
    """
    residual = np.concatenate([_own_noise(_imaging(stack, ring)) for stack in (short, long)])
    lines = residual.transpose(1, 0, 2).reshape(residual.shape[1], -1)
    power = np.einsum("ij,ij->i", lines, lines)
    product = np.einsum("ij,ij->i", lines[1:], lines[:-1])
    scale = np.sqrt(power[1:] * power[:-1])
    correlation: npt.NDArray[np.float64] = np.divide(
        product, scale, out=np.zeros_like(product), where=scale > 0
    )
    return correlation


def _usual_correlation(rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> float:
    """Return how far the noise of sound neighbours is the same.

    Light or charge that spreads over neighbours correlates the noise of all of them, along rows and
    columns alike: what both axes have is usual. A panel that is one line has no such measure.
    """
    if not (rows.size and columns.size):
        return 0.0
    return max(0.0, min(float(np.median(rows)), float(np.median(columns))))


def _copy_limit(usual: float, samples: int) -> float:
    """Return the correlation from which on a line is a copy, told by so many samples of it.

    Correlations of independent noise scatter by one over the root of their number.
    """
    way = max(SAME_NOISE, min(CHANCE / math.sqrt(samples), MOST_DEMANDED))
    return usual + way * (1.0 - usual)


def _own_noise(stack: Stack) -> npt.NDArray[np.float64]:
    """Deviations from the mean frame, without what all of a row or column share in a frame."""
    residual = stack - stack.mean(axis=0)
    for axis in (2, 1):
        if residual.shape[axis] > 1:  # what a single pixel has, it shares with none
            residual -= np.median(residual, axis=axis, keepdims=True)
    # One noisy pixel must not decide for its line.
    limit = 5.0 * np.median(np.abs(residual))
    clipped: npt.NDArray[np.float64] = np.clip(residual, -limit, limit)
    return clipped


def _difference(short: Stack, long: Stack, ring: int) -> npt.NDArray[np.float64]:
    """Mean long exposure minus mean short one, of the imaging pixels."""
    means = [_imaging(stack, ring).mean(axis=0, dtype=np.float64) for stack in (short, long)]
    difference: npt.NDArray[np.float64] = means[1] - means[0]
    return difference


def _imaging(stack: Stack, ring: int) -> Stack:
    rows, columns = stack.shape[1:]
    return stack[:, ring : rows - ring, ring : columns - ring]
