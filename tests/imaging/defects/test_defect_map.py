from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from fpxi_imaging.defects.decisions import Decision, DefectEdit, DefectImport, DefectWithdrawal
from fpxi_imaging.defects.defect_map import DefectClass, DefectMap, DefectOrigin
from fpxi_imaging.defects.finding import with_imports
from fpxi_imaging.defects.pixel_mask import MaskBit, pixel_mask
from fpxi_imaging.defects.thresholds import DefectThresholds
from fpxi_imaging.errors import (
    DefectOutsideError,
    DefectRecordError,
    SettingError,
    ShapeMismatchError,
)

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
NO_RING = np.zeros((4, 6), bool)


def edit(row: int, column: int, defective: bool = True) -> DefectEdit:
    return DefectEdit(row, column, defective, "Ada", NOW, "seen in run 7")


def found(**places: tuple[int, int]) -> DefectMap:
    """A map of 4 x 6 pixels with one pixel of each named class."""
    classes = np.zeros((4, 6), np.uint16)
    for name, place in places.items():
        classes[place] |= DefectClass[name.upper()]
    return DefectMap(classes)


def test_later_edits_overrule_earlier_ones_and_what_was_found() -> None:
    before = found(dead=(1, 1), noisy=(2, 2))
    after = before.with_edits(edit(1, 1, False), edit(3, 5), edit(3, 5, False), edit(0, 0))
    assert set(zip(*np.nonzero(after.mask), strict=True)) == {(2, 2), (0, 0)}
    assert after.marked == [(0, 0)]
    np.testing.assert_array_equal(after.classes, before.classes)
    assert len(before.edits) == 0


@pytest.mark.parametrize("place", [(-1, 0), (4, 0), (0, -1), (0, 6)])
def test_an_edit_outside_the_panel_is_refused(place: tuple[int, int]) -> None:
    with pytest.raises(DefectOutsideError, match="4 rows x 6 columns") as refused:
        found().with_edits(edit(*place))
    assert refused.value.place == place


def test_an_edit_is_signed_and_dated() -> None:
    with pytest.raises(SettingError, match="author"):
        DefectEdit(0, 0, True, " ", NOW)
    with pytest.raises(SettingError, match="time zone"):
        DefectEdit(0, 0, True, "Ada", NOW.replace(tzinfo=None))
    local = NOW.astimezone(timezone(timedelta(hours=2)))
    assert DefectEdit(0, 0, True, "Ada", local).time.utcoffset() == timedelta(0)


def listing(**places: tuple[int, int]) -> DefectImport:
    """An import of one pixel of each named class."""
    classes = found(**places).classes
    listed = np.where(classes, classes | np.uint16(DefectClass.IMPORTED), 0)
    return DefectImport(listed, "maker.txt", "list of pixels", "Ada", NOW)


def taken_back(decision: Decision, number: int) -> DefectWithdrawal:
    return DefectWithdrawal(decision, number, "Bob", NOW, "mistaken")


def imported(defects: DefectMap, *imports: DefectImport, gone: tuple[int, ...] = ()) -> DefectMap:
    withdrawals = tuple(taken_back(Decision.IMPORT, number) for number in gone)
    return with_imports(defects, imports, withdrawals, ~NO_RING, DefectThresholds())


def test_an_import_stays_apart_from_what_was_found() -> None:
    before = found(dead=(1, 1))
    after = imported(before, listing(noisy=(1, 2), dead=(3, 5)))
    assert set(zip(*np.nonzero(after.mask), strict=True)) == {(1, 1), (1, 2), (3, 5)}
    np.testing.assert_array_equal(after.as_found, before.classes)
    assert after.classes[1, 1] == DefectClass.DEAD | DefectClass.CLUSTER
    noisy = DefectClass.NOISY | DefectClass.IMPORTED
    assert after.classes[1, 2] == noisy | DefectClass.CLUSTER
    assert after.imports[0].pixels == 2


def test_a_withdrawn_import_leaves_what_was_found_and_other_imports() -> None:
    before = found(dead=(1, 1))
    both = (listing(noisy=(1, 2)), listing(dead=(3, 5)))
    after = imported(before, *both, gone=(1,))
    assert set(zip(*np.nonzero(after.mask), strict=True)) == {(1, 1), (3, 5)}
    assert after.classes[1, 1] == DefectClass.DEAD
    assert len(after.imports) == 2
    none = imported(before, *both, gone=(2, 1))
    np.testing.assert_array_equal(none.classes, before.classes)


def test_edits_overrule_imports() -> None:
    listed = imported(found(), listing(dead=(1, 2)))
    assert not listed.with_edits(edit(1, 2, False)).mask.any()


def test_a_withdrawn_edit_lets_the_one_before_or_the_finding_show() -> None:
    edited = found(dead=(1, 1)).with_edits(edit(1, 1, False), edit(2, 2), edit(2, 2, False))
    assert edited.in_force(Decision.EDIT) == [1, 2, 3]
    back = replace(edited, withdrawals=(taken_back(Decision.EDIT, 1),))
    assert back.mask[1, 1]
    back = replace(edited, withdrawals=(taken_back(Decision.EDIT, 3),))
    assert back.mask[2, 2]
    assert back.in_force(Decision.EDIT) == [1, 2]
    assert len(back.edits) == 3


