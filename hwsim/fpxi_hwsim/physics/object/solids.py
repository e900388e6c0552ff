"""Projected thickness, in mm, of round bodies: turned parts, and wires bent in space."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.object.canvas import Canvas
from fpxi_hwsim.physics.object.plane import Map, Points

Lengths = npt.NDArray[np.float64]
POINTS_A_STEP = 4
"""points on a wire for each fine pixel or radius, whichever is the wider"""
MOST_WIRE_POINTS = 2**24
"""of all disks together: what a computer's memory bears"""
NARROWEST_WIRE = 0.6
"""of a fine pixel: radius of the disk that stands for a thinner wire, with its whole volume"""


def turned(canvas: Canvas, profile: Points, y: float = 0.0) -> Map:
    """Return the chord through a solid body of revolution about a line along x, at height `y`.

    `profile` (n, 2) holds x and radius in mm along the axis, x rising; the body ends flat. Across
    the axis the chord is the exact mean over the wider side of a fine pixel, as seen along the
    axis: such means, side by side, leave nothing out at any angle.
    """
    thickness = np.zeros(canvas.shape, np.float32)
    ends, widest = (profile[0, 0], profile[-1, 0]), profile[:, 1].max()
    window = canvas.window((ends[0], y - widest, ends[1], y + widest))
    x, local_y = canvas.local(window)
    half = canvas.step_mm / 2 * np.abs(canvas.pose.rotation[0]).max()
    radius = np.maximum(np.interp(x, *profile.T), 1e-6)
    across = local_y.astype(np.float64) - y
    chord = (_chord_sum(across + half, radius) - _chord_sum(across - half, radius)) / (2 * half)
    inside = np.clip((x - ends[0]) / (2 * half) + 0.5, 0, 1)
    inside *= np.clip((ends[1] - x) / (2 * half) + 0.5, 0, 1)
    # In whole nanometres, so that no processor's last digits of the arc sine show.
    thickness[window] = np.rint(np.maximum(chord, 0) * inside * 1e6) * 1e-6
    return thickness


def tube(
    canvas: Canvas, ends: tuple[float, float], radii: tuple[float, float], y: float = 0.0
) -> Map:
    """Return the chord through a straight tube, from its outer and inner radius."""
    outer, inner = (
        turned(canvas, np.array([[ends[0], radius], [ends[1], radius]]), y) for radius in radii
    )
    wall: Map = np.maximum(outer - inner, 0)
    return wall


def _chord_sum(s: Lengths, radius: Lengths) -> Lengths:
    """Integral of the chord 2 sqrt(r² - s²) from the axis to s."""
    part = np.clip(s / radius, -1, 1)
    total: Lengths = radius**2 * (part * np.sqrt(1 - part**2) + np.arcsin(part))
    return total


def wires(canvas: Canvas, paths: Sequence[Points], radius: float) -> Map:
    """Return the thickness of round wires along paths (n, 3) of x, y, depth in mm.

    A flat disk of the wire's radius and height 1, drawn along the path, leaves the wire's chord:
    each element of length adds the disk, so that the volume is exact and a wire that runs
    towards the source is as thick as it is long.
    """
    step = canvas.step_mm
    spaced = [_spaced(path, max(radius, step) / POINTS_A_STEP) for path in paths]
    places, weights = (np.concatenate(each) for each in zip(*spaced, strict=True))
    drawn = max(radius / step, NARROWEST_WIRE)
    reach = math.ceil(drawn + 0.5)
    rows, columns = canvas.shape
    centres = canvas.cells(places) - 0.5
    seen = np.all((centres > -reach) & (centres < (columns - 1 + reach, rows - 1 + reach)), axis=1)
    centres, weights = centres[seen], weights[seen]
    if not len(centres):
        return np.zeros(canvas.shape, np.float32)
    _require_drawable(drawn, len(centres) * (2 * reach + 1) ** 2)
    nearest = np.rint(centres).astype(np.intp)
    around = np.arange(-reach, reach + 1)
    column = nearest[:, 0, None, None] + around[None, None, :]
    row = nearest[:, 1, None, None] + around[None, :, None]
    distance = np.hypot(column - centres[:, 0, None, None], row - centres[:, 1, None, None])
    disks = np.clip(drawn + 0.5 - distance, 0, 1)
    # pi r² of section for each mm of length
    volume = math.pi * (radius / step) ** 2 * weights
    disks *= (volume / disks.sum(axis=(1, 2)))[:, None, None]
    margin = 2 * reach
    width = columns + 2 * margin
    cell = (row + margin) * width + column + margin
    drawn_on = np.bincount(
        np.broadcast_to(cell, disks.shape).ravel(), disks.ravel(), (rows + 2 * margin) * width
    ).reshape(-1, width)
    return drawn_on[margin : margin + rows, margin : margin + columns].astype(np.float32)


def _require_drawable(radius: float, points: int) -> None:
    if points > MOST_WIRE_POINTS:
        raise UnphysicalError(
            "radius of a wire in fine pixels",
            radius,
            "less: choose a shorter object, smaller steps of the raster, or less magnification",
        )


def _spaced(path: Points, spacing: float) -> tuple[Points, Points]:
    """Points (n, 2) at equal lengths along a path in space, and the length that each stands for."""
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(lengths)])
    count = max(2, math.ceil(along[-1] / spacing))
    middle = (np.arange(count) + 0.5) * along[-1] / count
    places = np.stack([np.interp(middle, along, path[:, axis]) for axis in (0, 1)], axis=1)
    return places, np.full(count, along[-1] / count)
