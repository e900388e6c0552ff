from typing import Any

import numpy as np
import pytest
from fpxi_imaging.defects.defect_map import DefectClass as C
from fpxi_imaging.defects.evidence import DefectEvidence
from fpxi_imaging.defects.finding import find_defects
from fpxi_imaging.defects.thresholds import QUANTISATION_SIGMA, DefectThresholds, panel_noise
from fpxi_imaging.errors import CalibrationError, SettingError, ShapeMismatchError

SHAPE = (32, 35)
AT = (13, 14)
THRESHOLDS = DefectThresholds()


def flat_map(value: float, at: float | None = None) -> np.ndarray:
    """One value everywhere, another at one pixel."""
    image = np.full(SHAPE, value)
    if at is not None:
        image[AT] = at
    return image


def evidence(**changes: Any) -> DefectEvidence:
    """Evidence of a panel of equal, good pixels, with changes."""
    values: dict[str, Any] = {
        "response": flat_map(1000.0),
        "imaging": np.ones(SHAPE, bool),
        "dark_noise": flat_map(2.0),
        "dark_frames": 100,
        "zero_fraction": flat_map(0.0),
        "saturated": np.zeros(SHAPE, bool),
    }
    return DefectEvidence(**values | changes)


def found_at(**changes: Any) -> C:
    """Classes of the pixel that differs; no other pixel may have any."""
    classes = find_defects(evidence(**changes), THRESHOLDS)
    assert classes.dtype == np.uint16
    assert np.count_nonzero(np.delete(classes, AT[0] * SHAPE[1] + AT[1])) == 0
    return C(int(classes[AT]))


def corrected(value: float, error: float) -> dict[str, np.ndarray]:
    return {"corrected_flat": flat_map(5.0, value), "corrected_flat_noise": flat_map(error)}


def test_a_panel_of_equal_pixels_has_no_defects() -> None:
    assert found_at(**corrected(5.0, 0.001), after_exposure=flat_map(10.0)) == C(0)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (0.0, C.DEAD),
        (-5.0, C.DEAD),
        (50.0, C.DEAD),
        (np.nan, C.DEAD),
        (50.1, C.UNDER_RESPONDING),
        (599.9, C.UNDER_RESPONDING),
        (600.1, C(0)),
        (1299.9, C(0)),
        (1300.1, C.OVER_RESPONDING),
    ],
)
def test_response_is_judged_by_the_local_median(response: float, expected: C) -> None:
    assert found_at(response=flat_map(1000.0, response)) == expected


@pytest.mark.parametrize(("noise", "expected"), [(11.9, C(0)), (12.1, C.NOISY), (np.nan, C(0))])
def test_noise_is_judged_by_the_median_of_the_panel(noise: float, expected: C) -> None:
    assert found_at(dark_noise=flat_map(2.0, noise)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(4.949, C.NON_UNIFORM), (4.951, C(0)), (5.049, C(0)), (5.051, C.NON_UNIFORM), (np.nan, C(0))],
)
def test_a_corrected_flat_may_differ_by_one_percent(value: float, expected: C) -> None:
    assert found_at(**corrected(value, 0.001)) == expected


@pytest.mark.parametrize(("value", "expected"), [(5.39, C(0)), (5.41, C.NON_UNIFORM)])
def test_a_noisy_corrected_flat_must_differ_by_four_standard_errors(
    value: float, expected: C
) -> None:
    assert found_at(**corrected(value, 0.1)) == expected


@pytest.mark.parametrize(
    ("lag", "noise", "value", "expected"),
    [
        (100.0, None, 199.0, C(0)),
        (100.0, None, 201.0, C.PERSISTENT),
        (100.0, None, 0.0, C(0)),
        (1.0, None, 8.9, C(0)),
        (1.0, None, 9.1, C.PERSISTENT),
        (-1.0, None, 6.9, C(0)),
        (1.0, 0.5, 3.1, C.PERSISTENT),
        (1.0, 0.5, 2.9, C(0)),
    ],
)
def test_lag_is_judged_by_the_local_median_and_its_noise(
    lag: float, noise: float | None, value: float, expected: C
) -> None:
    error = None if noise is None else flat_map(noise)
    changes = {"after_exposure": flat_map(lag, value), "after_exposure_noise": error}
    assert found_at(**changes) == expected


