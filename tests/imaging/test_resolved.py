"""What corrects frames, and its parts."""

import dataclasses

import fpxi_imaging as im
import numpy as np
import pytest


def patterned(make_resolved, shape=(6, 8), **changes):
    values = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    defects = np.zeros(shape, bool)
    defects[2, 5] = True
    gain = 1 + values / 100
    return make_resolved(shape, offset=values, gain=gain, defects=defects, **changes)


def test_a_region_of_a_calibration_corrects_as_the_whole_does(make_resolved):
    whole = patterned(make_resolved)
    part = whole.region(1, 3, (4, 5))
    samples = np.random.default_rng(1).integers(0, 50_000, (6, 8), dtype=np.uint16)
    inside = np.s_[1:5, 3:8]
    values, flags = im.correct_frame(np.ascontiguousarray(samples[inside]), part)
    expected, expected_flags = im.correct_frame(samples, whole)
    # Neighbours that a defect at the region's edge would take are outside of it; here it has all.
    np.testing.assert_array_equal(values, expected[inside])
    np.testing.assert_array_equal(flags, expected_flags[inside])
    assert (part.conditions.first_row, part.conditions.first_column) == (1, 3)
    assert part.normalisation == whole.normalisation


def test_a_region_of_a_region_is_counted_from_the_panel(make_resolved):
    whole = patterned(make_resolved)
    part = whole.region(1, 3, (4, 5)).region(2, 4, (2, 2))
    np.testing.assert_array_equal(part.offset, whole.offset[2:4, 4:6])
    assert whole.region(0, 0, (6, 8)) is whole


def test_a_binned_calibration_has_regions_of_whole_bins(make_resolved, conditions):
    binned = patterned(
        make_resolved, conditions=dataclasses.replace(conditions, binning=2, first_row=4)
    )
    part = binned.region(8, 6, (3, 2))
    np.testing.assert_array_equal(part.offset, binned.offset[2:5, 3:5])
    for first_row, first_column in ((7, 6), (8, 5)):
        with pytest.raises(im.RegionMismatchError):
            binned.region(first_row, first_column, (3, 2))


@pytest.mark.parametrize(
    ("first_row", "first_column", "shape"),
    [(1, 0, (6, 8)), (0, 1, (6, 8)), (0, 0, (7, 8)), (0, 0, (6, 9)), (5, 7, (2, 1))],
)
def test_a_region_beyond_the_calibration_is_refused(make_resolved, first_row, first_column, shape):
    with pytest.raises(im.RegionMismatchError, match="calibrate that region") as caught:
        patterned(make_resolved).region(first_row, first_column, shape)
    assert caught.value.calibrated == (0, 0, 6, 8)
    assert caught.value.actual == (first_row, first_column, *shape)
