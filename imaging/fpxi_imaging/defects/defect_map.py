"""Which pixels are defective, of what class, and what people decided about them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fpxi_imaging.defects.decisions import Decision, DefectEdit, DefectImport, DefectWithdrawal
from fpxi_imaging.errors import DefectOutsideError, DefectRecordError, ShapeMismatchError
from fpxi_imaging.frozen import freeze

Classes = npt.NDArray[np.uint16]


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


GROUP_CLASSES = (
    DefectClass.BAD_NEIGHBOURHOOD
    | DefectClass.CLUSTER
    | DefectClass.CLUSTER_KERNEL
    | DefectClass.LINE
)
"""Those that tell how defects lie together; the others are of each pixel by itself."""


class DefectOrigin(enum.IntFlag):
    """Who says of a pixel that it is defective, or good: bits of a uint8 map."""

    FOUND = 1
    """By the calibration."""
    IMPORTED = 2
    """It is in an imported list, or such a list makes a bad neighbourhood of it."""
    MARKED = 4
    """A user says that it is defective."""
    CLEARED = 8
    """A user says that it is good, which overrules the others."""


@dataclass(frozen=True, eq=False)
class DefectMap:
    """What was found, imported lists, edits, and what was taken back of them, kept apart.

    Imports add to what was found, edits overrule both, and later edits overrule earlier ones.

    Raises `DefectOutsideError` for an edit outside the panel, `ShapeMismatchError` for a map of
    another shape, and `DefectRecordError` for a withdrawal of what is not there or is withdrawn
    already, and for classes that do not follow from what was found and imported.
    """

    classes: Classes
    """(rows, cols) `DefectClass` bits of what was found and of the imports in force, clusters and
    lines being those of both together; 0: good."""
    edits: tuple[DefectEdit, ...] = ()
    imports: tuple[DefectImport, ...] = ()
    withdrawals: tuple[DefectWithdrawal, ...] = ()
    found: Classes | None = None
    """(rows, cols) what was found; None where nothing was imported, so that `classes` is that."""

    def __post_init__(self) -> None:
        freeze(self, None, classes=np.uint16)
        if self.found is not None:
            freeze(self, self.shape, found=np.uint16)
        for edit in self.edits:
            require_inside((edit.row, edit.column), self.shape)
        for each in self.imports:
            if each.classes.shape != self.shape:
                raise ShapeMismatchError(self.shape, each.classes.shape, name="imported classes")
        self._require_withdrawals()
        if np.any((self.classes ^ self.listed) & ~np.uint16(GROUP_CLASSES)):
            raise DefectRecordError("its classes are not what was found and imported")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.classes.shape
        return rows, cols

    @property
    def as_found(self) -> Classes:
        """(rows, cols) what was found, without any decision."""
        return self.classes if self.found is None else self.found

    @property
    def listed(self) -> Classes:
        """(rows, cols) what was found or is in an import in force, less what they make together."""
        return listed_classes(self.as_found, self.imports, self.withdrawals)

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """(rows, cols) True where a pixel is to be repaired, edits taken into account."""
        mask: npt.NDArray[np.bool_] = self.classes != 0
        for place, edit in self.decisions.items():
            mask[place] = edit.defective
        return mask

    @property
    def origins(self) -> npt.NDArray[np.uint8]:
        """(rows, cols) uint8 `DefectOrigin` bits: who says so; 0 where nobody says anything."""
        origins: npt.NDArray[np.uint8] = np.zeros(self.shape, np.uint8)
        origins[self.as_found != 0] = DefectOrigin.FOUND
        imported = (self.classes != 0) & (self.as_found == 0)
        for number in self.in_force(Decision.IMPORT):
            imported |= self.imports[number - 1].classes != 0
        origins[imported] |= np.uint8(DefectOrigin.IMPORTED)
        for place, edit in self.decisions.items():
            origins[place] |= DefectOrigin.MARKED if edit.defective else DefectOrigin.CLEARED
        return origins

    @property
    def decisions(self) -> dict[tuple[int, int], DefectEdit]:
        """The edit in force of each edited pixel, by row and column."""
        edits = (self.edits[number - 1] for number in self.in_force(Decision.EDIT))
        return {(edit.row, edit.column): edit for edit in edits}

    @property
    def marked(self) -> list[tuple[int, int]]:
        """Row and column of the pixels that a user has marked as defective, and not cleared."""
        return [place for place, edit in self.decisions.items() if edit.defective]

    def in_force(self, decision: Decision) -> list[int]:
        """Return the numbers, from 1, of the edits or imports that nobody has withdrawn."""
        gone = {each.number for each in self.withdrawals if each.decision is decision}
        return [number for number in range(1, self._count(decision) + 1) if number not in gone]

    def with_edits(self, *edits: DefectEdit) -> DefectMap:
        """Return a map with these edits after those it has. Raises `DefectOutsideError`."""
        return replace(self, edits=(*self.edits, *edits))

    def _count(self, decision: Decision) -> int:
        return len(self.edits if decision is Decision.EDIT else self.imports)

    def _require_withdrawals(self) -> None:
        gone = set()
        for each in self.withdrawals:
            kind, number = each.decision.value, each.number
            if not 1 <= number <= self._count(each.decision):
                raise DefectRecordError(f"there is no {kind} {number} to withdraw")
            if (kind, number) in gone:
                raise DefectRecordError(f"{kind} {number} is withdrawn twice")
            gone.add((kind, number))


def listed_classes(
    found: Classes, imports: Sequence[DefectImport], withdrawals: Sequence[DefectWithdrawal]
) -> Classes:
    """Return what was found with what the imports list that are not withdrawn."""
    gone = {each.number for each in withdrawals if each.decision is Decision.IMPORT}
    listed = found.copy()
    for number, each in enumerate(imports, 1):
        if number not in gone:
            listed |= each.classes
    return listed


def require_inside(place: tuple[int, int], shape: tuple[int, int]) -> None:
    """Accept row and column of a pixel of the panel. Raises `DefectOutsideError`."""
    if not all(0 <= at < size for at, size in zip(place, shape, strict=True)):
        raise DefectOutsideError(place, shape)
