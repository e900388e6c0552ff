"""Which neighbours repair which defect, worked out once per calibration, and the repair."""

# Numba calls kernels and helpers by position.
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging._jit import helper
from fpxi_imaging.flags import PixelFlag

_EDGES = ((-1, 0), (0, -1), (0, 1), (1, 0))
_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))

WIDTH = 6
"""Of an entry: end of the rows it needs (flat index), the defect, up to four neighbours."""

_DEFECT = np.uint8(PixelFlag.DEFECT)
_BOUNDS = np.uint8(PixelFlag.SATURATED | PixelFlag.CUT_OFF)
_MISSING = np.uint8(PixelFlag.MISSING)
_VALUELESS = np.uint8(PixelFlag.MISSING | PixelFlag.NOT_IMAGING | PixelFlag.UNREPAIRABLE)
_NO_FLAG = np.uint8(0)


def repair_table(
    defects: npt.NDArray[np.bool_], not_good: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint32]:
    """Return a uint32 (n, 5) table: flat index of a defect, then those of up to 4 neighbours.

    The neighbours are the good pixels that share an edge with the defect: they estimate a curved
    image with two thirds of the error of the 8-neighbour mean. Only where there are none, the good
    pixels at its corners serve. Defects with neither are not listed. Slots left over hold the
    defect itself, which is not good and so never counts.
    """
    good = ~(defects | not_good)
    pixels = np.argwhere(defects)
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


def order_repairs(
    table: npt.NDArray[np.uint32], columns: int, blocks: list[tuple[int, int]]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.intp]]:
    """Return the table as the blocks of rows need it, and where each block's part begins.

    Within a block, entries come in the order in which the rows that they need are done. Last come
    those that need rows of more than one block.
    """
    first, last = table.min(axis=1) // columns, table.max(axis=1) // columns
    ends = np.array([end for _, end in blocks])
    block = np.searchsorted(ends, first, side="right")
    block = np.where(np.searchsorted(ends, last, side="right") == block, block, len(blocks))
    order = np.lexsort((table[:, 0], last, block))
    ready = (last + 1) * columns
    bounds = np.searchsorted(block[order], np.arange(len(blocks) + 2))
    return np.column_stack([ready, table])[order].astype(np.uint32), bounds


@helper
def repair(table: Any, entry: Any, end: Any, done: Any, values: Any, flags: Any) -> Any:
    """Repair the defects listed from `entry` to `end` that need no pixel from `done` on.

    Returns the first entry that is left. Only good pixels are read, so the order does not matter.
    Indices are unsigned because numba wraps negative ones, which costs a third of the time here.
    """
    while entry < end and table[np.uint64(entry * WIDTH)] <= done:
        at = entry * WIDTH
        pixel = table[np.uint64(at + 1)]
        total = np.float32(0)
        count = 0
        bounds = _NO_FLAG
        for slot in range(2, WIDTH):
            neighbour = table[np.uint64(at + slot)]
            flag = flags[neighbour]
            usable = flag & _VALUELESS == _NO_FLAG
            total += values[neighbour] if usable else np.float32(0)
            count += usable
            bounds |= flag & _BOUNDS
        if count > 0 and flags[pixel] != _MISSING:
            values[pixel] = total / np.float32(count)
            flags[pixel] = _DEFECT | bounds
        entry += 1
    return entry
