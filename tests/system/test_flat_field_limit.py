"""Corrected flat fields of simulated panels are as flat as the frames of the calibration allow."""

import dataclasses

import flat_field_limit as limit
import numpy as np
import pytest

FLATS = 400
TESTS = 200


@pytest.fixture(scope="module", params=limit.PANELS, ids=lambda panel: panel.url)
def panel(request):
    bench, darks, flats, others = limit.expose(request.param, FLATS, TESTS)
    return bench, request.param.integration_s, darks, flats, others


def residuals(panel, count, **changes):
    bench, integration_s, darks, flats, others = panel
    calibration = limit.calibrate(bench, integration_s, darks[:count], flats[:count])
    return limit.residuals(dataclasses.replace(calibration, **changes), others)


def test_the_fixed_pattern_is_less_than_a_tenth_of_the_noise(panel):
    left = residuals(panel, FLATS)
    assert left.fixed_pattern < 0.1 * left.noise


def test_the_fixed_pattern_falls_as_the_calibration_has_more_frames(panel):
    # The noise of the test frames' mean leaves the fixed pattern uncertain by a tenth or so, and
    # the correction leaves a little besides.
    for count in (25, 100, FLATS):
        left = residuals(panel, count)
        assert left.fixed_pattern * count**0.5 == pytest.approx(left.noise, rel=0.3)


def test_an_offset_that_is_a_little_wrong_shows(panel):
    bench, integration_s, darks, flats, _ = panel
    calibration = limit.calibrate(bench, integration_s, darks, flats)
    (dark,) = calibration.darks
    pattern = np.random.default_rng(1).normal(0, 0.02 * calibration.normalisation, dark.shape)
    wrong = dataclasses.replace(dark, mean=dark.mean + pattern)
    left = residuals(panel, FLATS, darks=(wrong,))
    assert left.fixed_pattern == pytest.approx(0.02, rel=0.1)
