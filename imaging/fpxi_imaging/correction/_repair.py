"""Interpolating defects from good pixels, along the direction in which the image changes least."""

# Numba calls helpers by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np

from fpxi_imaging._jit import helper, inlined
from fpxi_imaging.correction._repair_table import (
    FAR_WIDTH,
    HEADER,
    ONE_SIDED,
    PAIR_WIDTH,
    PAIRS_AT,
)
from fpxi_imaging.flags import PixelFlag

_DEFECT = np.uint8(PixelFlag.DEFECT)
_MISSING = np.uint8(PixelFlag.MISSING)
_NO_FLAG = np.uint8(0)
_BOUNDS = np.uint8(PixelFlag.SATURATED | PixelFlag.CUT_OFF)
_NO_VALUE = np.uint8(PixelFlag.MISSING | PixelFlag.NOT_IMAGING | PixelFlag.UNREPAIRABLE)

FLATNESS = np.float32(0.1)
"""How much of the mean squared difference is added to each: less follows the noise, more blurs."""

_ONE = np.float32(1)
_ZERO = np.float32(0)
_NEXT = np.uint64(1)
_INFINITE = np.float32(np.inf)
_HALF = np.float32(0.5)
_LEAST = np.float32(1e-15)
_LONE = np.float32(ONE_SIDED)
_NOTHING = (_ZERO, _ZERO, _ZERO, _ZERO, _NO_FLAG)


@helper
def repair(table: Any, near: Any, far: Any, limit: Any, values: Any, flags: Any) -> Any:
    """Repair, from entries `near` and `far` on, what reads only pixels below `limit`.

    `values` and `flags` are flat, `limit` a whole number of rows in pixels. Return the next
    entries. Good pixels alone are read, so results do not depend on the order of calls.

    A defect comes to be the weighted mean of up to four estimates, each interpolated linearly
    between two opposite pixels at distances a and b: two estimates for a near entry, along row and
    column, four for a far one. An estimate weighs 1 / (a b)^2, and less the more its pixels differ:
    by ((1 + F) m / (d^2 + F m))^2, where d is the difference, m the mean of d^2 over the pairs with
    the weights before, and F `FLATNESS`. A pixel whose partner is missing, or not finite, counts as
    it is, with `ONE_SIDED` / a^4.
    """
    cols, near_count, far_count = np.uint64(table[0]), np.int64(table[1]), np.int64(table[2])
    # Unsigned, since numba wraps negative indices, which costs a third of the time here.
    while near < near_count:
        pixel = np.uint64(table[np.uint64(HEADER + near)])
        if pixel + cols >= np.uint64(limit):
            break
        _repair_near(pixel, cols, values, flags)
        near += 1
    far_at = HEADER + near_count
    while far < far_count:
        begin = far_at + far * FAR_WIDTH
        if np.int64(table[np.uint64(begin)]) >= limit:
            break
        _repair_far(table, begin, values, flags)
        far += 1
    return near, far


@inlined
def _repair_near(p: Any, cols: Any, values: Any, flags: Any) -> None:
    left, right, above, below = p - _NEXT, p + _NEXT, p - cols, p + cols
    around = flags[left] | flags[right] | flags[above] | flags[below]
    # Two pairs of one length: the general rule with a single division. What the flags say is asked
    # last, so that the processor need not wait for them.
    across, along = values[left] - values[right], values[above] - values[below]
    across, along = across * across, along * along
    even = FLATNESS * _HALF * (across + along) + _LEAST
    weight_across, weight_along = along + even, across + even
    weight_across, weight_along = weight_across * weight_across, weight_along * weight_along
    total = weight_across * (values[left] + values[right])
    total += weight_along * (values[above] + values[below])
    mean = _HALF * total / (weight_across + weight_along)
    if np.isfinite(mean) and around & _NO_VALUE == 0:
        values[p] = mean
        flags[p] = _DEFECT | (around & _BOUNDS)
        return
    _repair_near_doubtful(p, cols, values, flags)


