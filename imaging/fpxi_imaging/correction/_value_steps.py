"""Raw counts to linear values: offset, gain, linearity and lag of a run of pixels.

Each step is a loop that the compiler turns into vector instructions; so none tells pixels apart by
branches, and what has no value is NaN.
"""

# Numba calls kernels and helpers by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np

from fpxi_imaging._jit import helper, inlined

_ONE = np.float32(1)
_ZERO = np.float32(0)


@inlined
def offset_and_gain(counts: Any, offset: Any, gain: Any, values: Any) -> None:
    """Write (counts - offset) * gain."""
    for i in range(counts.size):
        values[i] = (np.float32(counts[i]) - offset[i]) * gain[i]


@helper
def polynomial(maps: Any, terms: Any, pixels: Any, begin: Any, scratch: Any, values: Any) -> None:
    """Replace u by u (1 + c[0] u + c[1] u^2 + ...).

    `maps` holds one image of `pixels` for each term; the run is at `begin` in each.
    """
    size = values.size
    for i in range(size):
        scratch[i] = _ZERO
    for term in range(terms - 1, -1, -1):
        coefficients = maps[term * pixels + begin : term * pixels + begin + size]
        for i in range(size):
            scratch[i] = (scratch[i] + coefficients[i]) * values[i]
    for i in range(size):
        values[i] += values[i] * scratch[i]


@helper
def piecewise(maps: Any, segments: Any, pixels: Any, begin: Any, scratch: Any, values: Any) -> None:
    """Replace u by slope u + intercept of the segment that it lies in.

    `maps` holds images of the slopes, the intercepts, and the knots between the segments.
    """
    size = values.size
    for i in range(size):
        scratch[i] = values[i]
    for segment in range(segments):
        at = segment * pixels + begin
        slope = maps[at : at + size]
        intercept = maps[segments * pixels + at : segments * pixels + at + size]
        if segment == 0:
            for i in range(size):
                values[i] = slope[i] * scratch[i] + intercept[i]
        else:
            at += (2 * segments - 1) * pixels
            knot = maps[at : at + size]
            for i in range(size):
                line = slope[i] * scratch[i] + intercept[i]
                values[i] = line if scratch[i] >= knot[i] else values[i]


@helper
def start_lag(currents: Any, components: Any, pixels: Any, begin: Any, values: Any) -> None:
    """Take the values for those of an equilibrium.

    `currents` holds an image of the last values, then one of each component's current.
    """
    size = values.size
    for component in range(components + 1):
        at = component * pixels + begin
        current = currents[at : at + size]
        for i in range(size):
            current[i] = values[i]


@helper
def remove_lag(
    model: Any,
    components: Any,
    multiplier: Any,
    elapsed_us: Any,
    currents: Any,
    pixels: Any,
    begin: Any,
    values: Any,
) -> None:
    """Let the currents come nearer to the last values, and take them off the new ones.

    `model` holds each component's time constant in us and its weight in a frame.
    """
    size = values.size
    last = currents[begin : begin + size]
    total = _ZERO
    for component in range(components):
        decay = np.float32(np.exp(-elapsed_us / model[2 * component]))
        weight = np.float32(model[2 * component + 1])
        total += weight
        at = (component + 1) * pixels + begin
        current = currents[at : at + size]
        for i in range(size):
            current[i] = last[i] + (current[i] - last[i]) * decay
        for i in range(size):
            values[i] -= multiplier[i] * weight * current[i]
    for i in range(size):
        values[i] /= _ONE - multiplier[i] * total
        last[i] = values[i]
