"""Lines of a panel that are cut off from their amplifiers or drivers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.array.settings import ArraySettings

Mask = npt.NDArray[np.bool_]


def broken_lines(settings: ArraySettings, imaging: Mask, random: np.random.Generator) -> Mask:
    """Mark the pixels that no amplifier or driver reaches.

    A data line is reached from the panel's first row, or each half from its own edge; a gate line
    from the first column. What lies beyond a break is dead.

    Raises
    ------
    UnphysicalError
        There are fewer lines than shall be broken.

    """
    defects = settings.defects
    mask = np.zeros(imaging.shape, np.bool_)
    _, width = imaging.shape
    columns = _lines(mask, both_ends=settings.amplifiers_at_both_ends)
    _require("defects.interrupted_columns", defects.interrupted_columns, len(columns))
    _require("defects.dead_columns", defects.dead_columns, len(columns))
    _require("defects.interrupted_rows", defects.interrupted_rows, len(mask))
    if defects.dead_column_rows:
        _cut_end(mask, imaging, defects.dead_column_rows, random)
    for line in random.choice(len(columns), defects.dead_columns, replace=False):
        columns[line][:] = True
    broken = random.choice(len(columns), defects.interrupted_columns, replace=False)
    breaks = random.random(defects.interrupted_columns)
    for line, place in zip(broken, breaks, strict=True):
        first = int(place * len(columns[line]))
        columns[line][first:] = True
        if defects.frayed_breaks and line + 1 < len(columns) and (line + 1) % width:
            extra = int(random.geometric(1 - defects.cluster_growth))
            columns[line + 1][first : first + extra] = True
    rows = random.choice(len(mask), defects.interrupted_rows, replace=False)
    for row, place in zip(rows, random.random(defects.interrupted_rows), strict=True):
        mask[row, int(place * width) :] = True
    return mask & imaging


def _lines(mask: Mask, *, both_ends: bool) -> list[Mask]:
    """Return views of the data lines, each beginning at its amplifier."""
    if not both_ends:
        return list(mask.T)
    middle = mask.shape[0] // 2
    return [*mask[:middle].T, *mask[middle:][::-1].T]


def _cut_end(mask: Mask, imaging: Mask, rows: int, random: np.random.Generator) -> None:
    """Cut the last rows of one column off."""
    column = int(random.choice(np.flatnonzero(imaging.any(axis=0))))
    mask[np.flatnonzero(imaging[:, column])[-rows:], column] = True


def _require(name: str, wanted: int, available: int) -> None:
    if wanted > available:
        raise UnphysicalError(name, wanted, f"{available} or less on this panel")
