"""The response's dependence on the rate: gain while traps are empty, loss by recombination."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.film.traps import Traps, rate_response
from hypothesis import given
from hypothesis import strategies as st

NA_CM2_PER_UGY_S = 0.396
"""of a film of 396 uC/Gy/cm2"""
CRYSTAL = Traps(recombination_nA_cm2=1.056e5)
UNPASSIVATED = Traps(excess_gain=3.0, filling_nA_cm2=0.179, recombination_nA_cm2=1.056e5)
traps = st.builds(
    Traps,
    excess_gain=st.floats(-1.0, 1e6),
    filling_nA_cm2=st.floats(1e-9, 1e12),
    recombination_nA_cm2=st.just(0.0) | st.floats(1e-9, 1e15),
)


def _response(settings: Traps, *densities_nA_cm2: float) -> np.ndarray:
    return rate_response(settings, np.array(densities_nA_cm2))


def test_neutral_traps_change_nothing() -> None:
    assert Traps().neutral
    np.testing.assert_array_equal(_response(Traps(), 0.0, 1e-3, 1e9), 1.0)


def test_empty_traps_give_their_gain_and_full_ones_none() -> None:
    settings = Traps(excess_gain=4.0, filling_nA_cm2=10.0)
    np.testing.assert_allclose(_response(settings, 0.0, 10.0, 1e9), [5.0, 3.0, 1.0], rtol=1e-7)


def test_recombination_leaves_the_root_of_the_rate() -> None:
    settings = Traps(recombination_nA_cm2=1e3)
    density = np.array([20.0, 1e11, 4e11])
    current = density * rate_response(settings, density)
    np.testing.assert_allclose(current + current**2 / 1e3, density, rtol=1e-12)  # n + n^2 / J = G
    assert current[2] / current[1] == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize(
    ("settings", "decibel"), [(CRYSTAL, 106.0), (UNPASSIVATED, 68.0)], ids=["passivated", "not"]
)
def test_the_crystal_is_linear_within_a_tenth_over_the_published_range(
    settings: Traps, decibel: float
) -> None:
    rates_uGy_s = np.geomspace(0.165, 1e6, 4000)
    response = rate_response(settings, rates_uGy_s * NA_CM2_PER_UGY_S)
    linear = rates_uGy_s[np.abs(response - 1.0) <= 0.1]
    assert linear[-1] == pytest.approx(32_920.0, rel=0.01)
    assert 20.0 * np.log10(linear[-1] / linear[0]) == pytest.approx(decibel, abs=0.2)


@given(traps, st.floats(1e-9, 1e9), st.floats(1.0, 1e3))
def test_the_current_rises_with_the_rate_and_no_charge_is_created(
    settings: Traps, density: float, ratio: float
) -> None:
    densities = np.array([density, density * ratio])
    response = rate_response(settings, densities)
    assert np.all(response >= 0.0)
    assert np.all(response <= max(1.0 + settings.excess_gain, 1.0) * (1 + 1e-12))
    slow, fast = densities * response
    assert fast >= slow * (1.0 - 1e-9)


@given(traps, st.floats(1e-9, 1e9))
def test_both_polarities_respond_alike(settings: Traps, density: float) -> None:
    forward, reverse = _response(settings, density, -density)
    assert forward == reverse


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"excess_gain": -1.1}, "excess_gain"),
        ({"filling_nA_cm2": 0.0}, "filling_nA_cm2"),
        ({"recombination_nA_cm2": -1.0}, "recombination_nA_cm2"),
        ({"recombination_nA_cm2": 1e-12}, "recombination_nA_cm2"),
        ({"excess_gain": math.inf}, "excess_gain"),
    ],
)
def test_unphysical_parameters_are_refused_by_name(settings: dict[str, float], name: str) -> None:
    with pytest.raises(UnphysicalError, match=name):
        Traps(**settings)
