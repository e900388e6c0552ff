"""The ionic current: its share by temperature, its drift, and steps of any length."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.film.arrhenius import BOLTZMANN_EV_K, REFERENCE_K, activation
from fpxi_hwsim.physics.film.dark_current import DarkCurrent, electronic_density_A_cm2
from fpxi_hwsim.physics.film.ion_migration import IonMigration, Ions
from hypothesis import given
from hypothesis import strategies as st

LEAK = DarkCurrent(conductivity_S_cm=1e-15)
DARK = DarkCurrent(conductivity_S_cm=1e-9, activation_eV=0.2)
DRIFT = ((0.8, 600.0), (-0.3, 2e4))
UNTREATED = IonMigration(transition_K=285.0, activation_eV=0.984, drift=DRIFT)
migrations = st.builds(
    IonMigration,
    transition_K=st.floats(250.0, 350.0),
    activation_eV=st.floats(0.0, 2.0),
    drift=st.lists(st.tuples(st.floats(-0.3, 10.0), st.floats(1e-9, 1e18)), max_size=3).map(tuple),
)
steps_s = st.floats(1e-6, 1e6)
fields = st.floats(-1e5, 1e5)


def _drift_at(time_s: float, duration_s: float) -> float:
    """Mean ionic current from `time_s` on, relative to the fresh one, of ions first at rest."""
    ions = Ions(UNTREATED, 0.0)
    ions.idle(100.0, REFERENCE_K, time_s)
    fresh = Ions(IonMigration(285.0, 0.984), 100.0)
    return ions.mean_density_A_cm2(DARK, 100.0, REFERENCE_K, duration_s) / fresh.mean_density_A_cm2(
        DARK, 100.0, REFERENCE_K, duration_s
    )


@pytest.mark.parametrize(("transition_K", "energy_eV"), [(285.0, 0.984), (295.0, 1.784)])
def test_the_activation_energy_comes_back_above_the_transition(
    transition_K: float, energy_eV: float
) -> None:
    migration = IonMigration(transition_K=transition_K, activation_eV=energy_eV)
    kelvin = np.linspace(transition_K + 45.0, transition_K + 70.0, 6)
    total = [
        electronic_density_A_cm2(DARK, 4e3, float(t))
        + Ions(migration, 4e3).mean_density_A_cm2(DARK, 4e3, float(t), 1.0)
        for t in kelvin
    ]
    slope = np.polyfit(1.0 / kelvin, np.log(total * kelvin), 1)[0]
    assert -slope * BOLTZMANN_EV_K == pytest.approx(energy_eV, rel=0.02)


def test_at_the_transition_ions_carry_as_much_as_electrons() -> None:
    ions = Ions(IonMigration(transition_K=285.0, activation_eV=0.984), 50.0)
    density = ions.mean_density_A_cm2(DARK, 50.0, 285.0, 1.0)
    assert density == pytest.approx(electronic_density_A_cm2(DARK, 50.0, 285.0))


def test_the_drift_is_the_sum_of_its_exponentials() -> None:
    for time_s in (0.0, 100.0, 600.0, 5e3, 48e3):
        expected = 1.0 + sum(a * -math.expm1(-time_s / tau) for a, tau in DRIFT)
        assert _drift_at(time_s, 1e-6) == pytest.approx(expected, rel=1e-6)


def test_an_integration_sees_the_mean_of_the_drift() -> None:
    expected = 1.0 + sum(a * (1.0 + tau / 1e3 * math.expm1(-1e3 / tau)) for a, tau in DRIFT)
    assert _drift_at(0.0, 1e3) == pytest.approx(expected, rel=1e-12)


def test_800_minutes_in_one_step_are_those_in_many() -> None:
    densities = []
    for count in (1, 4800):
        ions = Ions(UNTREATED, 0.0)
        for _ in range(count):
            ions.idle(1e3, 300.0, 48e3 / count)
        densities.append(ions.mean_density_A_cm2(DARK, 1e3, 300.0, 10.0))
    assert densities[0] == pytest.approx(densities[1], rel=1e-10)


@pytest.mark.parametrize(
    ("activation_eV", "minutes", "drifts"),
    [(0.984, 800.0, True), (1.784, 800.0, False), (0.632, 60.0, False)],
)
def test_one_attempt_time_tells_crystals_that_drift_from_those_that_do_not(
    activation_eV: float, minutes: float, drifts: bool
) -> None:
    attempt_s = 1.8e-13  # a lattice vibration
    tau_s = attempt_s * math.exp(activation_eV / (BOLTZMANN_EV_K * REFERENCE_K))
    ions = Ions(IonMigration(295.0, activation_eV, drift=((0.5, tau_s),)), 0.0)
    ions.idle(1e3, REFERENCE_K, 1.0)  # until the first sample
    first = ions.mean_density_A_cm2(DARK, 1e3, REFERENCE_K, 1.0)
    ions.idle(1e3, REFERENCE_K, minutes * 60.0)
    last = ions.mean_density_A_cm2(DARK, 1e3, REFERENCE_K, 1.0)
    assert (abs(last / first - 1.0) > 0.3) == drifts
    assert (abs(last / first - 1.0) < 1e-6) != drifts


def test_in_equilibrium_nothing_drifts() -> None:
    ions = Ions(UNTREATED, -70.0)
    densities = set()
    for step_s in (1e-3, 7.0, 1e5):
        ions.idle(-70.0, 300.0, step_s)
        densities.add(ions.mean_density_A_cm2(DARK, -70.0, 300.0, step_s))
    assert len(densities) == 1


def test_the_drift_is_faster_when_warm_as_its_activation_says() -> None:
    slow_s, warm_K = 100.0, 320.0
    fast_s = slow_s / activation(UNTREATED.activation_eV, warm_K)
    cold, warm = Ions(UNTREATED, 0.0), Ions(UNTREATED, 0.0)
    cold.idle(10.0, REFERENCE_K, slow_s)
    warm.idle(10.0, warm_K, fast_s)
    assert cold.mean_density_A_cm2(DARK, 10.0, REFERENCE_K, 1e-9) == pytest.approx(
        warm.mean_density_A_cm2(DARK, 10.0, REFERENCE_K, 1e-9)
    )


def test_after_a_stronger_field_ions_count_as_settled() -> None:
    settled, relaxing = Ions(UNTREATED, 100.0), Ions(UNTREATED, 400.0)
    densities = [
        ions.mean_density_A_cm2(DARK, 100.0, REFERENCE_K, 1.0) for ions in (settled, relaxing)
    ]
    assert densities[0] == densities[1]


def test_after_a_reversal_ions_count_once_they_have_crossed() -> None:
    tau_s = 600.0
    migration = IonMigration(285.0, 0.0, drift=((0.5, tau_s),))
    ions = Ions(migration, -10.0)
    late_s, window_s = tau_s * math.log(2.0), 2e3
    rest_s = window_s - late_s
    rise = rest_s / window_s * (1.0 + tau_s / rest_s * math.expm1(-rest_s / tau_s))
    fresh = Ions(IonMigration(285.0, 0.0), 0.0).mean_density_A_cm2(DARK, 10.0, 300.0, window_s)
    assert ions.mean_density_A_cm2(DARK, 10.0, 300.0, window_s) / fresh == pytest.approx(
        1.0 + 0.5 * rise, rel=1e-12
    )


@given(migrations, fields, fields, steps_s, steps_s, st.floats(250.0, 350.0))
def test_the_ionic_current_has_the_sign_of_the_field(
    migration: IonMigration,
    before: float,
    field_V_per_cm: float,
    idle_s: float,
    step_s: float,
    temperature_K: float,
) -> None:
    ions = Ions(migration, before)
    ions.idle(field_V_per_cm, temperature_K, idle_s)
    density = ions.mean_density_A_cm2(LEAK, field_V_per_cm, temperature_K, step_s)
    assert math.isfinite(density)
    assert density * field_V_per_cm >= 0.0


def test_a_current_that_no_film_carries_is_refused() -> None:
    ions = Ions(IonMigration(transition_K=250.0, activation_eV=3.0), 1e5)
    with pytest.raises(UnphysicalError, match="dark_current_A_cm2"):
        ions.mean_density_A_cm2(DARK, 1e5, 400.0, 1.0)


@pytest.mark.parametrize(
    "settings",
    [
        {"transition_K": 20.0},
        {"activation_eV": -1.0},
        {"drift": ((-0.6, 1.0), (-0.6, 2.0))},
        {"drift": ((2e3, 1.0),)},
        {"drift": ((0.1, 0.0),)},
        {"spread": -0.1},
    ],
)
def test_unphysical_parameters_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UnphysicalError):
        IonMigration(**settings)  # type: ignore[arg-type]
