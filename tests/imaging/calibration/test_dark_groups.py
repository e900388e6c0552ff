"""Which darks count as being of one temperature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import fpxi_imaging as im
import pytest
from fpxi_imaging.calibration._dark_groups import dark_groups

Darks = Callable[..., list[im.Conditions]]


@pytest.fixture
def darks(conditions: im.Conditions) -> Darks:
    """Conditions of darks from exposures in ms and temperatures in mC."""

    def make(*of: tuple[int, int]) -> list[im.Conditions]:
        return [
            replace(conditions, exposure_us=1000 * exposure_ms, temperature_mC=temperature_mC)
            for exposure_ms, temperature_mC in of
        ]

    return make


def temperatures(at: list[im.Conditions]) -> list[list[int]]:
    """Temperatures of the darks of each group."""
    return [[at[place].temperature_mC for place in group.darks] for group in dark_groups(at)]


def test_darks_within_one_kelvin_are_of_one_temperature(darks: Darks) -> None:
    at = darks((10, 26_000), (5, 25_000), (20, 25_400))
    (group,) = dark_groups(at)
    assert group.darks == (1, 2, 0)
    assert group.temperature_mC == 25_467
    assert temperatures(darks((10, 26_000), (10, 25_000))) == [[25_000, 26_000]]
    assert temperatures(darks((10, 26_001), (10, 25_000))) == [[25_000], [26_001]]


def test_they_are_parted_at_the_widest_gap_not_one_kelvin_from_the_first(darks: Darks) -> None:
    at = darks((5, 25_000), (5, 25_900), (5, 26_050), (5, 26_100))
    assert temperatures(at) == [[25_000], [25_900, 26_050, 26_100]]


def test_darks_of_equal_exposures_are_parted_until_each_part_spans_one_kelvin(
    darks: Darks,
) -> None:
    at = darks(*((10, 20_000 + 700 * step) for step in range(5)))
    assert temperatures(at) == [[20_000, 20_700], [21_400], [22_100, 22_800]]


def test_a_panel_that_warms_up_from_exposure_to_exposure_keeps_its_coverage(darks: Darks) -> None:
    warming = darks((5, 25_000), (10, 25_600), (20, 26_200))
    assert temperatures(warming) == [[25_000, 25_600, 26_200]]
    limit = darks((5, 25_000), (10, 26_000), (20, 27_000))
    assert temperatures(limit) == [[25_000, 26_000, 27_000]]
    too_wide = darks((5, 25_000), (10, 26_000), (20, 27_001))
    assert temperatures(too_wide) == [[25_000, 26_000], [27_001]]


def test_a_gap_of_more_than_one_kelvin_parts_in_any_case(darks: Darks) -> None:
    assert temperatures(darks((5, 25_000), (20, 26_000))) == [[25_000, 26_000]]
    assert temperatures(darks((5, 25_000), (20, 26_001))) == [[25_000], [26_001]]


def test_two_whole_runs_side_by_side_stay_two(darks: Darks) -> None:
    at = darks((5, 25_000), (20, 25_200), (5, 26_000), (20, 26_100))
    assert temperatures(at) == [[25_000, 25_200], [26_000, 26_100]]


def test_gain_settings_are_apart(darks: Darks) -> None:
    low, high = darks((5, 25_000), (5, 25_000))
    assert temperatures([replace(high, gain_setting=3), low]) == [[25_000], [25_000]]


def test_frames_between_the_exposures_of_a_warming_panel_are_corrected(
    calibration: Callable[..., im.Calibration],
    dark: Callable[..., im.DarkMap],
    conditions: im.Conditions,
) -> None:
    made = calibration(dark(5_000, temperature_mC=25_000), dark(20_000, temperature_mC=26_000))
    resolved = made.resolve(replace(conditions, exposure_us=7_000, temperature_mC=25_500))
    assert any("offset for 7000 us" in note for note in resolved.notes)
