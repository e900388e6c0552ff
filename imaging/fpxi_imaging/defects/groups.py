"""How defective pixels lie together: ASTM E2597's neighbourhoods, clusters and lines.

Neighbours of a pixel are the up to eight imaging pixels that share a side or a corner with it. What
lies beyond the panel's edge or in its process ring is nobody's neighbour, neither good nor bad: a
pixel of the edge has five neighbours, one of the corner three.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]

_TOUCHING = np.ones((3, 3), np.uint8)


def bad_neighbourhoods(bad: Mask, imaging: Mask) -> Mask:
    """Return the good imaging pixels, all of shape (rows, cols), whose every neighbour is bad.

    A pixel without any neighbour is none.
    """
    neighbours = _neighbours(imaging)
    surrounded: Mask = (neighbours > 0) & (_neighbours(bad & imaging) == neighbours)
    return surrounded & imaging & ~bad


def clusters(bad: Mask) -> Mask:
    """Return the bad pixels that have a bad neighbour: those of clusters of two or more."""
    together: Mask = bad & (_neighbours(bad) > 0)
    return together


def cluster_kernels(bad: Mask, imaging: Mask, good_neighbours: int) -> Mask:
    """Return the pixels of clusters that have fewer good neighbours than `good_neighbours`.

    Absent neighbours are not good ones: at an edge one bad neighbour of the five, and in a corner
    any, makes a kernel pixel. A pixel that is bad by itself belongs to no cluster, wherever it is.
    """
    few: Mask = _neighbours(imaging & ~bad) < good_neighbours
    return clusters(bad) & few


def lines(bad: Mask, length: int, most_accompanied: float) -> Mask:
    """Return the pixels of bad lines.

    A line is an unbroken run of more than `length` bad pixels along a row or a column, of which at
    most the fraction `most_accompanied` has a bad pixel on either side; two bad columns beside each
    other are no lines but a cluster.
    """
    found: Mask = _rows_of(bad, length, most_accompanied)
    found |= _rows_of(bad.T, length, most_accompanied).T
    return found


def _neighbours(mask: Mask) -> npt.NDArray[np.uint8]:
    """Count the marked pixels among the eight around each."""
    count: npt.NDArray[np.uint8] = ndimage.convolve(
        mask.astype(np.uint8), _TOUCHING, mode="constant"
    )
    return count - mask


def _rows_of(bad: Mask, length: int, most_accompanied: float) -> Mask:
    """Return the pixels of bad lines along the rows."""
    padded = np.pad(bad, ((1, 1), (0, 0)))
    accompanied = padded[:-2] | padded[2:]
    found = np.zeros(bad.shape, np.bool_)
    steps = np.diff(bad.astype(np.int8), axis=1, prepend=0, append=0)
    begins, ends = np.argwhere(steps == 1), np.argwhere(steps == -1)
    for (row, begin), (_, end) in zip(begins, ends, strict=True):
        run = np.s_[row, begin:end]
        if end - begin > length and accompanied[run].mean() <= most_accompanied:
            found[run] = True
    return found
