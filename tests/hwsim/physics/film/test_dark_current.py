"""The electronic dark current: field, rectification, barrier and temperature."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.film.arrhenius import BOLTZMANN_EV_K, REFERENCE_K, require_conditions
from fpxi_hwsim.physics.film.dark_current import (
    DarkCurrent,
    barrier_factor,
    electronic_density_A_cm2,
)
from hypothesis import given
from hypothesis import strategies as st

OHMIC = DarkCurrent(conductivity_S_cm=1.0 / 2.48e8)
darks = st.builds(
    DarkCurrent,
    conductivity_S_cm=st.floats(1e-20, 1e-13),
    activation_eV=st.floats(0.0, 0.6),
    reverse_saturation_V_per_cm=st.sampled_from([0.0]) | st.floats(1e-3, 1e6),
    barrier_permittivity=st.sampled_from([0.0]) | st.floats(1.0, 100.0),
)


def test_an_ohmic_film_follows_its_resistivity() -> None:
    density = electronic_density_A_cm2(OHMIC, -100.0, REFERENCE_K)
    assert density == pytest.approx(-100.0 / 2.48e8, rel=1e-12)


def test_no_conductivity_is_no_current() -> None:
    assert electronic_density_A_cm2(DarkCurrent(), 1e4, 300.0) == 0.0


def test_forward_and_reverse_differ_as_the_saturation_says() -> None:
    rectifier = replace(OHMIC, reverse_saturation_V_per_cm=46.05)  # 166 nA against 14 at 500 V/cm
    forward, reverse = (electronic_density_A_cm2(rectifier, f, 300.0) for f in (500.0, -500.0))
    assert forward / -reverse == pytest.approx(166.0 / 14.0, rel=1e-3)
    far = electronic_density_A_cm2(rectifier, -1e6, REFERENCE_K)
    assert far == pytest.approx(-46.05 / 2.48e8, rel=1e-4)


def test_the_activation_energy_comes_back_from_currents() -> None:
    dark = replace(OHMIC, activation_eV=0.42)
    kelvin = np.linspace(250.0, 320.0, 8)
    currents = np.array([electronic_density_A_cm2(dark, 100.0, float(t)) for t in kelvin])
    slope = np.polyfit(1.0 / kelvin, np.log(currents * kelvin), 1)[0]
    assert -slope * BOLTZMANN_EV_K == pytest.approx(0.42, rel=1e-9)


def test_the_barrier_falls_with_the_root_of_the_field() -> None:
    dark = replace(OHMIC, activation_eV=1.0, barrier_permittivity=4.0)
    logs = [math.log(barrier_factor(dark, field, 300.0)) for field in (1e4, 4e4)]
    assert logs[1] == pytest.approx(2.0 * logs[0])
    assert logs[0] * BOLTZMANN_EV_K * 300.0 == pytest.approx(0.03794, rel=1e-3)  # by hand


def test_the_field_lowers_no_barrier_below_zero() -> None:
    dark = replace(OHMIC, activation_eV=0.01, barrier_permittivity=1.0)
    assert barrier_factor(dark, 1e6, 300.0) == pytest.approx(
        math.exp(0.01 / (BOLTZMANN_EV_K * 300.0))
    )


@given(darks, st.just(0.0) | st.floats(1e-9, 1e5) | st.floats(-1e5, -1e-9), st.floats(200.0, 400.0))
def test_the_dark_current_has_the_sign_of_the_field(
    dark: DarkCurrent, field_V_per_cm: float, temperature_K: float
) -> None:
    density = electronic_density_A_cm2(dark, field_V_per_cm, temperature_K)
    assert math.isfinite(density)
    assert density * field_V_per_cm >= 0.0
    assert (density == 0.0) == (field_V_per_cm == 0.0)


def test_a_current_that_no_film_carries_is_refused() -> None:
    with pytest.raises(UnphysicalError, match="dark_current_A_cm2"):
        electronic_density_A_cm2(DarkCurrent(conductivity_S_cm=1.0), 1e6, 300.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("conductivity_S_cm", -1e-9),
        ("conductivity_S_cm", 2.0),
        ("conductivity_S_cm", math.nan),
        ("activation_eV", -0.1),
        ("activation_eV", 3.1),
        ("reverse_saturation_V_per_cm", -1.0),
        ("reverse_saturation_V_per_cm", math.inf),
        ("barrier_permittivity", 0.5),
    ],
)
def test_unphysical_parameters_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(UnphysicalError, match=name):
        DarkCurrent(**{name: value})


@pytest.mark.parametrize(("field", "kelvin"), [(2e7, 300.0), (-2e7, 300.0), (0.0, 99.0), (0, 501)])
def test_conditions_that_no_film_withstands_are_refused(field: float, kelvin: float) -> None:
    with pytest.raises(UnphysicalError):
        require_conditions(field, kelvin)
