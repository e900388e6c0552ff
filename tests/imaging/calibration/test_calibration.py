import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.condition_words import condition_name, condition_values

Build = Callable[..., im.Calibration]


class TestCalibration:
    def test_arrays_are_read_only_copies(self, make_calibration: Build) -> None:
        offset = np.zeros((4, 5), np.float32)
        calibration = make_calibration(offset=offset)
        offset[:] = 9
        assert not calibration.darks[0].mean.any()
        with pytest.raises(ValueError, match="read-only"):
            calibration.gains[0].gain[0, 0] = 2

    def test_time_is_kept_as_utc(self, make_calibration: Build) -> None:
        east = timezone(timedelta(hours=5))
        calibration = make_calibration(created=datetime(2026, 1, 1, 3, tzinfo=east))
        assert calibration.created == datetime(2025, 12, 31, 22, tzinfo=UTC)
        assert calibration.created.tzinfo is UTC

    @pytest.mark.parametrize("name", ["gain", "defects", "not_imaging"])
    def test_arrays_of_several_shapes_are_refused(self, name: str, make_calibration: Build) -> None:
        with pytest.raises(im.ShapeMismatchError) as caught:
            make_calibration(**{name: np.ones((4, 6))})
        assert caught.value.name == name

    @pytest.mark.parametrize("shape", [(5,), (0, 5), (2, 2, 2)])
    def test_what_is_no_image_is_refused(
        self, shape: tuple[int, ...], make_calibration: Build
    ) -> None:
        with pytest.raises(im.CalibrationError):
            make_calibration(shape)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("saturation_level", 0),
            ("saturation_level", 65536),
            ("normalisation", 0.0),
            ("normalisation", np.nan),
            ("created", datetime(2026, 1, 1)),
        ],
    )
    def test_settings_out_of_range_are_refused(
        self, name: str, value: Any, make_calibration: Build
    ) -> None:
        with pytest.raises(im.SettingError) as caught:
            make_calibration(**{name: value})
        assert caught.value.name == name

    @pytest.mark.parametrize("name", ["offset", "gain"])
    def test_a_good_pixel_must_have_offset_and_gain(
        self, name: str, make_calibration: Build
    ) -> None:
        array = np.ones((4, 5))
        array[1, 2] = np.nan
        with pytest.raises(im.CalibrationError, match="finite"):
            make_calibration(**{name: array})
        make_calibration(**{name: array}, defects=np.isnan(array))


class TestRequireMatch:
    def test_equal_conditions_match(self, make_calibration: Build) -> None:
        calibration = make_calibration()
        calibration.resolve(calibration.conditions)

    @pytest.mark.parametrize(
        ("name", "value", "tolerance"),
        [
            ("panel", "cmos32", 0),
            ("serial_number", "A2", 0),
            ("exposure_us", 100_001, 0),
            ("gain_setting", 3, 0),
            ("bias_mV", -50_101, 100),
            ("temperature_mC", 27_001, 2000),
        ],
    )
    def test_each_difference_is_named(
        self, name: str, value: Any, tolerance: int, make_calibration: Build
    ) -> None:
        calibration = make_calibration()
        actual = dataclasses.replace(calibration.conditions, **{name: value})
        with pytest.raises(im.CalibrationMismatchError) as caught:
            calibration.resolve(actual)
        calibrated = getattr(calibration.conditions, name)
        words = (condition_name(name), *condition_values(name, [value, calibrated]))
        assert caught.value.mismatches == (im.Mismatch(name, calibrated, value, tolerance),)
        assert all(text in str(caught.value) for text in words)

    def test_all_differences_are_named_at_once(self, make_calibration: Build) -> None:
        calibration = make_calibration()
        actual = im.Conditions("x", "y", 0, 0, 0, 0)
        with pytest.raises(im.CalibrationMismatchError) as caught:
            calibration.resolve(actual)
        assert len(caught.value.mismatches) == 6

    def test_differences_within_tolerance_match(self, make_calibration: Build) -> None:
        calibration = make_calibration()
        warmer = dataclasses.replace(calibration.conditions, temperature_mC=30_000, bias_mV=-50_100)
        calibration.resolve(warmer, im.Tolerances(temperature_mC=5000))


@pytest.mark.parametrize("name", ["binning", "cds", "oversampling"])
def test_sampling_that_changes_counts_must_be_as_calibrated(make_calibration, conditions, name):
    other = dataclasses.replace(conditions, **{name: getattr(conditions, name) + 1})
    with pytest.raises(im.CalibrationMismatchError, match=condition_name(name)) as caught:
        make_calibration().resolve(other)
    assert [mismatch.name for mismatch in caught.value.mismatches] == [name]


def test_where_the_region_lies_is_no_mismatch(make_calibration, conditions):
    make_calibration().resolve(dataclasses.replace(conditions, first_row=7, first_column=9))
