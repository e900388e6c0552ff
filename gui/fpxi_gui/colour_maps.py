"""The colour maps on offer, as lookup tables."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg

_GREY = "grey"
_INVERTED_GREY = "inverted grey"
COLOUR_MAPS = (_GREY, _INVERTED_GREY, "viridis", "inferno", "magma", "cividis")
"""Names; all but the greys are perceptually uniform scientific maps."""


@cache
def colour_table(name: str) -> npt.NDArray[np.uint8]:
    """Return the colours of a map as a read-only uint8 (256, 3) array, darkest value first."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    if name == _GREY:
        table = ramp
    elif name == _INVERTED_GREY:
        table = ramp[::-1].copy()
    else:
        table = np.ascontiguousarray(pg.colormap.get(name).getLookupTable(nPts=256, alpha=False))
    table.flags.writeable = False
    return table
