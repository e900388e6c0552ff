"""Changing the defects of a calibration: users' decisions, lists from elsewhere, withdrawals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from fpxi_imaging import (
    Calibration,
    Decision,
    DefectEdit,
    DefectImport,
    DefectMap,
    DefectWithdrawal,
)
from fpxi_imaging.defects.defect_map import require_inside
from fpxi_imaging.defects.finding import with_imports

from fpxi.calibration.defect_edit_errors import (
    NoGainError,
    NoSuchDecisionError,
    NothingToWithdrawError,
    NotImagingPixelError,
    TooManyImportedError,
    WithdrawnAlreadyError,
)

Place = tuple[int, int]
Numbered = tuple[Decision, int]
"""Which edit or import, from 1."""


def with_decisions(
    calibration: Calibration,
    places: Sequence[Place],
    *,
    defective: bool,
    author: str,
    reason: str,
) -> Calibration:
    """Return a calibration in which a user says of pixels (row, column) that they are defective.

    Or, with `defective` false, that they are good. What was found stays beside it. Raises
    `DefectOutsideError`, `NotImagingPixelError`, `NoGainError`, and `SettingError` without author.
    """
    correctable = correctable_pixels(calibration)
    for place in places:
        require_inside(place, calibration.shape)
        if calibration.not_imaging[place]:
            raise NotImagingPixelError(place)
        if not defective and not correctable[place]:
            raise NoGainError(place)
    now = datetime.now(UTC)
    edits = [DefectEdit(*place, defective, author, now, reason) for place in places]
    return replace(calibration, defects=calibration.defects.with_edits(*edits))


def with_imported(
    calibration: Calibration,
    classes: npt.NDArray[np.uint16],
    *,
    file: str,
    file_format: str,
    author: str,
    reason: str = "",
) -> tuple[Calibration, int]:
    """Return a calibration with a list of defects, uint16 (rows, cols), besides what was found.

    The list stays apart, with its origin; clusters and lines are those of all defects. Also returns
    how many of the pixels are in the process ring, where they are left out. Edits stay, and
    overrule. Raises `ShapeMismatchError`, `SettingError` without author, and `TooManyImportedError`
    beyond what the calibration's limits allow.
    """
    left_out = int(np.count_nonzero(classes[calibration.not_imaging]))
    imaging = ~calibration.not_imaging
    listed = np.where(imaging, classes, np.uint16(0))
    new = DefectImport(listed, file, file_format, author, datetime.now(UTC), reason)
    before = calibration.defects
    changed = _regrouped(calibration, (*before.imports, new), before.withdrawals)
    fraction = float(np.mean(changed.defects.mask[imaging]))
    if fraction > calibration.limits.most_defective:
        raise TooManyImportedError(fraction, calibration.limits.most_defective)
    return changed, left_out


def decisions_of(
    defects: DefectMap, places: Iterable[Place] = (), authors: Iterable[str] = ()
) -> list[Numbered]:
    """Return the edits in force of these pixels, and the edits and imports of these authors.

    Raises `NothingToWithdrawError` for a pixel or an author without one.
    """
    edits = [(number, defects.edits[number - 1]) for number in defects.in_force(Decision.EDIT)]
    imports = [(n, defects.imports[n - 1]) for n in defects.in_force(Decision.IMPORT)]
    chosen: list[Numbered] = []
    for place in places:
        of_place = [n for n, edit in edits if (edit.row, edit.column) == place]
        if not of_place:
            listing = [n for n, each in imports if _lists(each, place)]
            raise NothingToWithdrawError(f"row {place[0]}, column {place[1]}", listing)
        chosen += [(Decision.EDIT, number) for number in of_place]
    for author in authors:
        by_author = [(Decision.EDIT, n) for n, edit in edits if edit.author == author]
        by_author += [(Decision.IMPORT, n) for n, each in imports if each.author == author]
        if not by_author:
            raise NothingToWithdrawError(author)
        chosen += by_author
    return chosen


def with_withdrawn(
    calibration: Calibration, chosen: Iterable[Numbered], *, author: str, reason: str = ""
) -> Calibration:
    """Return a calibration in which these edits and imports no longer count.

    They stay on record, and so does who took them back; what was found, and what was decided
    otherwise, holds again. Raises `NoSuchDecisionError`, `WithdrawnAlreadyError`, and
    `SettingError` without author.
    """
    before, now = calibration.defects, datetime.now(UTC)
    new = [DefectWithdrawal(*each, author, now, reason) for each in dict.fromkeys(chosen)]
    for each in new:
        made = len(before.edits if each.decision is Decision.EDIT else before.imports)
        if not 1 <= each.number <= made:
            raise NoSuchDecisionError(each.decision, each.number, made)
        if each.number not in before.in_force(each.decision):
            raise WithdrawnAlreadyError(each.decision, each.number)
    return _regrouped(calibration, before.imports, (*before.withdrawals, *new))


def _regrouped(
    calibration: Calibration,
    imports: tuple[DefectImport, ...],
    withdrawals: tuple[DefectWithdrawal, ...],
) -> Calibration:
    imaging, thresholds = ~calibration.not_imaging, calibration.thresholds
    defects = with_imports(calibration.defects, imports, withdrawals, imaging, thresholds)
    return replace(calibration, defects=defects)


def _lists(each: DefectImport, place: Place) -> bool:
    rows, columns = each.classes.shape
    return place[0] < rows and place[1] < columns and bool(each.classes[place])


def correctable_pixels(calibration: Calibration) -> npt.NDArray[np.bool_]:
    """Return where every dark and every gain has a value, (rows, cols)."""
    maps = [dark.mean for dark in calibration.darks] + [gain.gain for gain in calibration.gains]
    correctable: npt.NDArray[np.bool_] = np.logical_and.reduce([np.isfinite(each) for each in maps])
    return correctable
