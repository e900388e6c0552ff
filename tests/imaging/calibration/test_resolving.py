"""What a calibration of several darks and gains answers for frames of given conditions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest

SHAPE = (4, 5)
TAKEN = datetime(2026, 3, 4, tzinfo=UTC)
BIAS, RATE = 100.0, 2000.0  # counts, counts a second
Cal = Callable[..., im.Calibration]


@pytest.fixture
def dark(conditions: im.Conditions) -> Callable[..., im.DarkMap]:
    """Return a factory of darks: of bias and rate unless told, the newer the larger `age_s`."""

    def make(
        exposure_us: int, level: float | None = None, age_s: float = 0, **at: Any
    ) -> im.DarkMap:
        value = BIAS + RATE * exposure_us * 1e-6 if level is None else level
        return im.DarkMap(
            mean=np.full(SHAPE, value),
            noise=np.full(SHAPE, 2.0),
            frames=25,
            conditions=replace(conditions, exposure_us=exposure_us, **at),
            taken=TAKEN - timedelta(seconds=age_s),
        )

    return make


@pytest.fixture
def calibration(make_calibration: Cal, conditions: im.Conditions) -> Callable[..., im.Calibration]:
    """Return a factory of calibrations with these darks, flats at 10 ms."""

    def make(*darks: im.DarkMap, **changes: Any) -> im.Calibration:
        at = replace(conditions, exposure_us=10_000)
        return replace(make_calibration(SHAPE, conditions=at), darks=darks, **changes)

    return make


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
    offset, gain = found.notes
    assert "8000 us" in offset
    assert "5000, 20000 us" in offset
    assert "gain measured at 10000 us is taken to hold at 8000 us" in gain
    (model,) = made.offset_models
    np.testing.assert_allclose(model.rate, RATE, rtol=1e-4)


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
    with pytest.raises(im.CalibrationMismatchError, match="5000 to 20000, data at 20001") as caught:
        made.resolve(replace(conditions, exposure_us=20_001))
    assert [each.name for each in caught.value.mismatches] == ["exposure_us"]


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
    with pytest.raises(im.CalibrationMismatchError, match="gain_setting"):
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
        with pytest.raises(im.CalibrationError, match="serial_number, A1 and A2"):
            calibration(dark(10_000, serial_number="A2"))


def knowing_noise(calibration: im.Calibration) -> im.Calibration:
    """Return a calibration whose flats have told how noisy X-rays are."""
    return replace(calibration, gains=(replace(calibration.gains[0], noise_per_count=2.0),))


class TestRefreshed:
    @pytest.fixture
    def series(
        self, make_stack: Callable[..., im.FrameStack], conditions: im.Conditions
    ) -> Callable[..., im.FrameSeries]:
        def make(
            level: float, exposure_us: int = 10_000, noise: float = 2.0, **at: Any
        ) -> im.FrameSeries:
            frames = np.random.default_rng(6).normal(level, noise, (40, *SHAPE)).round()
            where = replace(conditions, exposure_us=exposure_us, **at)
            return im.FrameSeries(make_stack(frames), where, TAKEN + timedelta(hours=1))

        return make

    def test_new_darks_take_the_place_of_the_old_and_the_drift_is_told(
        self, calibration: Any, dark: Any, series: Any, conditions: im.Conditions
    ) -> None:
        old = knowing_noise(calibration(dark(10_000), dark(20_000)))
        new = old.refreshed(series(130.0))
        (refresh,) = new.refreshes
        assert refresh.median_drift == pytest.approx(10, abs=0.5)
        assert refresh.rms_drift == pytest.approx(10, abs=0.5)
        assert (refresh.frames, refresh.conditions.exposure_us) == (40, 10_000)
        for words in ("took the place", "+", "1 other series of darks stay as they were measured"):
            assert words in refresh.text
        assert len(new.darks) == 2
        at = replace(conditions, exposure_us=10_000)
        assert np.median(new.resolve(at).offset) == pytest.approx(130, abs=0.5)
        assert np.median(old.resolve(at).offset) == BIAS + 20
        assert new.verdicts[-1].grade is im.Grade.USABLE
        assert new.verdicts[-1].text == refresh.text
        twice = new.refreshed(series(130.0))
        assert len(twice.refreshes) == 2
        assert len(twice.verdicts) == len(new.verdicts)
        assert twice.verdicts[-1].grade is im.Grade.GOOD

    def test_it_is_said_where_a_beam_would_not_have_been_recognised(
        self, calibration: Any, dark: Any, series: Any
    ) -> None:
        known = knowing_noise(calibration(dark(10_000)))
        unknown = replace(known, gains=(replace(known.gains[0], noise_per_count=0.0),))
        words = "the beam would not have been recognised by its noise"
        for old, grade in ((known, im.Grade.GOOD), (unknown, im.Grade.USABLE)):
            new = old.refreshed(series(120.0))
            assert new.verdicts[-1].grade is grade
            assert (words in new.refreshes[0].text) == (words in new.verdicts[-1].text)
            assert (words in new.verdicts[-1].text) == (old is unknown)

    def test_a_model_of_old_and_new_darks_is_said_to_be_one(
        self, calibration: Any, dark: Any, series: Any, conditions: im.Conditions
    ) -> None:
        fresh = im.Verdict("offset model", im.Grade.GOOD, 1.0, 2.0, "", "meets the darks")
        darks = [dark(each, age_s=3_000) for each in (5_000, 10_000, 20_000)]
        old = calibration(*darks, verdicts=(fresh,))
        new = old.refreshed(series(160.0))
        (verdict,) = (each for each in new.verdicts if each.check == fresh.check)
        assert verdict.grade is im.Grade.USABLE
        assert verdict.measured > 100
        assert "5000, 20000 us get only part" in new.refreshes[-1].text
        between = replace(conditions, exposure_us=15_000)
        assert not any("older" in note for note in old.resolve(between).notes)
        notes = new.resolve(between).notes
        assert any("darks of 5000, 20000 us are up to 1.8 h older" in note for note in notes)
        whole = new.refreshed(series(110.0, 5_000)).refreshed(series(140.0, 20_000))
        assert not any("older" in note for note in whole.resolve(between).notes)

    def test_darks_of_another_temperature_join(
        self, calibration: Any, dark: Any, series: Any, conditions: im.Conditions
    ) -> None:
        new = calibration(dark(10_000)).refreshed(series(160.0, temperature_mC=33_000))
        assert len(new.darks) == 2
        assert "joined" in new.refreshes[0].text
        found = new.resolve(replace(conditions, exposure_us=10_000, temperature_mC=29_000))
        assert np.median(found.offset) == pytest.approx(140, abs=1)

    def test_darks_of_unknown_settings_are_refused(
        self, calibration: Any, dark: Any, series: Any
    ) -> None:
        for change in ({"exposure_us": 9_999}, {"gain_setting": 3}, {"serial_number": "A2"}):
            with pytest.raises(im.CalibrationMismatchError) as caught:
                calibration(dark(10_000)).refreshed(series(120.0, **change))
            assert [each.name for each in caught.value.mismatches] == list(change)

    def test_darks_with_the_beam_on_are_refused(
        self, calibration: Any, dark: Any, series: Any
    ) -> None:
        old = knowing_noise(calibration(dark(10_000)))
        with pytest.raises(im.BeamOnInDarkError):
            old.refreshed(series(220.0, noise=14.0))

    def test_darks_of_another_shape_are_refused(
        self, calibration: Any, dark: Any, series: Any
    ) -> None:
        wrong = replace(series(120.0), stack=im.FrameStack((3, 3)))
        with pytest.raises(im.ShapeMismatchError):
            calibration(dark(10_000)).refreshed(wrong)
