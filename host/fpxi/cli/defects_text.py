"""The defects of a calibration and people's decisions about them, in words and in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from fpxi_imaging import (
    Calibration,
    Decision,
    DefectClass,
    DefectEdit,
    DefectImport,
    DefectMap,
    DefectOrigin,
    DefectWithdrawal,
)
from fpxi_imaging.defects.verdicts import DEFECT_CHECKS

from fpxi.calibration.decisions_taken import NO_GAIN, not_followed
from fpxi.cli.output import format_facts, format_table
from fpxi.legends import names_of

Place = tuple[int, int]
_IMPORTS = ("IMPORT", "PIXELS", "FILE", "FORMAT", "AUTHOR", "TIME", "REASON", "WITHDRAWN")
_EDITS = ("EDIT", "ROW", "COLUMN", "DECISION", "AUTHOR", "TIME", "REASON", "WITHDRAWN")


def defects_text(path: Path, calibration: Calibration) -> str:
    """Return what `fpxi defects list` shows."""
    defects = calibration.defects
    imaging = int(np.count_nonzero(~calibration.not_imaging))
    count = int(np.count_nonzero(defects.mask))
    facts = [("Calibration", str(path)), ("Defects", f"{count} of {imaging} imaging pixels")]
    parts = [format_facts(facts), _classes_text(defects)]
    gone = _withdrawn(defects)
    imports = [_import_row(number, each, gone) for number, each in enumerate(defects.imports, 1)]
    edits = [_edit_row(number, each, gone) for number, each in enumerate(defects.edits, 1)]
    parts += [format_table(_IMPORTS, imports)] if imports else []
    parts += [format_table(_EDITS, edits)] if edits else []
    judged = [
        (each.check, f"{each.grade.value}: {each.text}")
        for each in calibration.verdicts
        if each.check in DEFECT_CHECKS
    ]
    parts += ["How well the frames tell classes apart:\n" + format_facts(judged)] if judged else []
    parts.append(
        f"Each pixel with its classes: fpxi defects {path} export -o defects.txt, or list --json"
    )
    return "\n\n".join(parts)


def taken_text(words: str, source: Path, calibration: Calibration) -> str:
    """Say which decisions of another calibration this one has now, `words` being how many."""
    text = f"{words} of {source} taken along"
    places = not_followed(calibration.defects)
    if places:
        listed = " ".join(f"{row},{column}" for row, column in places)
        text += f"; that {listed} is good stands withdrawn: {NO_GAIN}"
    return text


def pixel_text(place: Place, calibration: Calibration) -> str:
    """Return all that is on record of one pixel."""
    defects, gone = calibration.defects, _withdrawn(calibration.defects)
    row, column = place
    state = "defective" if defects.mask[place] else "good"
    if calibration.not_imaging[place]:
        state = "in the process ring"
    facts = [(f"{row},{column}", state), ("Found", _classes_words(defects.as_found[place]))]
    for number, each in enumerate(defects.imports, 1):
        if each.classes[place]:
            words = f"{_classes_words(each.classes[place])}: {each.file}, {_signed(each)}"
            facts.append((f"Import {number}", words + _after(gone, Decision.IMPORT, number)))
    for number, edit in enumerate(defects.edits, 1):
        if (edit.row, edit.column) == place:
            words = f"{_decided(edit)}: {_signed(edit)}"
            facts.append((f"Edit {number}", words + _after(gone, Decision.EDIT, number)))
    together = defects.classes[place] & ~defects.listed[place]
    if defects.found is not None and together:
        facts.append(("With imports", _classes_words(together)))
    return format_facts(facts)


def defects_document(path: Path, calibration: Calibration) -> dict[str, Any]:
    """Return the same for machines, with every defective pixel."""
    defects, gone = calibration.defects, _withdrawn(calibration.defects)
    origins = defects.origins
    return {
        "path": str(path),
        "imaging_pixels": int(np.count_nonzero(~calibration.not_imaging)),
        "defective_pixels": int(np.count_nonzero(defects.mask)),
        "found": _counts(defects.as_found),
        "with_imports": _counts(defects.classes),
        "pixels": [
            {
                "row": int(row),
                "column": int(column),
                "classes": names_of(DefectClass, defects.classes[row, column]),
                "origin": names_of(DefectOrigin, origins[row, column]),
            }
            for row, column in np.argwhere(defects.mask)
        ],
        "imports": [
            {
                "number": number,
                "pixels": each.pixels,
                "file": each.file,
                "format": each.format,
                **_signature(each),
                "withdrawn": _signature(gone.get((Decision.IMPORT, number))),
            }
            for number, each in enumerate(defects.imports, 1)
        ],
        "edits": [
            {
                "number": number,
                "row": edit.row,
                "column": edit.column,
                "defective": edit.defective,
                **_signature(edit),
                "withdrawn": _signature(gone.get((Decision.EDIT, number))),
            }
            for number, edit in enumerate(defects.edits, 1)
        ],
    }


Withdrawn = Mapping[tuple[Decision, int], DefectWithdrawal]


def _withdrawn(defects: DefectMap) -> Withdrawn:
    return {(each.decision, each.number): each for each in defects.withdrawals}


def _classes_text(defects: DefectMap) -> str:
    found = _counts(defects.as_found)
    if not defects.in_force(Decision.IMPORT):
        return format_table(("CLASS", "FOUND"), [(name, str(n)) for name, n in found.items()])
    both = _counts(defects.classes)
    rows = [(name, str(count), str(both[name])) for name, count in found.items()]
    return format_table(("CLASS", "FOUND", "WITH IMPORTS"), rows)


def _counts(classes: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> dict[str, int]:
    return {
        name: int(np.count_nonzero(classes & each))
        for name, each in zip(names_of(DefectClass, ~0), DefectClass, strict=True)
    }


def _classes_words(classes: int) -> str:
    return ", ".join(names_of(DefectClass, classes)) or "nothing"


def _import_row(number: int, each: DefectImport, gone: Withdrawn) -> tuple[str, ...]:
    origin = (str(number), str(each.pixels), each.file, each.format)
    return (*origin, *_signature_cells(each), _by(gone.get((Decision.IMPORT, number))))


def _edit_row(number: int, edit: DefectEdit, gone: Withdrawn) -> tuple[str, ...]:
    what = (str(number), str(edit.row), str(edit.column), _decided(edit))
    return (*what, *_signature_cells(edit), _by(gone.get((Decision.EDIT, number))))


def _decided(edit: DefectEdit) -> str:
    return "defective" if edit.defective else "good"


Signed = DefectEdit | DefectImport | DefectWithdrawal


def _signature_cells(act: Signed) -> tuple[str, str, str]:
    return act.author, act.time.isoformat(timespec="seconds"), act.reason or "-"


def _signed(act: Signed) -> str:
    reason = f": {act.reason}" if act.reason else ""
    return f"by {act.author}, {act.time.isoformat(timespec='seconds')}{reason}"


def _by(withdrawal: DefectWithdrawal | None) -> str:
    return "" if withdrawal is None else _signed(withdrawal)


def _after(gone: Withdrawn, decision: Decision, number: int) -> str:
    withdrawal = gone.get((decision, number))
    return "" if withdrawal is None else f"; withdrawn {_signed(withdrawal)}"


def _signature(act: Signed | None) -> Any:
    if act is None:
        return None
    return {"author": act.author, "time": act.time.isoformat(), "reason": act.reason}