def test_a_pixel_that_saturates_is_a_defect() -> None:
    saturated = flat_map(0, 1) > 0
    assert found_at(saturated=saturated, response=flat_map(1000.0, 0.0)) == C.SATURATED | C.DEAD


@pytest.mark.parametrize(("fraction", "expected"), [(0.1, C(0)), (0.11, C.CUT_OFF)])
def test_darks_that_read_0_too_often_are_a_defect(fraction: float, expected: C) -> None:
    assert found_at(zero_fraction=flat_map(0.0, fraction)) == expected


def test_darks_of_0_are_no_defect_of_a_panel_without_noise() -> None:
    assert found_at(zero_fraction=flat_map(1.0), dark_noise=flat_map(0.0)) == C(0)


def test_noise_below_quantisation_condemns_no_pixel_that_flips_one_count() -> None:
    assert found_at(dark_noise=flat_map(0.0, 0.5)) == C(0)
    assert panel_noise(flat_map(np.nan), np.ones(SHAPE, bool)) == QUANTISATION_SIGMA
    assert panel_noise(flat_map(0.0), np.ones(SHAPE, bool)) == QUANTISATION_SIGMA


def test_a_slope_of_the_beam_is_no_defect() -> None:
    beam = np.linspace(500, 1500, 200) * np.ones((30, 1))
    shape = beam.shape
    some = DefectEvidence(
        response=beam,
        imaging=np.ones(shape, bool),
        dark_noise=np.ones(shape),
        dark_frames=100,
        zero_fraction=np.zeros(shape),
        saturated=np.zeros(shape, bool),
        corrected_flat=beam,
        corrected_flat_noise=np.full(shape, 0.1),
    )
    classes = find_defects(some, THRESHOLDS)
    assert not (classes & (C.OVER_RESPONDING | C.UNDER_RESPONDING)).any()


def test_a_pixel_has_every_class_that_holds_for_it() -> None:
    classes = found_at(
        response=flat_map(1000.0, 2000.0),
        dark_noise=flat_map(2.0, 20.0),
        after_exposure=flat_map(100.0, 300.0),
        **corrected(6.0, 0.001),
    )
    assert classes == C.OVER_RESPONDING | C.NOISY | C.PERSISTENT | C.NON_UNIFORM


def test_the_process_ring_has_no_class_and_no_say_in_a_median() -> None:
    imaging = np.ones(SHAPE, bool)
    imaging[:, :30] = False
    ring = ~imaging
    some = evidence(
        imaging=imaging,
        response=np.where(ring, 0.0, 1000.0),
        dark_noise=np.where(ring, 90.0, 2.0),
        zero_fraction=np.where(ring, 1.0, 0.0),
        saturated=ring,
        corrected_flat=np.where(ring, 9.0, 5.0),
        corrected_flat_noise=flat_map(0.001),
        after_exposure=np.where(ring, 900.0, 10.0),
    )
    assert not find_defects(some, THRESHOLDS).any()


@pytest.mark.parametrize("response", [1000.0, 3000.0, 30_000.0])
def test_a_ring_that_answers_the_beam_has_no_say_either(response: float) -> None:
    imaging = np.ones(SHAPE, bool)
    imaging[:, :31] = False  # most of every window of 9 columns
    some = evidence(
        imaging=imaging,
        response=np.where(imaging, 1000.0, response),
        dark_noise=np.where(imaging, 2.0, 0.1),
        corrected_flat=np.where(imaging, 5.0, 9.0),
        corrected_flat_noise=flat_map(0.001),
        after_exposure=np.where(imaging, 100.0, 10.0),
    )
    assert not find_defects(some, THRESHOLDS).any()


def test_dead_saturated_and_cut_off_pixels_have_no_say_in_the_median_of_response() -> None:
    others = np.ones(SHAPE, bool)
    others[10:16, 12:18] = False
    for changes in (
        {"response": np.where(others, 0.0, 1000.0)},
        {"response": np.where(others, 3000.0, 1000.0), "saturated": others},
        {"response": np.where(others, 3000.0, 1000.0), "zero_fraction": np.where(others, 1.0, 0.0)},
    ):
        classes = find_defects(evidence(**changes), THRESHOLDS)
        by_response = C.UNDER_RESPONDING | C.OVER_RESPONDING
        assert not (classes[~others] & by_response).any()


