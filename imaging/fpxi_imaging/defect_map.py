"""Which pixels are defective, of what class, and what a user decided about them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from fpxi_imaging.frozen import freeze


class DefectClass(enum.IntFlag):
    """Why a pixel is defective: bits of the uint16 class map (ASTM E2597, and our own)."""

    DEAD = 1
    OVER_RESPONDING = 2
    UNDER_RESPONDING = 4
    NOISY = 8
    NON_UNIFORM = 16
    PERSISTENT = 32
    BAD_NEIGHBOURHOOD = 64
    CLUSTER = 128
    CLUSTER_KERNEL = 256
    LINE = 512
    CUT_OFF = 1024
    """Reads 0 in too many darks."""
    SATURATED = 2048
    """Saturates in the darks or flats."""
    IMPORTED = 4096
    """Listed in a file of defects that says no more."""


@dataclass(frozen=True)
class DefectEdit:
    """A user's decision about one pixel, which overrules what was found."""

    row: int
    column: int
    defective: bool
    author: str
    time: datetime
    """Aware, UTC."""
    reason: str = ""


@dataclass(frozen=True, eq=False)
class DefectMap:
    """What was found, and the edits, kept apart; later edits overrule earlier ones."""

    classes: npt.NDArray[np.uint16]
    """(rows, cols) `DefectClass` bits; 0: good."""
    edits: tuple[DefectEdit, ...] = ()

    def __post_init__(self) -> None:
        freeze(self, None, classes=np.uint16)

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """(rows, cols) True where a pixel is to be repaired, edits taken into account."""
        mask: npt.NDArray[np.bool_] = self.classes != 0
        for edit in self.edits:
            mask[edit.row, edit.column] = edit.defective
        return mask
