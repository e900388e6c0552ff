"""Darks that take the place of those of a calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.calibration.refreshing import AGE, CHECK

SHAPE = (4, 5)
TAKEN = datetime(2026, 3, 4, tzinfo=UTC)
BIAS = 100.0  # counts


@pytest.fixture
def series(
    make_stack: Callable[..., im.FrameStack], conditions: im.Conditions
) -> Callable[..., im.FrameSeries]:
    """Darks of a level and a noise, taken an hour and a bit after those of the calibration."""

    def make(
        level: float, exposure_us: int = 10_000, noise: float = 2.0, **at: Any
    ) -> im.FrameSeries:
        frames = np.random.default_rng(6).normal(level, noise, (40, *SHAPE)).round()
        where = replace(conditions, exposure_us=exposure_us, **at)
        return im.FrameSeries(make_stack(frames), where, TAKEN + timedelta(seconds=3601))

    return make


def knowing_noise(calibration: im.Calibration) -> im.Calibration:
    """Return a calibration whose flats have told how noisy X-rays are."""
    return replace(calibration, gains=(replace(calibration.gains[0], noise_per_count=2.0),))


def verdict(calibration: im.Calibration, check: str) -> im.Verdict:
    """Return the only verdict of a check."""
    (found,) = (each for each in calibration.verdicts if each.check == check)
    return found


def test_new_darks_take_the_place_of_the_old_and_the_drift_is_told(
    calibration: Any, dark: Any, series: Any, conditions: im.Conditions
) -> None:
    old = knowing_noise(calibration(dark(10_000), dark(20_000)))
    new = old.refreshed([series(130.0)])
    (refresh,) = new.refreshes
    assert refresh.median_drift == pytest.approx(10, abs=0.5)
    assert refresh.rms_drift == pytest.approx(10, abs=0.5)
    assert (refresh.frames, refresh.conditions.exposure_us) == (40, 10_000)
    assert "40 darks of 10 ms" in refresh.text
    assert "took the place" in refresh.text
    assert "drifted by +" in refresh.text
    assert len(new.darks) == 2
    at = replace(conditions, exposure_us=10_000)
    assert np.median(new.resolve(at).offset) == pytest.approx(130, abs=0.5)
    assert np.median(old.resolve(at).offset) == BIAS + 20
    assert verdict(new, CHECK).grade is im.Grade.USABLE
    assert verdict(new, CHECK).text.startswith(refresh.text)
    assert "up to 0.4 is good" in verdict(new, CHECK).text
    twice = new.refreshed([series(130.0)])
    assert len(twice.refreshes) == 2
    assert len(twice.verdicts) == len(new.verdicts)
    assert verdict(twice, CHECK).grade is im.Grade.GOOD


def stale(check: str) -> im.Verdict:
    """What was found of a check before the refresh."""
    return im.Verdict(check, im.Grade.USABLE, 5.0, 1.0, "counts", "of old: take them again")


DARKS_CHECKS = ("number of darks", "drift of the darks", "darks before and after the flats")
BEAM_CHECKS = ("beam off in the darks", "beam off at every exposure")


def test_verdicts_about_darks_that_are_gone_go_with_them(
    calibration: Any, dark: Any, series: Any
) -> None:
    checks = (*DARKS_CHECKS, *BEAM_CHECKS, "clear beam")
    old = calibration(dark(10_000), verdicts=tuple(map(stale, checks)))
    new = old.refreshed([series(120.0)])
    assert verdict(new, "number of darks").text.startswith("40 darks")
    assert verdict(new, "drift of the darks").grade is im.Grade.GOOD
    assert not any(each.check == DARKS_CHECKS[2] for each in new.verdicts)
    for again in (new, new.refreshed([series(120.0)])):
        for check in BEAM_CHECKS:
            words = "of the darks that the gain was made with: of old: take them again"
            assert verdict(again, check).text == words
    assert verdict(new, "clear beam").text == "of old: take them again"


def test_verdicts_about_darks_of_which_some_stay_say_so(
    calibration: Any, dark: Any, series: Any
) -> None:
    old = calibration(
        dark(10_000), dark(20_000), verdicts=tuple(stale(each) for each in DARKS_CHECKS)
    )
    new = old.refreshed([series(120.0)])
    for check in DARKS_CHECKS:
        assert verdict(new, check).text.startswith("of the darks before the refresh, some of which")
    joined = old.refreshed([series(160.0, temperature_mC=33_000)])
    for check in DARKS_CHECKS:
        assert verdict(joined, check).text == "of old: take them again"


def test_without_darks_nothing_is_renewed(calibration: Any, dark: Any) -> None:
    with pytest.raises(im.CalibrationError, match="no darks"):
        calibration(dark(10_000)).refreshed([])


def test_the_darks_that_stay_old_are_named_with_their_age_and_how_to_renew_them(
    calibration: Any, dark: Any, series: Any
) -> None:
    darks = [dark(each) for each in (5_000, 10_000, 20_000)]
    old = calibration(*darks, dark(10_000, gain_setting=3, age_s=400_000))
    aged = verdict(old.refreshed([series(130.0)]), AGE)
    assert aged.grade is im.Grade.USABLE
    assert aged.measured > 100
    assert "gain setting 2, 5 ms (25.0 degrees C), 20 ms (25.0 degrees C)" in aged.text
    assert "gain setting 3, 10 ms" in aged.text
    assert "up to 5 days older" in aged.text
    assert "--refresh FILE --set gain_setting=2, --refresh FILE --set gain_setting=3" in aged.text


def test_darks_of_the_same_hour_are_not_called_old(
    calibration: Any, dark: Any, series: Any
) -> None:
    old = calibration(dark(10_000), dark(20_000, age_s=-1))
    assert verdict(old.refreshed([series(120.0)]), AGE).grade is im.Grade.GOOD


def test_where_all_are_renewed_at_once_none_is_called_old(
    calibration: Any, dark: Any, series: Any
) -> None:
    exposures = (5_000, 10_000, 20_000)
    old = calibration(*(dark(each) for each in exposures))
    new = old.refreshed([series(100 + each / 500, each) for each in exposures])
    assert verdict(new, AGE).grade is im.Grade.GOOD
    assert len(new.refreshes) == len(new.darks) == 3
    assert not any("renewed" in each.text for each in (*new.refreshes, *new.verdicts))


def test_the_worst_of_several_series_is_the_verdict(
    calibration: Any, dark: Any, series: Any
) -> None:
    old = knowing_noise(calibration(dark(10_000), dark(20_000)))
    for level, grade in ((160.0, im.Grade.USABLE), (140.4, im.Grade.GOOD)):
        new = old.refreshed([series(120.0), series(level, 20_000)])
        assert verdict(new, CHECK).grade is grade
        assert verdict(new, CHECK).text.startswith(new.refreshes[1].text)


def test_it_is_said_where_a_beam_would_not_have_been_recognised(
    calibration: Any, dark: Any, series: Any
) -> None:
    known = knowing_noise(calibration(dark(10_000)))
    unknown = replace(known, gains=(replace(known.gains[0], noise_per_count=0.0),))
    words = "the beam would not have been recognised by its noise"
    for old, grade in ((known, im.Grade.GOOD), (unknown, im.Grade.USABLE)):
        new = old.refreshed([series(120.0)])
        assert verdict(new, CHECK).grade is grade
        assert (words in verdict(new, CHECK).text) == (old is unknown)


def test_a_model_of_old_and_new_darks_is_said_to_be_one(
    calibration: Any, dark: Any, series: Any, conditions: im.Conditions
) -> None:
    fresh = im.Verdict("offset model", im.Grade.GOOD, 1.0, 2.0, "", "meets the darks")
    darks = [dark(each, age_s=3_000) for each in (5_000, 10_000, 20_000)]
    old = calibration(*darks, verdicts=(fresh,))
    new = old.refreshed([series(160.0)])
    assert verdict(new, fresh.check).grade is im.Grade.USABLE
    assert verdict(new, fresh.check).measured > 100
    between = replace(conditions, exposure_us=15_000)
    assert not any("older" in note for note in old.resolve(between).notes)
    notes = new.resolve(between).notes
    assert any("darks of 5000, 20000 us are up to 1.8 h older" in note for note in notes)
    whole = new.refreshed([series(110.0, 5_000), series(140.0, 20_000)])
    assert not any("older" in note for note in whole.resolve(between).notes)


@pytest.mark.parametrize(
    ("warmer_mC", "words"),
    [
        (0, "drifted by +"),
        (250, "drifted by +"),
        (-251, "0.3 K colder than it was, so that this is not drift alone"),
        (900, "0.9 K warmer than it was, so that this is not drift alone"),
    ],
)
def test_what_comes_of_another_temperature_is_not_called_drift(
    calibration: Any, dark: Any, series: Any, warmer_mC: int, words: str
) -> None:
    old = calibration(dark(10_000))
    new = old.refreshed([series(130.0, temperature_mC=25_000 + warmer_mC)])
    assert len(new.darks) == 1
    assert words in new.refreshes[0].text
    assert ("drifted" in new.refreshes[0].text) == (abs(warmer_mC) <= 250)


def test_darks_of_another_temperature_join_and_are_no_fault(
    calibration: Any, dark: Any, series: Any, conditions: im.Conditions
) -> None:
    old = knowing_noise(calibration(dark(10_000)))
    new = old.refreshed([series(160.0, temperature_mC=33_000)])
    assert len(new.darks) == 2
    assert "joined" in new.refreshes[0].text
    assert "8.0 K warmer" in new.refreshes[0].text
    assert "drift" not in new.refreshes[0].text
    assert verdict(new, CHECK).grade is im.Grade.GOOD
    found = new.resolve(replace(conditions, exposure_us=10_000, temperature_mC=29_000))
    assert np.median(found.offset) == pytest.approx(140, abs=1)


@pytest.mark.parametrize(
    "change",
    [{"exposure_us": 9_999}, {"gain_setting": 3}, {"serial_number": "A2"}, {"averaged": 4}],
)
def test_darks_of_unknown_settings_are_refused(
    calibration: Any, dark: Any, series: Any, change: dict[str, Any]
) -> None:
    with pytest.raises(im.CalibrationMismatchError) as caught:
        calibration(dark(10_000)).refreshed([series(120.0, **change)])
    assert [each.name for each in caught.value.mismatches] == list(change)


def test_darks_with_the_beam_on_are_refused(calibration: Any, dark: Any, series: Any) -> None:
    old = knowing_noise(calibration(dark(10_000)))
    with pytest.raises(im.BeamOnInDarkError):
        old.refreshed([series(220.0, noise=14.0)])


def test_darks_of_another_shape_or_place_are_refused(
    calibration: Any, dark: Any, series: Any
) -> None:
    wrong = replace(series(120.0), stack=im.FrameStack((3, 3)))
    with pytest.raises(im.ShapeMismatchError):
        calibration(dark(10_000)).refreshed([wrong])
    with pytest.raises(im.RegionMismatchError, match="row 8"):
        calibration(dark(10_000)).refreshed([series(120.0, first_row=8)])
