"""Which neighbours repair which defect: worked out once per calibration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_EDGES = ((-1, 0), (0, -1), (0, 1), (1, 0))
_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))

WIDTH = 5


def repair_table(
    defects: npt.NDArray[np.bool_], not_imaging: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint32]:
    """Return a uint32 (n, 5) table: flat index of a defect, then those of up to 4 neighbours.

    The neighbours are the good pixels that share an edge with the defect: they estimate a curved
    image with two thirds of the error of the 8-neighbour mean. Only where there are none, the good
    pixels at its corners serve. Defects with neither, and the process ring, are not listed. Slots
    left over hold the defect itself, which is not good and so never counts. Ordered by flat index.
    """
    good = ~(defects | not_imaging)
    pixels = np.argwhere(defects & ~not_imaging)
    edges, edge_good = _neighbours(pixels, _EDGES, good)
    corners, corner_good = _neighbours(pixels, _CORNERS, good)
    by_edge = edge_good.any(axis=1, keepdims=True)
    neighbours = np.where(by_edge, edges, corners)
    usable = np.where(by_edge, edge_good, corner_good)
    flat = pixels @ (good.shape[1], 1)
    table = np.column_stack([flat, np.where(usable, neighbours, flat[:, None])])
    return table[usable.any(axis=1)].astype(np.uint32)


def _neighbours(
    pixels: npt.NDArray[np.intp], steps: tuple[tuple[int, int], ...], good: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    rows = pixels[:, :1] + [row for row, _ in steps]
    cols = pixels[:, 1:] + [col for _, col in steps]
    bordered = np.pad(good, 1)
    return rows * good.shape[1] + cols, bordered[rows + 1, cols + 1]