def test_each_pixel_says_who_decided() -> None:
    listed = imported(found(dead=(0, 0), noisy=(3, 0)), listing(dead=(0, 0), noisy=(0, 5)))
    origins = listed.with_edits(edit(3, 0, False), edit(3, 3)).origins
    told = {
        (0, 0): DefectOrigin.FOUND | DefectOrigin.IMPORTED,
        (0, 5): DefectOrigin.IMPORTED,
        (3, 0): DefectOrigin.FOUND | DefectOrigin.CLEARED,
        (3, 3): DefectOrigin.MARKED,
    }
    assert {place: origins[place] for place in told} == told
    assert np.count_nonzero(origins) == len(told)


def test_a_pixel_that_an_import_surrounds_is_told_as_imported() -> None:
    around = {
        "dead": (0, 0), "noisy": (0, 1), "persistent": (0, 2), "non_uniform": (1, 0),
        "cut_off": (1, 2), "saturated": (2, 0), "over_responding": (2, 1),
        "under_responding": (2, 2),
    }  # fmt: skip
    listed = imported(found(), listing(**around))
    assert listed.classes[1, 1] & DefectClass.BAD_NEIGHBOURHOOD
    assert listed.origins[1, 1] == DefectOrigin.IMPORTED


@pytest.mark.parametrize(
    ("withdrawals", "words"),
    [
        ([(Decision.EDIT, 2)], "there is no edit 2"),
        ([(Decision.EDIT, 0)], "there is no edit 0"),
        ([(Decision.IMPORT, 1)], "there is no import 1"),
        ([(Decision.EDIT, 1), (Decision.EDIT, 1)], "edit 1 is withdrawn twice"),
    ],
)
def test_a_withdrawal_of_nothing_is_refused(
    withdrawals: list[tuple[Decision, int]], words: str
) -> None:
    acts = tuple(taken_back(*each) for each in withdrawals)
    with pytest.raises(DefectRecordError, match=words):
        replace(found().with_edits(edit(1, 1)), withdrawals=acts)


def test_classes_that_do_not_follow_from_the_record_are_refused() -> None:
    listed = imported(found(dead=(1, 1)), listing(noisy=(1, 2)))
    with pytest.raises(DefectRecordError, match="not what was found and imported"):
        replace(listed, withdrawals=(taken_back(Decision.IMPORT, 1),))
    with pytest.raises(ShapeMismatchError, match="imported classes"):
        replace(found(), imports=(replace(listing(), classes=np.zeros((2, 2))),))
    with pytest.raises(ShapeMismatchError, match="found"):
        replace(found(), found=np.zeros((2, 2)))


def test_imports_and_withdrawals_are_signed() -> None:
    with pytest.raises(SettingError, match="author"):
        replace(listing(), author="")
    with pytest.raises(SettingError, match="time zone"):
        replace(taken_back(Decision.EDIT, 1), time=NOW.replace(tzinfo=None))


def test_imported_pixels_are_a_users_in_the_mask() -> None:
    mask = pixel_mask(imported(found(dead=(3, 5)), listing(noisy=(0, 1))), NO_RING)
    assert mask[0, 1] == MaskBit.NOISY | MaskBit.USER
    assert mask[3, 5] == MaskBit.DEAD


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("dead", 1 << 1),
        ("under_responding", 1 << 2),
        ("over_responding", 1 << 3),
        ("noisy", 1 << 4),
        ("non_uniform", 1 << 7),
        ("persistent", 1 << 7),
        ("cut_off", 1 << 7),
        ("saturated", 1 << 7),
        ("imported", 1 << 7),
        ("bad_neighbourhood", 1 << 7),
    ],
)
def test_each_class_has_its_bit_of_nxdetector(name: str, bits: int) -> None:
    mask = pixel_mask(found(**{name: (1, 2)}), NO_RING)
    assert mask.dtype == np.uint32
    assert mask[1, 2] == bits
    assert np.count_nonzero(mask) == 1


def test_pixels_of_a_cluster_have_its_bit_besides_their_own() -> None:
    mask = pixel_mask(found(dead=(1, 1), noisy=(2, 2), persistent=(0, 5)), NO_RING)
    assert mask[1, 1] == 1 << 1 | 1 << 6
    assert mask[2, 2] == 1 << 4 | 1 << 6
    assert mask[0, 5] == 1 << 7


def test_the_mask_is_of_the_pixels_that_are_defective_in_the_end() -> None:
    edited = found(dead=(1, 1), noisy=(2, 2)).with_edits(edit(1, 1, False), edit(3, 4), edit(2, 2))
    mask = pixel_mask(edited, NO_RING)
    assert mask[1, 1] == 0
    assert mask[2, 2] == MaskBit.NOISY | MaskBit.USER
    assert mask[3, 4] == MaskBit.OTHER | MaskBit.USER
    assert np.count_nonzero(mask) == 2


def test_the_ring_is_a_gap_and_nothing_else() -> None:
    ring = NO_RING.copy()
    ring[0] = True
    mask = pixel_mask(found(dead=(0, 1), noisy=(1, 1)).with_edits(edit(0, 3)), ring)
    assert np.all(mask[0] == MaskBit.GAP)
    assert mask[1, 1] == MaskBit.NOISY
    with pytest.raises(ShapeMismatchError, match="not_imaging"):
        pixel_mask(found(), np.zeros((2, 2), bool))
