"""Trapping and release: closed forms, conservation of charge, and constants that come back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.film.lag import Lag, LagComponents, require_components
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

SHAPE = (2, 3)
CURRENT = np.linspace(1.0, 6.0, 6).reshape(SHAPE)
OFF = np.zeros(SHAPE)
COMPONENTS = ((0.06, 0.05), (0.03, 1.0))
components = st.lists(st.tuples(st.floats(0.0, 0.33), st.floats(1e-9, 1e9)), max_size=3).map(tuple)
steps_s = st.floats(1e-6, 1e6)


def _collected_fC(lag: Lag, current: np.ndarray, integration_s: float, beam_s: float) -> np.ndarray:
    released, held = lag.integrate(current, integration_s, beam_s)
    return current * beam_s * 1e3 * (1.0 - held) + released


def test_an_impulse_is_released_by_the_sum_of_the_exponentials() -> None:
    lag = Lag(COMPONENTS, SHAPE, 0.0)
    pulse_s, frame_s = 1e-6, 0.02
    lag.integrate(CURRENT, pulse_s, pulse_s)
    released = [lag.integrate(OFF, frame_s, 0.0)[0] for _ in range(5)]
    for n, frame in enumerate(released):
        decays = sum(
            f * (math.exp(-n * frame_s / tau) - math.exp(-(n + 1) * frame_s / tau))
            for f, tau in COMPONENTS
        )
        np.testing.assert_allclose(frame, CURRENT * pulse_s * 1e3 * decays, rtol=1e-4)


def test_a_step_rises_to_the_full_current() -> None:
    lag = Lag(COMPONENTS, SHAPE, 0.0)
    frame_s = 0.1
    for n in range(20):
        # 1 - sum f exp(-t / tau), averaged over the frame
        missing = sum(
            f * tau / frame_s * math.exp(-n * frame_s / tau) * -math.expm1(-frame_s / tau)
            for f, tau in COMPONENTS
        )
        collected = _collected_fC(lag, CURRENT, frame_s, frame_s)
        np.testing.assert_allclose(collected, CURRENT * frame_s * 1e3 * (1 - missing), rtol=1e-12)


def test_the_constants_come_back_from_the_frames_after_the_beam() -> None:
    lag = Lag(COMPONENTS, SHAPE, CURRENT)
    frame_s = 0.01
    frames = np.array([lag.integrate(OFF, frame_s, 0.0)[0].mean() for _ in range(400)])
    relative = frames / (CURRENT.mean() * frame_s * 1e3)
    times = (np.arange(400) + 0.5) * frame_s

    def decay(t: np.ndarray, f1: float, tau1: float, f2: float, tau2: float) -> np.ndarray:
        return f1 * np.exp(-t / tau1) + f2 * np.exp(-t / tau2)

    found, _ = curve_fit(decay, times, relative, p0=(0.1, 0.02, 0.01, 3.0))
    np.testing.assert_allclose(found, np.ravel(COMPONENTS), rtol=0.01)


def test_in_equilibrium_no_bit_changes_whatever_the_gaps() -> None:
    lag = Lag(COMPONENTS, SHAPE, CURRENT)
    first, _ = lag.integrate(CURRENT, 0.03, 0.03)
    for gap_s in (0.0, 1e-6, 0.3, 1e4):
        lag.idle(CURRENT, gap_s)
        np.testing.assert_array_equal(lag.integrate(CURRENT, 0.03, 0.03)[0], first)


def test_equilibrium_collects_what_is_generated() -> None:
    lag = Lag(COMPONENTS, SHAPE, CURRENT)
    np.testing.assert_allclose(_collected_fC(lag, CURRENT, 0.3, 0.3), CURRENT * 300.0, rtol=1e-12)


def test_one_long_gap_is_many_short_ones() -> None:
    once, often = (Lag(COMPONENTS, SHAPE, CURRENT) for _ in range(2))
    once.idle(2.0 * CURRENT, 0.5)
    for _ in range(1000):
        often.idle(2.0 * CURRENT, 0.0005)
    np.testing.assert_allclose(once.trapped_fC, often.trapped_fC, rtol=1e-10)


def test_lagging_pixels_trap_in_proportion_and_never_more_than_all() -> None:
    multiplier = np.array([[0, 1, 2], [4, 11, 400]], np.float32)
    lag = Lag(COMPONENTS, SHAPE, 1.0, multiplier)
    plain = Lag(COMPONENTS, SHAPE, 1.0)
    relative = lag.trapped_fC / plain.trapped_fC
    np.testing.assert_allclose(relative, np.minimum(multiplier, 1.0 / 0.09), rtol=1e-6)
    _, held = lag.integrate(OFF + 1.0, 1e-6, 1e-6)
    assert np.all(held <= 1.0)
    assert np.all(np.asarray(held) >= 0.0)


def test_without_traps_everything_is_collected_at_once() -> None:
    released, held = Lag((), SHAPE, CURRENT).integrate(CURRENT, 0.1, 0.1)
    assert held == 0.0
    assert not released.any()


@given(components, steps_s, steps_s, st.floats(0.0, 1.0), st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_charge_is_conserved(
    components: LagComponents,
    gap_s: float,
    integration_s: float,
    duty: float,
    before_pA: float,
    current_pA: float,
) -> None:
    lag = Lag(components, (1, 1), before_pA)
    current = np.full((1, 1), current_pA)
    lag.idle(current, gap_s)
    trapped_before = lag.trapped_fC
    beam_s = integration_s * duty
    released, held = lag.integrate(current, integration_s, beam_s)
    assert 0.0 <= float(held) <= 1.0 + 1e-12
    assert np.all(released >= 0.0)
    assert np.all(released <= trapped_before * (1.0 + 1e-12))
    generated = current * beam_s * 1e3
    collected = generated * (1.0 - held) + released
    tolerance = 1e-12 * (generated + trapped_before) + 1e-250
    balance = generated + trapped_before - collected - lag.trapped_fC
    assert np.all(np.abs(balance) <= tolerance)


@pytest.mark.parametrize(
    "components", [((-0.1, 1.0),), ((0.6, 1.0), (0.6, 2.0)), ((0.1, 0.0),), ((0.1, math.inf),)]
)
def test_unphysical_traps_are_refused(components: LagComponents) -> None:
    with pytest.raises(UnphysicalError, match="lag"):
        require_components("lag", components)
