from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from fpxi_imaging.defects.defect_map import DefectClass, DefectEdit, DefectMap
from fpxi_imaging.defects.pixel_mask import MaskBit, pixel_mask
from fpxi_imaging.errors import DefectOutsideError, SettingError, ShapeMismatchError

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


def test_new_findings_keep_the_edits() -> None:
    edited = found(dead=(1, 1)).with_edits(edit(0, 0))
    renewed = edited.with_classes(found(noisy=(2, 2)).classes)
    assert renewed.mask[0, 0]
    assert renewed.mask[2, 2]
    assert not renewed.mask[1, 1]
    with pytest.raises(ShapeMismatchError):
        edited.with_classes(np.zeros((2, 2), np.uint16))


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
