"""Which pixels are defective, of what class, and what a user decided about them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from fpxi_imaging.errors import DefectOutsideError, SettingError, ShapeMismatchError
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
    """A user's decision about one pixel, which overrules what was found.

    Raises `SettingError` for a time without a time zone or an edit that nobody signs.
    """

    row: int
    column: int
    defective: bool
    author: str
    time: datetime
    """Aware, kept as UTC."""
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.author.strip():
            raise SettingError("author", self.author, "the name of whoever decides")
        if self.time.tzinfo is None:
            raise SettingError("time", self.time, "a time with a time zone")
        object.__setattr__(self, "time", self.time.astimezone(UTC))


@dataclass(frozen=True, eq=False)
class DefectMap:
    """What was found, and the edits, kept apart; later edits overrule earlier ones.

    Raises `DefectOutsideError` for an edit outside the panel.
    """

    classes: npt.NDArray[np.uint16]
    """(rows, cols) `DefectClass` bits; 0: good."""
    edits: tuple[DefectEdit, ...] = ()

    def __post_init__(self) -> None:
        freeze(self, None, classes=np.uint16)
        for edit in self.edits:
            require_inside((edit.row, edit.column), self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.classes.shape
        return rows, cols

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """(rows, cols) True where a pixel is to be repaired, edits taken into account."""
        mask: npt.NDArray[np.bool_] = self.classes != 0
        for edit in self.edits:
            mask[edit.row, edit.column] = edit.defective
        return mask

    @property
    def decisions(self) -> dict[tuple[int, int], DefectEdit]:
        """The edit in force of each edited pixel, by row and column."""
        return {(edit.row, edit.column): edit for edit in self.edits}

    @property
    def marked(self) -> list[tuple[int, int]]:
        """Row and column of the pixels that a user has marked as defective, and not cleared."""
        return [place for place, edit in self.decisions.items() if edit.defective]

    def with_edits(self, *edits: DefectEdit) -> DefectMap:
        """Return a map with these edits after those it has. Raises `DefectOutsideError`."""
        return replace(self, edits=(*self.edits, *edits))

    def with_classes(self, classes: npt.NDArray[np.uint16]) -> DefectMap:
        """Return a map of other findings with the same edits. Raises `ShapeMismatchError`."""
        if classes.shape != self.shape:
            raise ShapeMismatchError(self.shape, classes.shape, name="classes")
        return replace(self, classes=classes)


def require_inside(place: tuple[int, int], shape: tuple[int, int]) -> None:
    """Accept row and column of a pixel of the panel. Raises `DefectOutsideError`."""
    if not all(0 <= at < size for at, size in zip(place, shape, strict=True)):
        raise DefectOutsideError(place, shape)
