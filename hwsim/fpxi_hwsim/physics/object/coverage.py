"""The exact part of each fine pixel that lies inside polygons.

Every edge is cut at the lines of the grid. A piece inside one cell covers, on its right, an area
that is linear in the piece; summed along the row this gives the area inside the closed outline
(the signed-area method of font rasterisers).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.object.plane import Map, Points

Numbers = npt.NDArray[np.float64]


def coverage_of(outlines: Sequence[Points], shape: tuple[int, int]) -> Map:
    """Return the area of each cell inside the outlines, float32 (rows, columns) from 0 to 1.

    Outlines are closed polygons in cells from the grid's corner. Those that run clockwise as
    seen add their inside, the others take it away: a hole is an outline that runs backwards.
    """
    begin = np.concatenate(outlines)
    end = np.concatenate([np.roll(outline, -1, axis=0) for outline in outlines])
    x0, y0, x1, y1 = _cut(begin, end, shape)
    rows, columns = shape
    rise = np.clip(y1, 0, rows) - np.clip(y0, 0, rows)
    middle = np.clip((x0 + x1) / 2, 0, columns)
    row = np.clip(np.floor((y0 + y1) / 2), 0, rows - 1).astype(np.intp)
    column = np.floor(middle).astype(np.intp)
    part_right = rise * (middle - column)
    cell = row * (columns + 2) + column
    area = np.bincount(cell, rise - part_right, rows * (columns + 2))
    area += np.bincount(cell + 1, part_right, rows * (columns + 2))
    inside = np.cumsum(area.reshape(rows, columns + 2), axis=1)[:, :columns]
    return np.clip(-inside, 0, 1).astype(np.float32)


def _cut(begin: Points, end: Points, shape: tuple[int, int]) -> tuple[Numbers, ...]:
    """Cut edges at the grid's lines: x and y of the pieces' beginnings, and of their ends."""
    edges, parts = [np.arange(len(begin))] * 2, [np.zeros(len(begin)), np.ones(len(begin))]
    for axis, lines in ((0, shape[1]), (1, shape[0])):
        edge, part = _crossings(begin[:, axis], end[:, axis], lines)
        edges.append(edge)
        parts.append(part)
    edge, part = np.concatenate(edges), np.concatenate(parts)
    order = np.lexsort((part, edge))
    edge, part = edge[order], part[order]
    x, y = (begin[edge] + part[:, None] * (end - begin)[edge]).T
    same = edge[1:] == edge[:-1]
    return x[:-1][same], y[:-1][same], x[1:][same], y[1:][same]


def _crossings(begin: Numbers, end: Numbers, lines: int) -> tuple[npt.NDArray[np.intp], Numbers]:
    """Where edges cross the lines 0 to `lines`: number of the edge, part of its length."""
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    first = np.clip(np.floor(low) + 1, 0, lines + 1)
    count = np.clip(np.ceil(high) - first, 0, lines + 1 - first).astype(np.intp)
    edge = np.repeat(np.arange(len(begin)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    line = first[edge] + step
    return edge, (line - begin[edge]) / (end - begin)[edge]
