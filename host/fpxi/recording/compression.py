"""One image as an HDF5 chunk: byte shuffle, then deflate, as HDF5's own filters would.

Done here so that it runs beside the interpreter (zlib lets go of its lock) and that the chunk can
be written in one piece, once.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

LEVEL = 1
"""Noise does not compress further at higher levels; the time does grow."""


def compress(samples: npt.NDArray[np.uint16]) -> bytes:
    """Return an image (rows, columns) as a chunk of a shuffled and deflated '<u2' dataset."""
    as_bytes = np.ascontiguousarray(samples, "<u2").reshape(-1, 1).view(np.uint8)
    return zlib.compress(as_bytes.T.tobytes(), LEVEL)
