"""What users decided about defects outlives a new calibration."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from fpxi.calibration import load_calibration, save_calibration, save_in_place, with_decisions_of
from fpxi.calibration.decisions_taken import (
    decisions_words,
    lost_decisions,
    not_followed,
)
from fpxi.calibration.defect_edit_errors import (
    DecisionsWouldBeLostError,
    OtherPixelsError,
    TooManyImportedError,
    UnknownDecisionsError,
)
from fpxi.calibration.defect_edits import with_decisions, with_withdrawn
from fpxi.errors import CalibrationExistsError
from fpxi_imaging import Calibration, CheckLimits, Decision, DefectMap


def anew(calibration: Calibration) -> Calibration:
    """Return what calibrating the panel again finds."""
    return replace(calibration, defects=DefectMap(calibration.defects.as_found))


def of_serial(calibration: Calibration, serial: str) -> Calibration:
    """Return the same of another panel."""
    darks, gains = (
        tuple(
            replace(each, conditions=replace(each.conditions, serial_number=serial))
            for each in parts
        )
        for parts in (calibration.darks, calibration.gains)
    )
    return replace(calibration, darks=darks, gains=gains)


def same(ours: DefectMap, theirs: DefectMap) -> bool:
    return (
        ours.edits == theirs.edits
        and ours.withdrawals == theirs.withdrawals
        and [each.file for each in ours.imports] == [each.file for each in theirs.imports]
        and np.array_equal(ours.classes, theirs.classes)
        and np.array_equal(ours.mask, theirs.mask)
    )


def test_a_new_calibration_has_all_decisions_as_they_were(rich: Calibration) -> None:
    taken = with_decisions_of(anew(rich), rich)
    assert same(taken.defects, rich.defects)
    assert not lost_decisions(rich.defects, taken.defects)
    assert decisions_words(taken.defects) == "3 edits, 2 imports and 2 withdrawals"


def test_what_both_have_is_taken_once(rich: Calibration) -> None:
    assert with_decisions_of(rich, rich) is rich
    more = with_decisions(rich, [(3, 2)], defective=True, author="Eve", reason="")
    assert same(with_decisions_of(rich, more).defects, more.defects)
    assert same(with_decisions_of(more, rich).defects, more.defects)


def test_the_later_of_two_edits_counts_whichever_calibration_has_it(rich: Calibration) -> None:
    plain = anew(rich)
    first = with_decisions(plain, [(3, 2)], defective=True, author="Ada", reason="")
    second = with_decisions(plain, [(3, 2)], defective=False, author="Bob", reason="")
    assert first.defects.edits[0].time < second.defects.edits[0].time
    for one, other in ((first, second), (second, first)):
        taken = with_decisions_of(one, other).defects
        assert [edit.author for edit in taken.edits] == ["Ada", "Bob"]
        assert not taken.mask[3, 2]


def test_withdrawals_stay_with_what_they_withdraw(rich: Calibration) -> None:
    early = rich.defects.edits[0]
    before = replace(early, row=2, column=2, time=early.time - timedelta(days=1))
    ours = replace(anew(rich), defects=anew(rich).defects.with_edits(before))
    taken = with_decisions_of(ours, rich).defects
    assert taken.edits == (before, *rich.defects.edits)
    assert [taken.edits[n - 1].author for n in taken.in_force(Decision.EDIT)] == [
        "Ada",
        "Ada",
        "Bob",
    ]
    assert taken.in_force(Decision.IMPORT) == [2]


def test_edits_alike_are_withdrawn_each_by_itself(rich: Calibration) -> None:
    twice = with_decisions(anew(rich), [(3, 2), (3, 2)], defective=True, author="Ada", reason="")
    gone = with_withdrawn(twice, [(Decision.EDIT, 1), (Decision.EDIT, 2)], author="Bob")
    taken = with_decisions_of(anew(rich), gone).defects
    assert same(taken, gone.defects)
    assert not taken.mask[3, 2]


def test_a_withdrawal_alone_is_a_decision(rich: Calibration) -> None:
    gone = with_withdrawn(rich, [(Decision.EDIT, 1)], author="Eve")
    assert lost_decisions(gone.defects, rich.defects) == Counter(withdrawal=1)
    assert same(with_decisions_of(rich, gone).defects, gone.defects)


def test_a_pixel_without_a_gain_cannot_be_held_to_be_good(rich: Calibration) -> None:
    without = np.asarray(rich.gains[0].gain).copy()
    without[4, 0] = np.nan
    made = replace(anew(rich), gains=(replace(rich.gains[0], gain=without), rich.gains[1]))
    taken = with_decisions_of(made, rich).defects
    assert taken.mask[4, 0]
    assert not_followed(taken) == [(4, 0)]
    assert taken.edits == rich.defects.edits
    assert not_followed(rich.defects) == []


def test_decisions_of_another_panel_are_not_taken(rich: Calibration) -> None:
    with pytest.raises(OtherPixelsError, match="serial number") as caught:
        with_decisions_of(anew(rich), of_serial(rich, "SN-8"))
    assert caught.value.differing == ("serial_number",)


def test_so_many_defects_that_the_frames_are_suspect_are_refused(rich: Calibration) -> None:
    made = replace(anew(rich), limits=CheckLimits(most_defective=0.05))
    with pytest.raises(TooManyImportedError):
        with_decisions_of(made, rich)


def test_overwriting_takes_decisions_along(rich: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "cal.h5"
    save_calibration(path, rich)
    with pytest.raises(CalibrationExistsError):
        save_in_place(path, anew(rich), overwrite=False)
    saved = save_in_place(path, anew(rich), overwrite=True)
    assert same(saved.defects, rich.defects)
    assert same(load_calibration(path).defects, rich.defects)


def test_decisions_are_never_overwritten(rich: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "cal.h5"
    save_calibration(path, rich)
    before = path.read_bytes()
    with pytest.raises(DecisionsWouldBeLostError, match="3 edits, 2 imports and 2 with") as caught:
        save_calibration(path, anew(rich), overwrite=True)
    assert "take OLD" in str(caught.value)
    with pytest.raises(DecisionsWouldBeLostError, match="another name"):
        save_in_place(path, of_serial(anew(rich), "SN-8"), overwrite=True)
    assert path.read_bytes() == before


def test_a_calibration_without_decisions_may_be_replaced_by_any(
    rich: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "cal.h5"
    save_calibration(path, anew(rich))
    other = of_serial(anew(rich), "SN-8")
    assert save_in_place(path, other, overwrite=True) is other


def test_a_file_that_cannot_be_read_is_not_overwritten(rich: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "cal.h5"
    path.write_bytes(b"something of value")
    with pytest.raises(UnknownDecisionsError, match="another name"):
        save_in_place(path, rich, overwrite=True)
    assert path.read_bytes() == b"something of value"
