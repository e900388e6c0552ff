"""Mean output over windows of time, against direct integration and by closed forms."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.source.output import STEADY, BeamOutput, relative_dose
from hypothesis import given
from hypothesis import strategies as st

RIPPLE = BeamOutput(ripple=0.3, ripple_hz=100)
PULSES = BeamOutput(pulse_hz=15, pulse_width_ms=5)
SHUTTER = BeamOutput(shutter_opens_s=2, shutter_closes_s=10, shutter_travel_ms=20)
EVERYTHING = BeamOutput(
    ripple=0.8,
    ripple_hz=100,
    drift_per_hour=-0.7,
    pulse_hz=40,
    pulse_width_ms=7,
    shutter_opens_s=2,
    shutter_closes_s=2.5,
    shutter_travel_ms=200,
)

OUTPUTS = st.builds(
    lambda duty, opens, open_for, travel, **rest: BeamOutput(
        **rest,
        pulse_width_ms=duty * 1000 / rest["pulse_hz"] if rest["pulse_hz"] else 0.0,
        shutter_opens_s=opens,
        shutter_travel_ms=travel,
        shutter_closes_s=opens + travel / 1000 + open_for if open_for else 0.0,
    ),
    ripple=st.floats(0, 1),
    ripple_hz=st.floats(1, 1e4),
    drift_per_hour=st.floats(-1, 1),
    pulse_hz=st.sampled_from([0.0, 1.0, 15.0, 1000.0]),
    duty=st.floats(0.01, 0.99),
    opens=st.floats(0, 1),
    open_for=st.one_of(st.just(0.0), st.floats(1e-3, 1)),
    travel=st.one_of(st.just(0.0), st.floats(1, 1000)),
)


def stream() -> np.random.Generator:
    return np.random.default_rng(5)


def dose(output: BeamOutput, began_s: npt.ArrayLike, duration_s: float) -> npt.NDArray[np.float64]:
    return relative_dose(output, np.asarray(began_s, dtype=np.float64), duration_s, stream())


def sampled(output: BeamOutput, began_s: float, duration_s: float) -> float:
    """Mean output by the midpoint rule, written down from the definition, without jitter."""
    steps = 400_000
    t = began_s + (np.arange(steps) + 0.5) * duration_s / steps
    value = np.exp(output.drift_per_hour * t / 3600)
    value = value * (1 + output.ripple * np.cos(2 * np.pi * output.ripple_hz * t))
    if output.pulse_hz:
        value = value * (np.mod(t, 1 / output.pulse_hz) < output.pulse_width_ms / 1000)
    travel_s = max(output.shutter_travel_ms / 1000, 1e-12)
    opened = np.clip((t - output.shutter_opens_s) / travel_s, 0, 1)
    value = value * (1 - np.cos(np.pi * opened)) / 2
    if output.shutter_closes_s:
        closed = np.clip((t - output.shutter_closes_s) / travel_s, 0, 1)
        value = value * (1 + np.cos(np.pi * closed)) / 2
    return float(value.mean())


@pytest.mark.parametrize(
    "output",
    [
        RIPPLE,
        replace(RIPPLE, ripple=1.0),
        BeamOutput(drift_per_hour=0.9),
        PULSES,
        replace(PULSES, ripple=0.5, ripple_hz=15),
        SHUTTER,
        replace(SHUTTER, ripple=0.5, ripple_hz=25),
        EVERYTHING,
    ],
)
@pytest.mark.parametrize(
    ("began_s", "duration_s"), [(1.93, 0.1), (2.005, 0.01), (2.4, 0.4), (0.0, 12.0), (9.9, 0.2)]
)
def test_mean_over_a_window_is_that_of_the_definition(
    output: BeamOutput, began_s: float, duration_s: float
) -> None:
    expected = sampled(output, began_s, duration_s)
    assert dose(output, [began_s], duration_s)[0] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_steady_output_is_exactly_one_and_draws_nothing() -> None:
    random = stream()
    began = np.linspace(0, 1e5, 64)
    np.testing.assert_array_equal(relative_dose(STEADY, began, 0.033, random), np.ones(64))
    assert random.random() == stream().random()


def test_ripple_averages_out_over_whole_periods() -> None:
    np.testing.assert_allclose(dose(RIPPLE, [0.0, 0.1234, 47_999.99], 0.05), 1, atol=1e-8)


def test_ripple_of_a_short_window_is_its_value_there() -> None:
    began = np.array([0.0, 0.0025, 0.005])
    expected = 1 + 0.3 * np.cos(2 * np.pi * 100 * (began + 5e-7))
    np.testing.assert_allclose(dose(RIPPLE, began, 1e-6), expected, rtol=1e-6)


def test_rows_of_a_rolling_shutter_see_bands_of_the_ripple() -> None:
    rows = dose(RIPPLE, np.arange(64) * 5e-4, 1e-3)
    attenuated = 0.3 * math.sin(math.pi * 0.1) / (math.pi * 0.1)
    assert np.ptp(rows) == pytest.approx(2 * attenuated, rel=0.01)


def test_drift_compounds_over_hours() -> None:
    slow = BeamOutput(drift_per_hour=-0.01)
    hours = np.array([0.0, 1.0, 13.0])
    np.testing.assert_allclose(dose(slow, 3600 * hours, 1e-3), np.exp(-0.01 * hours), rtol=1e-8)


def test_pulses_give_their_duty() -> None:
    np.testing.assert_allclose(dose(PULSES, [0.0, 0.02, 1e4], 1 / 15), 0.075, rtol=1e-7)


def test_windows_between_pulses_get_nothing() -> None:
    assert dose(PULSES, [0.01], 0.05)[0] == 0
    assert dose(PULSES, [0.001], 0.002)[0] == pytest.approx(1)


def test_a_shutter_lets_through_half_while_it_travels() -> None:
    begins = [1.0, 2.0, 5.0, 10.0, 11.0]
    np.testing.assert_allclose(dose(SHUTTER, begins, 0.02), [0, 0.5, 1, 0.5, 0], atol=1e-9)


def test_a_shutter_without_travel_opens_at_once_and_stays_open() -> None:
    opening = BeamOutput(shutter_opens_s=2)
    np.testing.assert_allclose(dose(opening, [1.5, 1.75, 1e6], 0.5), [0, 0.5, 1], atol=1e-9)


def test_windows_without_length_have_an_output_of_one() -> None:
    np.testing.assert_array_equal(dose(EVERYTHING, [0.0, 2.1], 0.0), [1, 1])
    assert dose(EVERYTHING, [], 0.1).shape == (0,)


def test_rounding_leaves_nothing_below_zero_as_the_shutter_begins_to_open() -> None:
    opens_s = 2.9422132733997164
    output = BeamOutput(1.0, 97.3, 0.1, shutter_opens_s=opens_s, shutter_travel_ms=500)
    assert dose(output, opens_s + np.arange(20) * 1e-10, 1e-10).min() == 0


@given(OUTPUTS, st.floats(0, 3), st.floats(1e-5, 1), st.floats(0.01, 0.99))
def test_doses_of_two_parts_add_up_to_that_of_the_whole(
    output: BeamOutput, began_s: float, duration_s: float, part: float
) -> None:
    whole = dose(output, [began_s], duration_s)[0] * duration_s
    first = dose(output, [began_s], part * duration_s)[0] * part * duration_s
    rest_s = (1 - part) * duration_s
    second = dose(output, [began_s + part * duration_s], rest_s)[0] * rest_s
    assert first + second == pytest.approx(whole, abs=1e-9)


@given(OUTPUTS, st.floats(0, 1), st.floats(0, 1e5), st.floats(1e-5, 1))
def test_doses_are_never_negative_nor_above_the_highest_output(
    output: BeamOutput, jitter: float, began_s: float, duration_s: float
) -> None:
    rows = began_s + np.arange(8) * duration_s / 3
    values = dose(replace(output, jitter=jitter), rows, duration_s)
    assert np.isfinite(values).all()
    assert values.min() >= 0
    steady = dose(output, rows, duration_s)
    drift = math.exp(output.drift_per_hour * (rows[-1] + duration_s) / 3600)
    assert steady.max() <= (1 + output.ripple) * max(1.0, drift) * (1 + 1e-6)


def test_jitter_of_scans_has_the_mean_and_spread_asked_for() -> None:
    random = stream()
    one = np.zeros(1)
    jittery = BeamOutput(jitter=0.1)
    values = np.array([relative_dose(jittery, one, 0.01, random)[0] for _ in range(4000)])
    assert values.mean() == pytest.approx(1, abs=5 * 0.1 / math.sqrt(4000))
    assert values.std(ddof=1) == pytest.approx(0.1, rel=5 / math.sqrt(2 * 4000))


def test_all_rows_of_a_scan_share_its_jitter() -> None:
    values = dose(BeamOutput(jitter=0.2), np.arange(64) * 1e-3, 0.01)
    assert np.ptp(values) == 0
    assert values[0] != 1


def test_rows_share_the_jitter_of_the_pulses_that_they_share() -> None:
    jittery = BeamOutput(pulse_hz=10, pulse_width_ms=1, jitter=0.2)
    first, same, next_pulse = dose(jittery, [0.0, 0.0, 0.1], 0.05) * 0.05 / 1e-3
    assert first == same
    assert first != pytest.approx(next_pulse, rel=1e-3)


def test_many_pulses_average_their_jitter() -> None:
    jittery = BeamOutput(pulse_hz=100, pulse_width_ms=5, jitter=0.3)
    random = stream()
    one = np.zeros(1)
    values = np.array([relative_dose(jittery, one, 1.0, random)[0] for _ in range(1000)]) / 0.5
    assert values.std(ddof=1) == pytest.approx(0.03, rel=5 / math.sqrt(2000))


@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(BeamOutput.__slots__))
def test_what_no_source_does_is_refused(value: float, name: str) -> None:
    possible = {
        "ripple": 0 <= value <= 1,
        "ripple_hz": 0 < value <= 1e6,
        "drift_per_hour": -1 <= value <= 1,
        "pulse_hz": value == 0,
        "pulse_width_ms": value == 0,
        "shutter_opens_s": 0 <= value < math.inf,
        "shutter_closes_s": 0 <= value < math.inf,
        "shutter_travel_ms": value == 0 or 1e-3 <= value < math.inf,
        "jitter": 0 <= value <= 1,
    }
    if possible[name]:
        assert getattr(replace(STEADY, **{name: value}), name) == value
    else:
        with pytest.raises(UnphysicalError):
            replace(STEADY, **{name: value})


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"pulse_hz": 10.0, "pulse_width_ms": 100.1}, "pulse_width_ms"),
        ({"pulse_hz": 10.0}, "pulse_width_ms"),
        ({"pulse_width_ms": 1.0}, "pulse_hz"),
        ({"shutter_opens_s": 2.0, "shutter_closes_s": 1.9}, "shutter_closes_s"),
        ({"shutter_closes_s": 0.1, "shutter_travel_ms": 200.0}, "shutter_closes_s"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, float], named: str
) -> None:
    with pytest.raises(UnphysicalError, match=named):
        BeamOutput(**settings)


@pytest.mark.parametrize("duration_s", [-1e-3, float("nan"), float("inf")])
def test_impossible_durations_are_refused(duration_s: float) -> None:
    with pytest.raises(UnphysicalError, match="duration_s"):
        dose(RIPPLE, [0.0], duration_s)


@given(st.floats(0, 1e5), st.floats(1e-6, 1))
def test_one_scan_is_the_same_whatever_rows_are_asked_with_it(
    began_s: float, duration_s: float
) -> None:
    output = replace(RIPPLE, drift_per_hour=0.1)
    alone = dose(output, [began_s], duration_s)[0]
    beside = dose(output, [began_s, began_s + 1], duration_s)[0]
    assert alone == pytest.approx(beside, rel=1e-12)
