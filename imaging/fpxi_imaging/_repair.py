"""Which neighbours repair which defect: worked out once per calibration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_EDGES = ((-1, 0), (0, -1), (0, 1), (1, 0))
_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))

PIXEL, COUNT, FIRST = 0, 1, 2
WIDTH = 6


def repair_table(
    defects: npt.NDArray[np.bool_], not_imaging: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int32]:
    """Return an int32 (n, 6) table: flat index of a defect, neighbour count, up to 4 neighbours.

    The neighbours are the good pixels that share an edge with the defect: they estimate a curved
    image with half the error of the 8-neighbour mean. Only where there are none, the good pixels
    at its corners serve. Defects with neither, and those of the process ring, are not listed.
    Ordered by flat index.
    """
    good = ~(defects | not_imaging)
    pixels = np.argwhere(defects & ~not_imaging)
    edges, edge_good = _neighbours(pixels, _EDGES, good)
    corners, corner_good = _neighbours(pixels, _CORNERS, good)
    by_edge = edge_good.any(axis=1, keepdims=True)
    neighbours = np.where(by_edge, edges, corners)
    usable = np.where(by_edge, edge_good, corner_good)
    return _pack(pixels @ (good.shape[1], 1), neighbours, usable)


def _neighbours(
    pixels: npt.NDArray[np.intp], steps: tuple[tuple[int, int], ...], good: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    rows = pixels[:, :1] + [row for row, _ in steps]
    cols = pixels[:, 1:] + [col for _, col in steps]
    bordered = np.pad(good, 1)
    return rows * good.shape[1] + cols, bordered[rows + 1, cols + 1]


def _pack(
    flat: npt.NDArray[np.intp],
    neighbours: npt.NDArray[np.intp],
    usable: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int32]:
    table = np.zeros((len(flat), WIDTH), np.int32)
    order = np.argsort(~usable, axis=1, kind="stable")
    table[:, PIXEL] = flat
    table[:, COUNT] = usable.sum(axis=1)
    table[:, FIRST:] = np.take_along_axis(np.where(usable, neighbours, 0), order, axis=1)
    return table[table[:, COUNT] > 0]
