"""Conditions and their differences are told in the units that people use."""

from __future__ import annotations

import pytest
from fpxi_imaging import NOT_STATED, CalibrationMismatchError, Mismatch
from fpxi_imaging.calibration.coverage import Coverage, coverage
from fpxi_imaging.condition_words import (
    condition_range,
    condition_values,
    condition_words,
    difference_words,
)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("temperature_mC", 27_301, "27.3 °C"),
        ("temperature_mC", -4_960, "-5.0 °C"),
        ("exposure_us", 10_000, "10 ms"),
        ("exposure_us", 1_234_567, "1234.567 ms"),
        ("bias_mV", -50_100, "-50.1 V"),
        ("bias_mV", 0, "0 V"),
        ("cds", 0, "off"),
        ("cds", 1, "on"),
        ("binning", 2, "2 x 2"),
        ("gain_setting", 3, "3"),
        ("serial_number", "A-1", "A-1"),
        ("serial_number", "", "not stated"),
        ("temperature_mC", NOT_STATED, "not stated"),
    ],
)
def test_a_value_has_its_unit(name: str, value: str | int, words: str) -> None:
    assert condition_words(name, value) == words


def test_temperatures_that_differ_never_read_the_same() -> None:
    assert condition_values("temperature_mC", [27_301, 27_302]) == ["27.301 °C", "27.302 °C"]
    assert condition_values("temperature_mC", [27_301, 27_301]) == ["27.3 °C", "27.3 °C"]


def test_a_range_has_its_unit_once() -> None:
    assert condition_range("exposure_us", 5_000, 20_000) == "5 to 20 ms"
    assert condition_range("exposure_us", 5_000, 5_000) == "5 ms"
    assert condition_range("gain_setting", 0, 3) == "0 to 3"


def test_differences_of_temperatures_are_in_kelvin() -> None:
    assert difference_words("temperature_mC", 2000) == "2 K"
    assert difference_words("bias_mV", 100) == "0.1 V"
    assert difference_words("gain_setting", 1) == "1"


@pytest.mark.parametrize(
    ("mismatch", "words"),
    [
        (
            Mismatch("cds", 1, 0, 0),
            "correlated double sampling: on in the calibration, off in the data",
        ),
        (Mismatch("binning", 1, 2, 0), "binning: 1 x 1 in the calibration, 2 x 2 in the data"),
        (
            Mismatch("bias_mV", -50_000, -51_000, 100),
            "bias: -50 V in the calibration, -51 V in the data (at most 0.1 V apart)",
        ),
    ],
)
def test_a_difference_says_which_is_which(mismatch: Mismatch, words: str) -> None:
    assert str(mismatch) == words


@pytest.mark.parametrize(
    ("names", "remedy"),
    [
        (["temperature_mC"], "fpxi calibrate URL --refresh CALIBRATION"),
        (["temperature_mC", "bias_mV"], "new darks and flats"),
        (["exposure_us"], "new darks and flats"),
        (["temperature_mC", "serial_number"], "calibration of the panel"),
    ],
)
def test_the_cheapest_remedy_is_advised(names: list[str], remedy: str) -> None:
    error = CalibrationMismatchError(tuple(Mismatch(name, 1, 5, 0) for name in names))
    assert remedy in str(error)


def test_what_the_calibration_does_not_state_is_to_be_stated() -> None:
    error = CalibrationMismatchError((Mismatch("exposure_us", NOT_STATED, 5000, 0),))
    assert "exposure: not stated in the calibration, 5 ms in the data" in str(error)
    assert "State all conditions" in str(error)


def at(temperature_mC: int, least_us: int, most_us: int, setting: int = 0) -> Coverage:
    return Coverage(setting, (least_us, most_us), (temperature_mC, temperature_mC))


@pytest.mark.parametrize(
    ("groups", "covered"),
    [
        ([at(27_300, 5, 20)], [at(27_300, 5, 20)]),
        ([at(27_300, 5, 20), at(33_000, 5, 20)], [Coverage(0, (5, 20), (27_300, 33_000))]),
        ([at(20_000, 5, 20), at(31_000, 5, 20)], [at(20_000, 5, 20), at(31_000, 5, 20)]),
        (
            [at(27_000, 5, 20), at(33_000, 10, 40)],
            [at(27_000, 5, 20), Coverage(0, (10, 20), (27_000, 33_000)), at(33_000, 10, 40)],
        ),
        ([at(27_000, 5, 5), at(33_000, 5, 5, 1)], [at(27_000, 5, 5), at(33_000, 5, 5, 1)]),
    ],
)
def test_darks_cover_what_lies_between_them(
    groups: list[Coverage], covered: list[Coverage]
) -> None:
    assert coverage(groups) == tuple(covered)
