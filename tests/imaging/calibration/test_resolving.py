"""What a calibration of several darks and gains answers for frames of given conditions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest

SHAPE = (4, 5)
TAKEN = datetime(2026, 3, 4, tzinfo=UTC)
BIAS, RATE = 100.0, 2000.0  # counts, counts a second
Cal = Callable[..., im.Calibration]


def test_the_dark_of_the_exposure_is_taken_as_it_is(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(5_000), dark(10_000, level=123.0), dark(20_000))
    found = made.resolve(replace(conditions, exposure_us=10_000))
    np.testing.assert_array_equal(found.offset, 123)
    assert found.notes == ()
    assert found.dark_noise == 2.0
    assert found.conditions.exposure_us == 10_000


def test_noise_is_that_of_as_many_exposures_as_a_frame_averages(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(10_000, averaged=16))
    gain = made.gains[0]
    averaged = replace(gain.conditions, averaged=16)
    made = replace(made, gains=(replace(gain, noise_per_count=0.5, conditions=averaged),))
    at = replace(conditions, exposure_us=10_000)
    single, half, same = (made.resolve(replace(at, averaged=n)) for n in (1, 4, 16))
    assert [each.dark_noise for each in (single, half, same)] == [8.0, 4.0, 2.0]
    assert [each.noise_per_count for each in (single, half, same)] == [8.0, 2.0, 0.5]
    np.testing.assert_array_equal(single.offset, same.offset)
    assert made.resolve(at) is single


def test_of_two_darks_that_fit_the_newer_is_taken(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(10_000, level=1.0, age_s=60), dark(10_000, level=2.0, age_s=5))
    assert made.resolve(replace(conditions, exposure_us=10_000)).offset[0, 0] == 2


def test_between_exposures_the_model_is_taken_and_said(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(5_000), dark(20_000))
    found = made.resolve(replace(conditions, exposure_us=8_000))
    np.testing.assert_allclose(found.offset, BIAS + RATE * 8e-3, rtol=1e-6)
    offset, gain, _ = found.notes
    assert "8000 us" in offset
    assert "5000, 20000 us" in offset
    assert "gain measured at 10 ms is taken to hold at 8 ms" in gain
    (model,) = made.offset_models
    np.testing.assert_allclose(model.rate, RATE, rtol=1e-4)


def test_at_another_exposure_than_the_flats_it_is_said_what_an_open_beam_reads(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(5_000), dark(10_000), dark(20_000))
    told = made.resolve(replace(conditions, exposure_us=20_000)).notes[-1]
    assert "level of the flats at 10 ms: at 20 ms" in told
    assert "reads about 2, not 1, and about -0.69 in attenuation" in told
    assert made.resolve(replace(conditions, exposure_us=10_000)).notes == ()


def test_what_a_tolerance_lets_pass_is_told_with_both_values(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(10_000))
    at = replace(conditions, exposure_us=10_000)
    assert made.departures(at) == ()
    wide = im.Tolerances(exposure_us=5000, gain_setting=2, bias_mV=900, temperature_mC=9000)
    actual = replace(
        at,
        exposure_us=12_000,
        gain_setting=at.gain_setting + 1,
        bias_mV=at.bias_mV - 500,
        temperature_mC=at.temperature_mC + 3000,
    )
    told = {each.name: each for each in made.departures(actual, wide)}
    assert told == {
        name: im.Mismatch(name, getattr(at, name), getattr(actual, name), getattr(wide, name))
        for name in ("exposure_us", "gain_setting", "bias_mV", "temperature_mC")
    }
    with pytest.raises(im.CalibrationMismatchError):
        made.departures(actual)


def test_what_is_interpolated_is_no_departure(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(
        *(dark(t, temperature_mC=mC) for t in (5_000, 20_000) for mC in (25_000, 33_000))
    )
    assert made.departures(replace(conditions, exposure_us=8_000, temperature_mC=29_100)) == ()


def test_outside_the_exposures_it_is_refused_with_the_range_named(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(5_000), dark(20_000))
    with pytest.raises(
        im.CalibrationMismatchError, match=r"5 to 20 ms in the cal.* 20\.001 ms"
    ) as caught:
        made.resolve(replace(conditions, exposure_us=20_001))
    (exposure,) = caught.value.mismatches
    assert exposure == im.Mismatch("exposure_us", 5_000, 20_001, 0, calibrated_most=20_000)


def test_between_temperatures_dark_current_goes_by_its_logarithm(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    def at(temperature_mC: int, rate: float) -> list[im.DarkMap]:
        return [
            dark(t, level=BIAS + rate * t * 1e-6, temperature_mC=temperature_mC)
            for t in (10_000, 40_000)
        ]

    made = calibration(*at(25_000, 2000.0), *at(33_000, 8000.0))
    wanted = replace(conditions, exposure_us=20_000, temperature_mC=29_000)
    found = made.resolve(wanted)
    np.testing.assert_allclose(found.offset, BIAS + 4000 * 20e-3, rtol=1e-5)
    assert any(
        "29.00 degrees C interpolated between darks at 25.0 and 33.0" in n for n in found.notes
    )
    assert found.conditions.temperature_mC == 29_000


def test_between_temperatures_darks_of_one_exposure_go_linearly(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(
        dark(10_000, level=100.0, temperature_mC=25_000),
        dark(10_000, level=200.0, temperature_mC=33_000),
    )
    found = made.resolve(replace(conditions, exposure_us=10_000, temperature_mC=27_000))
    np.testing.assert_allclose(found.offset, 125)
    assert any("linearly" in note for note in found.notes)


@pytest.mark.parametrize("temperature_mC", [22_900, 38_000, 45_100])
def test_temperatures_that_no_darks_enclose_nearly_enough_are_refused(
    temperature_mC: int, calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(10_000), dark(10_000, temperature_mC=43_000))
    with pytest.raises(im.CalibrationMismatchError) as caught:
        made.resolve(replace(conditions, exposure_us=10_000, temperature_mC=temperature_mC))
    assert [each.name for each in caught.value.mismatches] == ["temperature_mC"]


def test_a_temperature_outside_is_told_all_that_is_covered(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(*(dark(10_000, temperature_mC=each) for each in (27_300, 33_000, 60_000)))
    with pytest.raises(im.CalibrationMismatchError) as caught:
        made.resolve(replace(conditions, exposure_us=10_000, temperature_mC=40_000))
    assert caught.value.mismatches == (
        im.Mismatch("temperature_mC", 27_300, 40_000, 2000, calibrated_most=33_000),
    )
    assert (
        "temperature: 27.3 to 33.0 °C in the calibration, 40.0 °C in the data (at most 2 K apart)"
        in str(caught.value)
    )
    assert "--refresh" in str(caught.value)


def test_a_temperature_that_wavers_gives_the_same_object(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    at = replace(conditions, exposure_us=10_000)
    made = calibration(dark(10_000), dark(10_000, level=200.0, temperature_mC=33_000))
    near = {id(made.resolve(replace(at, temperature_mC=t))) for t in range(24_000, 25_250, 50)}
    assert len(near) == 1
    between = {id(made.resolve(replace(at, temperature_mC=t))) for t in range(28_900, 29_100, 7)}
    assert len(between) == 1
    assert (
        made.resolve(replace(at, temperature_mC=29_300)).offset[0, 0]
        != made.resolve(replace(at, temperature_mC=28_900)).offset[0, 0]
    )


def test_many_conditions_do_not_pile_up(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(5_000), dark(20_000))
    first = made.resolve(replace(conditions, exposure_us=6_000))
    for exposure_us in range(7_000, 16_000, 500):
        made.resolve(replace(conditions, exposure_us=exposure_us))
    again = made.resolve(replace(conditions, exposure_us=6_000))
    assert again is not first
    np.testing.assert_array_equal(again.offset, first.offset)


def test_each_gain_setting_has_its_gain_and_its_darks(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(10_000), dark(10_000, level=7.0, gain_setting=3))
    reference = made.gains[0]
    other = replace(
        reference, gain=2 * reference.gain, conditions=replace(reference.conditions, gain_setting=3)
    )
    made = replace(made, gains=(reference, other))
    found = made.resolve(replace(conditions, exposure_us=10_000, gain_setting=3))
    assert (found.offset[0, 0], found.gain[0, 0]) == (7, 2)
    with pytest.raises(im.CalibrationMismatchError, match="gain setting: "):
        made.resolve(replace(conditions, exposure_us=10_000, gain_setting=1))


def test_a_gain_used_far_from_its_temperature_is_said(
    calibration: Any, dark: Any, conditions: im.Conditions
) -> None:
    made = calibration(dark(10_000), dark(10_000, temperature_mC=33_000))
    found = made.resolve(replace(conditions, exposure_us=10_000, temperature_mC=33_000))
    assert any("gain measured at 25.0 degrees C" in note for note in found.notes)


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"exposure_us": 15_000, "temperature_mC": 36_000}, ["temperature_mC"]),
            ({"exposure_us": 30_000, "temperature_mC": 29_000}, ["exposure_us"]),
            ({"exposure_us": 20_000, "gain_setting": 3}, ["exposure_us"]),
            ({"exposure_us": 10_000, "gain_setting": 7}, ["gain_setting"]),
        ],
    )
    def test_only_what_no_darks_cover_is_named(
        self, calibration: Any, dark: Any, conditions: im.Conditions, change: Any, named: Any
    ) -> None:
        warm = [dark(each, temperature_mC=33_000) for each in (10_000, 20_000)]
        other = dark(10_000, gain_setting=3)
        made = calibration(dark(10_000), dark(20_000), *warm, other)
        (gain,) = made.gains
        at = replace(gain.conditions, gain_setting=3)
        made = replace(made, gains=(gain, replace(gain, conditions=at)))
        with pytest.raises(im.CalibrationMismatchError) as caught:
            made.resolve(replace(conditions, **change))
        assert [each.name for each in caught.value.mismatches] == named

    def test_without_darks_or_gains(self, calibration: Any, dark: Any) -> None:
        with pytest.raises(im.CalibrationError, match="at least one"):
            calibration()
        with pytest.raises(im.CalibrationError, match="at least one"):
            calibration(dark(10_000), gains=())

    def test_a_gain_setting_given_twice(self, calibration: Any, dark: Any) -> None:
        gain = calibration(dark(10_000)).gains[0]
        with pytest.raises(im.CalibrationError, match="one gain for each"):
            calibration(dark(10_000), gains=(gain, gain))

    def test_darks_of_another_panel(self, calibration: Any, dark: Any) -> None:
        with pytest.raises(im.CalibrationError, match="serial number, A1 and A2"):
            calibration(dark(10_000, serial_number="A2"))