@helper
def _repair_near_doubtful(p: Any, cols: Any, values: Any, flags: Any) -> None:
    across = _pair(values, flags, p - _NEXT, p + _NEXT, _HALF, _ONE, _LONE, _LONE)
    along = _pair(values, flags, p - cols, p + cols, _HALF, _ONE, _LONE, _LONE)
    _settle(p, across, along, _NOTHING, _NOTHING, values, flags)


@helper
def _repair_far(table: Any, begin: Any, values: Any, flags: Any) -> None:
    weights = table.view(np.float32)
    across = _far_pair(table, weights, begin + PAIRS_AT, values, flags)
    along = _far_pair(table, weights, begin + PAIRS_AT + PAIR_WIDTH, values, flags)
    falling = _far_pair(table, weights, begin + PAIRS_AT + 2 * PAIR_WIDTH, values, flags)
    rising = _far_pair(table, weights, begin + PAIRS_AT + 3 * PAIR_WIDTH, values, flags)
    _settle(np.uint64(table[np.uint64(begin + 1)]), across, along, falling, rising, values, flags)


@inlined
def _far_pair(table: Any, weights: Any, at: Any, values: Any, flags: Any) -> Any:
    at = np.uint64(at)
    a, b = np.uint64(table[at]), np.uint64(table[at + _NEXT])
    at += np.uint64(2)
    share, weight = weights[at], weights[at + _NEXT]
    lone_a, lone_b = weights[at + np.uint64(2)], weights[at + np.uint64(3)]
    return _pair(values, flags, a, b, share, weight, lone_a, lone_b)


@inlined
def _pair(
    values: Any, flags: Any, a: Any, b: Any, share: Any, weight: Any, lone_a: Any, lone_b: Any
) -> Any:
    """Return an estimate, its weight, the pair's weight and difference squared, and its bounds.

    The estimate lies `share` of the way from a to b, and has the weight of the pair, or that of the
    one pixel that is usable; the pair's weight is then 0.
    """
    flag_a, flag_b = flags[a], flags[b]
    value_a, value_b = values[a], values[b]
    usable_a = (flag_a & _NO_VALUE == 0) & np.isfinite(value_a)
    usable_b = (flag_b & _NO_VALUE == 0) & np.isfinite(value_b)
    if usable_a and usable_b:
        difference = value_b - value_a
        estimate = value_a + share * difference
        return estimate, weight, weight, difference * difference, (flag_a | flag_b) & _BOUNDS
    if usable_a:
        return value_a, lone_a, _ZERO, _ZERO, flag_a & _BOUNDS
    if usable_b:
        return value_b, lone_b, _ZERO, _ZERO, flag_b & _BOUNDS
    return _NOTHING


@inlined
def _settle(
    p: Any, across: Any, along: Any, falling: Any, rising: Any, values: Any, flags: Any
) -> None:
    """Write the mean of the four estimates, if there is one, to a pixel that was received."""
    paired = across[2] + along[2] + falling[2] + rising[2]
    square = across[2] * across[3] + along[2] * along[3]
    square += falling[2] * falling[3] + rising[2] * rising[3]
    mean = square / paired if paired > 0 else _ZERO
    w0, w1 = _weight(across, mean), _weight(along, mean)
    w2, w3 = _weight(falling, mean), _weight(rising, mean)
    total = w0 + w1 + w2 + w3
    if total > 0 and flags[p] != _MISSING:
        weighted = w0 * across[0] + w1 * along[0] + w2 * falling[0] + w3 * rising[0]
        values[p] = weighted / total
        flags[p] = _DEFECT | across[4] | along[4] | falling[4] | rising[4]


@inlined
def _weight(pair: Any, mean: Any) -> Any:
    if pair[2] > 0 and 0 < mean < _INFINITE:
        ratio = (_ONE + FLATNESS) * mean / (pair[3] + FLATNESS * mean)
        return pair[1] * ratio * ratio
    return pair[1]
