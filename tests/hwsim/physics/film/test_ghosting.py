"""The sensitivity's memory of exposure: filling, emptying, and steps of any length."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.film.ghosting import Ghosting, GhostState
from hypothesis import given
from hypothesis import strategies as st

GHOSTING = Ghosting(loss=0.05, filling_nC_cm2=200.0, recovery_s=900.0)
DARK = np.zeros((1, 2))
LIT = np.array([[10.0, 40.0]])
ghostings = st.builds(
    Ghosting,
    loss=st.floats(-10.0, 1.0),
    filling_nC_cm2=st.floats(1e-6, 1e12),
    recovery_s=st.floats(1e-9, 1e9),
)
densities = st.just(0.0) | st.floats(1e-6, 1e9)
steps_s = st.floats(1e-6, 1e6)


def test_exposure_fills_the_states_as_dose_and_recovery_say() -> None:
    state = GhostState(GHOSTING, DARK)
    state.irradiate(LIT)
    rate = LIT / 200.0 + 1.0 / 900.0
    state.exposed(30.0)
    filled = LIT / 200.0 / rate * -np.expm1(-rate * 30.0)
    np.testing.assert_allclose(state.exposed(0.0), 1.0 - 0.05 * filled, rtol=1e-12)


def test_without_recovery_the_loss_saturates_with_the_dose() -> None:
    state = GhostState(Ghosting(0.2, 100.0, 1e9), DARK)
    state.irradiate(LIT)
    state.exposed(25.0)
    expected = 1.0 - 0.2 * -np.expm1(-LIT * 25.0 / 100.0)
    np.testing.assert_allclose(state.exposed(0.0), expected, rtol=1e-6)


def test_an_exposure_sees_the_mean_of_the_changing_sensitivity() -> None:
    whole, parts = (GhostState(GHOSTING, DARK) for _ in range(2))
    for state in (whole, parts):
        state.irradiate(LIT)
    mean = np.mean([parts.exposed(0.05) for _ in range(1000)], axis=0)
    np.testing.assert_allclose(whole.exposed(50.0), mean, rtol=1e-12)
    np.testing.assert_allclose(whole.exposed(0.0), parts.exposed(0.0), rtol=1e-12)


def test_the_ghost_fades_with_its_recovery_time() -> None:
    state = GhostState(GHOSTING, LIT)
    before = 1.0 - state.exposed(0.0)
    state.rest(1800.0)
    np.testing.assert_allclose(1.0 - state.exposed(0.0), before * math.exp(-2.0), rtol=1e-12)


def test_in_equilibrium_no_bit_changes() -> None:
    state = GhostState(GHOSTING, LIT)
    first = state.exposed(0.01)
    for step_s in (1e-6, 3.0, 1e5):
        state.irradiate(LIT)
        np.testing.assert_array_equal(state.exposed(step_s), first)


def test_the_current_s_sign_does_not_matter() -> None:
    positive, negative = (GhostState(GHOSTING, sign * LIT) for sign in (1.0, -1.0))
    np.testing.assert_array_equal(positive.exposed(1.0), negative.exposed(1.0))


@given(ghostings, densities, densities, steps_s, steps_s)
def test_the_sensitivity_stays_between_unused_and_filled(
    ghosting: Ghosting, before: float, density: float, rest_s: float, step_s: float
) -> None:
    state = GhostState(ghosting, np.full((1, 1), before))
    state.rest(rest_s)
    state.irradiate(np.full((1, 1), density))
    low, high = sorted((1.0, 1.0 - ghosting.loss))
    for _ in range(2):
        sensitivity = state.exposed(step_s)
        assert np.all((sensitivity >= low - 1e-9) & (sensitivity <= high + 1e-9))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"loss": 1.1}, "loss"),
        ({"loss": -11.0}, "loss"),
        ({"filling_nC_cm2": 0.0}, "filling_nC_cm2"),
        ({"recovery_s": 0.0}, "recovery_s"),
        ({"recovery_s": math.nan}, "recovery_s"),
    ],
)
def test_unphysical_parameters_are_refused_by_name(settings: dict[str, float], name: str) -> None:
    with pytest.raises(UnphysicalError, match=name):
        Ghosting(**settings)
