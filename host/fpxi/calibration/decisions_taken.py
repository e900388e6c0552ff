"""Taking what users decided about defects along, from one calibration to another."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
from fpxi_imaging import (
    Calibration,
    Conditions,
    Decision,
    DefectEdit,
    DefectImport,
    DefectMap,
    DefectWithdrawal,
)
from fpxi_imaging.defects.finding import with_imports

from fpxi.calibration.defect_edit_errors import OtherPixelsError, TooManyImportedError
from fpxi.calibration.defect_edits import correctable_pixels

PROGRAM = "fpxi"
"""Signs the withdrawal of what a calibration cannot follow."""
NO_GAIN = "this calibration has no finite offset and gain for the pixel"
_SAME_PIXELS = ("panel", "serial_number", "first_row", "first_column", "binning")

Signed = DefectEdit | DefectImport
SignedT = TypeVar("SignedT", DefectEdit, DefectImport)
Key = tuple[Hashable, int]
Act = tuple[Decision, Key]


def with_decisions_of(calibration: Calibration, other: Calibration) -> Calibration:
    """Return a calibration with the edits, imports and withdrawals of another besides its own.

    Both orders stay; between them the times decide, as later edits overrule earlier ones. What both
    have is taken once. That a pixel is good, where there is no offset and gain to correct it with,
    stays on record as withdrawn by `fpxi`.

    Raises `OtherPixelsError` unless both are of one panel, region and binning, and
    `TooManyImportedError` beyond what the calibration's limits allow.
    """
    require_same_pixels(other, calibration.conditions, calibration.shape)
    ours, theirs = calibration.defects, other.defects
    if not lost_decisions(theirs, ours):
        return calibration
    edits = _merged(ours.edits, theirs.edits)
    imports = _merged(ours.imports, theirs.imports)
    places = _places(Decision.EDIT, edits) | _places(Decision.IMPORT, imports)
    gone: dict[Act, DefectWithdrawal] = {}
    for each in (ours, theirs):
        gone = _withdrawals(each) | gone
    withdrawals = [replace(each, number=places[act]) for act, each in gone.items()]
    withdrawn = {each.number for each in withdrawals if each.decision is Decision.EDIT}
    withdrawals += _impossible(calibration, edits, withdrawn)
    imaging = ~calibration.not_imaging
    found = DefectMap(ours.as_found, edits=edits)
    defects = with_imports(found, imports, tuple(withdrawals), imaging, calibration.thresholds)
    fraction = float(np.mean(defects.mask[imaging]))
    if fraction > calibration.limits.most_defective:
        raise TooManyImportedError(fraction, calibration.limits.most_defective)
    return replace(calibration, defects=defects)


def require_same_pixels(other: Calibration, at: Conditions, shape: tuple[int, int]) -> None:
    """Raise `OtherPixelsError` unless rows and columns of a calibration are those of these data."""
    was = other.conditions
    differing = [name for name in _SAME_PIXELS if getattr(was, name) != getattr(at, name)]
    if other.shape != shape:
        differing.append("shape")
    if differing:
        raise OtherPixelsError(tuple(differing), decisions_words(other.defects))


def lost_decisions(old: DefectMap, new: DefectMap) -> Counter[str]:
    """Count the edits, imports and withdrawals that `new` has not, by `edit` and so on."""
    lost: Counter[str] = Counter()
    for decision, before, after in (
        (Decision.EDIT, old.edits, new.edits),
        (Decision.IMPORT, old.imports, new.imports),
    ):
        lost[decision.value] += len(set(_keys(before)) - set(_keys(after)))
    lost["withdrawal"] += len(set(_withdrawals(old)) - set(_withdrawals(new)))
    return +lost


def decisions_words(defects: DefectMap) -> str:
    """Say how many decisions a calibration holds: `3 edits and 1 import`; empty if none."""
    counts = {"edit": len(defects.edits), "import": len(defects.imports)}
    return counted_words(counts | {"withdrawal": len(defects.withdrawals)})


def counted_words(counts: dict[str, int] | Counter[str]) -> str:
    """Say `3 edits, 1 import and 1 withdrawal`."""
    words = [f"{n} {name}{'' if n == 1 else 's'}" for name, n in counts.items() if n]
    *first, last = words or [""]
    return f"{', '.join(first)} and {last}" if first else last


def not_followed(defects: DefectMap) -> list[tuple[int, int]]:
    """Return row and column of the pixels that could not be held to be good, as users say."""
    numbers = [
        each.number
        for each in defects.withdrawals
        if (each.decision, each.author, each.reason) == (Decision.EDIT, PROGRAM, NO_GAIN)
    ]
    edits = [defects.edits[number - 1] for number in numbers]
    return [(edit.row, edit.column) for edit in edits]


def _keys(acts: Sequence[Signed]) -> list[Key]:
    """Return what identifies each act: its content, and which of several alike it is."""
    seen: Counter[Hashable] = Counter()
    keys = []
    for act in acts:
        content = _content(act)
        seen[content] += 1
        keys.append((content, seen[content]))
    return keys


def _content(act: Signed) -> Hashable:
    if isinstance(act, DefectEdit):
        return act
    return act.file, act.format, act.author, act.time, act.reason, act.classes.tobytes()


def _merged(ours: Sequence[SignedT], theirs: Sequence[SignedT]) -> tuple[SignedT, ...]:
    known = set(_keys(ours))
    new = [act for act, key in zip(theirs, _keys(theirs), strict=True) if key not in known]
    return tuple(heapq.merge(ours, new, key=lambda act: act.time))


def _places(decision: Decision, acts: Sequence[Signed]) -> dict[Act, int]:
    return {(decision, key): number for number, key in enumerate(_keys(acts), 1)}


def _withdrawals(defects: DefectMap) -> dict[Act, DefectWithdrawal]:
    keys = {Decision.EDIT: _keys(defects.edits), Decision.IMPORT: _keys(defects.imports)}
    return {
        (each.decision, keys[each.decision][each.number - 1]): each for each in defects.withdrawals
    }


def _impossible(
    calibration: Calibration, edits: Sequence[DefectEdit], withdrawn: set[int]
) -> list[DefectWithdrawal]:
    """Withdraw that pixels are good which cannot be corrected."""
    now, correctable = datetime.now(UTC), correctable_pixels(calibration)
    return [
        DefectWithdrawal(Decision.EDIT, number, PROGRAM, now, NO_GAIN)
        for number, edit in enumerate(edits, 1)
        if number not in withdrawn and not edit.defective and not correctable[edit.row, edit.column]
    ]
