"""Which pixels of a panel are out of order.

How they keep together follows the bad-pixel lists of two panels: see `observed`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.array.lines import broken_lines
from fpxi_hwsim.physics.array.settings import ArraySettings, Defects
from fpxi_hwsim.physics.draws import PanelDraws
from fpxi_hwsim.physics.effects import PanelMap
from fpxi_hwsim.physics.limits import require

Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.int64]
NEIGHBOURS = np.array([(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)])
NEIGHBOUR_CHANCES = np.array([0.23, 0.23, 0.13, 0.13, 0.07, 0.07, 0.07, 0.07])
"""of the observed pairs, 46 % lie along a column, 26 % along a row, 28 % across"""
CORNER_ASPECT = 3.0
"""a corner's bad pixels reach so much farther along the rows than along the columns"""
CORNER_RAGGEDNESS = 0.3
FAR_SIDE = 0.5
"""chance that the corner is at the last row, and that it is at the last column"""


@dataclass(frozen=True, slots=True)
class DefectMasks:
    """The defects of a panel by kind, each (rows, columns); no pixel is of two kinds."""

    dead: Mask
    hot: Mask
    noisy: Mask
    lagging: Mask
    blinking: Mask


def draw_defects(settings: ArraySettings, imaging: Mask, draws: PanelDraws) -> DefectMasks:
    """Draw the defects of a panel among its imaging pixels.

    Raises
    ------
    UnphysicalError
        More pixels or lines would be out of order than there are.

    """
    defects = settings.defects
    places = _places(defects, imaging, draws)
    growth = draws.of(PanelMap.CLUSTERS)
    masks = [_grown(pixels, defects, imaging, growth) for pixels in places]
    masks[0] |= _patch(defects, imaging, growth) | _corner(defects, imaging, growth)
    masks[0] |= broken_lines(settings, imaging, draws.of(PanelMap.LINE_DEFECTS))
    taken = np.zeros(imaging.shape, np.bool_)
    alone = []
    for mask in masks:
        alone.append(mask & ~taken)
        taken |= mask
    return DefectMasks(*alone)


def _places(defects: Defects, imaging: Mask, draws: PanelDraws) -> list[Pixels]:
    """Where defects begin: dead, hot, noisy, lagging, blinking."""
    counts = (defects.dead, defects.hot, defects.noisy, defects.lagging, defects.blinking)
    pixels = np.flatnonzero(imaging)
    if sum(counts) > pixels.size:
        raise UnphysicalError("defects", sum(counts), f"{pixels.size} or less on this panel")
    require("defects.patch", defects.patch, most=pixels.size)
    chosen = draws.of(PanelMap.DEFECTS).choice(pixels, sum(counts), replace=False)
    return np.split(chosen, np.cumsum(counts)[:-1])


def _grown(pixels: Pixels, defects: Defects, imaging: Mask, random: np.random.Generator) -> Mask:
    """Mark places, of which some have grown into clusters."""
    mask = np.zeros(imaging.shape, np.bool_)
    mask.flat[pixels] = True
    for pixel in pixels[random.random(pixels.size) < defects.cluster_share]:
        extra = int(random.geometric(1 - defects.cluster_growth))
        for row, column in _cluster(pixel, extra, imaging.shape, random):
            mask[row, column] = True
    return mask & imaging


def _cluster(
    pixel: int, extra: int, shape: tuple[int, ...], random: np.random.Generator
) -> list[tuple[int, int]]:
    """Return the pixels of a cluster: each new one beside any of those before."""
    row, column = divmod(int(pixel), shape[1])
    members = [(row, column)]
    for _ in range(extra):
        row, column = members[random.integers(len(members))]
        down, right = NEIGHBOURS[random.choice(len(NEIGHBOURS), p=NEIGHBOUR_CHANCES)]
        if 0 <= row + down < shape[0] and 0 <= column + right < shape[1]:
            members.append((row + int(down), column + int(right)))
    return members


def _patch(defects: Defects, imaging: Mask, random: np.random.Generator) -> Mask:
    """Mark the places that crowd around one point, inside the panel."""
    rows, columns = imaging.shape
    centre = random.random(2) * (rows, columns)
    spread = random.standard_normal((defects.patch, 2))
    spread *= (defects.patch_rows, defects.patch_columns)
    places = np.floor(centre + spread).astype(np.int64)
    inside = ((places >= 0) & (places < (rows, columns))).all(axis=1)
    row, column = places[inside].T
    return _grown(row * columns + column, defects, imaging, random)


def _corner(defects: Defects, imaging: Mask, random: np.random.Generator) -> Mask:
    """Mark the pixels nearest to one corner, with a ragged edge."""
    mask = np.zeros(imaging.shape, np.bool_)
    reach = math.sqrt(4 / math.pi * CORNER_ASPECT * defects.corner)
    block = mask[: math.ceil(2 * reach / CORNER_ASPECT), : math.ceil(2 * reach)]
    rows, columns = np.ogrid[: block.shape[0], : block.shape[1]]
    distance = (np.hypot(CORNER_ASPECT * rows, columns) + 1.0) * np.exp(
        CORNER_RAGGEDNESS * random.standard_normal(block.shape)
    )
    block.flat[np.argsort(distance, axis=None)[: defects.corner]] = True
    down, right = np.where(random.random(2) < FAR_SIDE, -1, 1)
    return mask[::down, ::right] & imaging