def test_defects_have_no_say_in_the_fine_medians() -> None:
    even = np.indices(SHAPE).sum(0) % 2 == 0
    quiet = even.copy()
    quiet[AT] = True
    some = evidence(
        dark_noise=np.where(quiet, 2.0, 13.0), after_exposure=np.where(even, 100.0, 500.0)
    )
    assert find_defects(some, THRESHOLDS)[AT] & C.PERSISTENT


def test_the_limits_hold_also_where_the_median_is_between_two_values() -> None:
    lag, flat, noise = flat_map(30.0), flat_map(5.0), flat_map(2.0)
    for image, first in ((lag, 10.0), (flat, 5.2)):
        window = image[9:18, 10:19].copy().ravel()  # the 9x9 around AT
        window[:40] = first
        image[9:18, 10:19] = window.reshape(9, 9)
    noise[17, 18] = 13.0  # of the window 80 pixels are sound: the median is 20, and 5.165
    lag[AT], flat[AT] = 39.0, 5.13
    some = evidence(
        dark_noise=noise,
        corrected_flat=flat,
        corrected_flat_noise=flat_map(1e-3),
        after_exposure=lag,
        after_exposure_noise=flat_map(1e-3),
    )
    assert not find_defects(some, THRESHOLDS)[AT] & (C.PERSISTENT | C.NON_UNIFORM)


def test_thresholds_are_those_given() -> None:
    lenient = DefectThresholds(
        over_response=3.0, under_response=0.1, noise=20.0, non_uniformity=0.5, persistence=9.0
    )
    some = evidence(
        response=flat_map(1000.0, 2000.0),
        dark_noise=flat_map(2.0, 20.0),
        after_exposure=flat_map(100.0, 300.0),
        **corrected(6.0, 0.001),
    )
    assert not find_defects(some, lenient).any()


def test_a_dead_column_is_a_line_and_a_block_has_kernel_pixels() -> None:
    response = flat_map(1000.0)
    response[:, 5] = 0.0
    response[20:23, 20:23] = 0.0
    classes = find_defects(evidence(response=response), THRESHOLDS)
    assert np.all(classes[1:-1, 5] == C.DEAD | C.CLUSTER | C.LINE)
    corner, inner = C.DEAD | C.CLUSTER, C.DEAD | C.CLUSTER | C.CLUSTER_KERNEL
    block = [[corner, inner, corner], [inner, inner, inner], [corner, inner, corner]]
    np.testing.assert_array_equal(classes[20:23, 20:23], block)


def test_a_good_pixel_among_bad_ones_is_bad() -> None:
    response = flat_map(1000.0)
    response[20:23, 20:23] = 0.0
    response[21, 21] = 1000.0
    classes = find_defects(evidence(response=response), THRESHOLDS)
    assert classes[21, 21] == C.BAD_NEIGHBOURHOOD | C.CLUSTER | C.CLUSTER_KERNEL


def test_beside_the_ring_neighbours_are_those_that_image() -> None:
    imaging = np.zeros(SHAPE, bool)
    imaging[1:-1, 1:-1] = True
    response = flat_map(1000.0)
    response[[1, 2, 2], [2, 1, 2]] = 0.0  # all neighbours of the corner
    response[10:12, 1] = 0.0  # two at the edge: four good neighbours each
    classes = find_defects(evidence(imaging=imaging, response=response), THRESHOLDS)
    assert classes[1, 1] & C.BAD_NEIGHBOURHOOD
    assert np.all(classes[10:12, 1] == C.DEAD | C.CLUSTER | C.CLUSTER_KERNEL)


def test_evidence_of_several_shapes_is_refused() -> None:
    with pytest.raises(ShapeMismatchError, match="dark_noise"):
        evidence(dark_noise=np.zeros((2, 2)))
    with pytest.raises(CalibrationError, match="non-empty image"):
        evidence(response=np.zeros(5))


def test_a_flat_without_its_noise_is_refused() -> None:
    with pytest.raises(CalibrationError, match="corrected_flat_noise"):
        evidence(corrected_flat=flat_map(1.0))
    with pytest.raises(CalibrationError, match="after_exposure_noise"):
        evidence(after_exposure_noise=flat_map(1.0))
    with pytest.raises(SettingError, match="dark_frames"):
        evidence(dark_frames=-1)
