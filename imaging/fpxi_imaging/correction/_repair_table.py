"""Which good pixels repair which defect: worked out once per calibration.

The table is one uint32 array. Words 0 to 2: columns of the image, number of near entries, number
of far entries. A near entry is one word, the flat index of a defect whose four edge neighbours are
good. A far entry has `FAR_WIDTH` words: the last flat index that it reads, the defect's, and from
`PAIRS_AT` on `PAIR_WIDTH` words for each of four pairs of opposite rays. These are the flat indices
of the first good pixels on the two rays and four weights as float32 bits, see `_weights`. A ray
without a good pixel holds the defect itself, which is not good and so never counts. Both kinds are
ordered by the last index that they read.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

REACH = 16
"""A ray ends after so many rows or columns: what lies deeper in a cluster stays unrepaired."""

HEADER = 3
RAYS = ((0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (1, 1), (-1, 1), (1, -1))
PAIRS_AT = 2
PAIR_WIDTH = 6
FAR_WIDTH = PAIRS_AT + len(RAYS) // 2 * PAIR_WIDTH
ONE_SIDED = 0.1
"""Weight of a pixel without a partner opposite, as a fraction of that of a pair."""

Indices = npt.NDArray[np.intp]
Table = npt.NDArray[np.uint32]
Mask = npt.NDArray[np.bool_]


def repair_table(defects: Mask, not_good: Mask) -> Table:
    """Return the table that repairs `defects`, both arguments of shape (rows, cols).

    `not_good` are further pixels that no defect is repaired from. Defects without a good pixel on
    any ray are not listed.
    """
    good = ~(defects | not_good)
    near = _surrounded(good) & defects
    pixels = np.argwhere(defects & ~near)
    return _join(good.shape[1], np.flatnonzero(near), _far_entries(pixels, good))


def split_table(table: Table, row_bounds: list[int]) -> list[Table]:
    """Split by blocks of rows: one table for each block, and one for what reads across a seam.

    `row_bounds` are the first rows of the blocks and, last, the number of rows.
    """
    cols, near, far = _parts(table)
    near_block = _block(near - cols, near + cols, row_bounds, cols)
    read = _read(far)
    far_block = _block(read.min(axis=1), read.max(axis=1), row_bounds, cols)
    blocks = [*range(len(row_bounds) - 1), -1]
    return [_join(cols, near[near_block == b], far[far_block == b]) for b in blocks]


def listed(table: Table) -> Indices:
    """Return the flat indices of the defects that the table can repair, near ones first."""
    _, near, far = _parts(table)
    return np.concatenate([near, far[:, 1]]).astype(np.intp)


def _parts(table: Table) -> tuple[int, Indices, Table]:
    cols, near, far = (int(word) for word in table[:HEADER])
    entries = table[HEADER + near :].reshape(far, FAR_WIDTH)
    return cols, table[HEADER : HEADER + near].astype(np.intp), entries


def _join(cols: int, near: Indices, far: Table) -> Table:
    header = [cols, near.size, len(far)]
    return np.concatenate([header, near, far.reshape(-1)]).astype(np.uint32)


def _read(far: Table) -> Indices:
    """Return the indices that each entry reads, and its own."""
    pairs = far[:, PAIRS_AT:].reshape(len(far), len(RAYS) // 2, PAIR_WIDTH)
    neighbours = pairs[:, :, :2].reshape(len(far), len(RAYS))
    return np.column_stack([far[:, 1], neighbours]).astype(np.intp)


def _block(first: Indices, last: Indices, row_bounds: list[int], cols: int) -> Indices:
    """Return the block that holds all that is read, -1 where there is none."""
    begins = np.array(row_bounds) * cols
    block = np.searchsorted(begins, first, side="right") - 1
    return np.where(last < begins[block + 1], block, -1)


def _surrounded(good: Mask) -> Mask:
    """Tell where all four neighbours that share an edge exist and are good."""
    bordered = np.pad(good, 1)
    rows, cols = good.shape
    around = np.ones_like(good)
    for row, col in RAYS[:4]:
        around &= bordered[1 + row : 1 + row + rows, 1 + col : 1 + col + cols]
    return around


def _far_entries(pixels: Indices, good: Mask) -> Table:
    cols = good.shape[1]
    steps = _first_good(pixels, good)
    flat = pixels @ (cols, 1)
    neighbours = flat[:, None] + steps * (np.array(RAYS) @ (cols, 1))
    last = neighbours.max(axis=1, initial=0)
    pairs = np.dstack([neighbours.reshape(-1, len(RAYS) // 2, 2), _weights(steps).view(np.uint32)])
    entries = np.column_stack([last, flat, pairs.reshape(len(pixels), FAR_WIDTH - PAIRS_AT)])
    reached = np.flatnonzero(steps.any(axis=1))
    order = reached[np.lexsort((flat[reached], last[reached]))]
    return entries[order].astype(np.uint32)


def _weights(steps: Indices) -> npt.NDArray[np.float32]:
    """Return, for each entry and pair of rays, four weights: shape (entries, pairs, 4).

    With the distances a and b, pixels: the share of the second pixel in the estimate, the weight of
    the pair, and the weights of the first and of the second alone.
    """
    distances = (steps * np.linalg.norm(RAYS, axis=1)).reshape(-1, len(RAYS) // 2, 2)
    a, b = distances[:, :, 0], distances[:, :, 1]
    with np.errstate(divide="ignore", invalid="ignore"):  # a ray that reaches nothing is not used
        weights = [a / (a + b), 1 / (a * b) ** 2, ONE_SIDED / a**4, ONE_SIDED / b**4]
    return np.stack(weights, axis=2).astype(np.float32)


def _first_good(pixels: Indices, good: Mask) -> Indices:
    """Return, for each of `pixels` and each ray, the steps to the first good pixel; 0 if none."""
    bordered = np.pad(good, REACH)
    steps = np.zeros((len(pixels), len(RAYS)), np.intp)
    for ray, (row, col) in enumerate(RAYS):
        searching = np.arange(len(pixels))
        for step in range(1, REACH + 1):
            at = pixels[searching] + (REACH + step * row, REACH + step * col)
            found = bordered[at[:, 0], at[:, 1]]
            steps[searching[found], ray] = step
            searching = searching[~found]
    return steps
