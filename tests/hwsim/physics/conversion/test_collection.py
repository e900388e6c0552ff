from __future__ import annotations

import math

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.collection import (
    Carrier,
    Transport,
    collect,
    hecht,
    surface_survival,
)
from fpxi_hwsim.physics.conversion.photoconductor import Gain, Photoconductor, pair_energy_eV
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

FAST, SLOW = Carrier(2e-3), Carrier(1e-4)
MU_TAUS = st.floats(1e-9, 1e-1)
TRANSPORTS = st.builds(
    Transport,
    st.builds(Carrier, MU_TAUS, st.floats(0, 1e4)),
    st.builds(Carrier, MU_TAUS, st.floats(0, 1e4)),
    st.one_of(st.just(0.0), st.floats(0.1, 1e4)),
)
LAYERS = st.builds(
    Photoconductor,
    absorber=st.builds(Absorber, st.just(""), st.floats(1, 5000), st.just(1.0)),
    pair_energy_eV=st.floats(1, 50),
    transport=st.one_of(st.none(), TRANSPORTS),
    built_in_V=st.floats(-2, 2),
    gain=st.builds(Gain, st.floats(0.1, 1e4), st.floats(0, 1e4), st.floats(0, 2)),
)
BIASES = st.floats(-1000, 1000)


def layer(transport=None, *, thickness_um=2000.0, built_in_V=0.0, gain=None) -> Photoconductor:
    return Photoconductor(
        Absorber("", thickness_um, 1.0), 5.0, transport, built_in_V, gain or Gain()
    )


def test_the_pair_energy_of_the_films_is_the_published_one():
    assert pair_energy_eV(1.59) == pytest.approx(4.61)


@pytest.mark.parametrize(
    ("mu_tau", "voltage", "thickness_cm", "published"),
    [(2.05e-3, 100.0, 0.2, 0.9085), (7.81e-5, 5.67, 0.05, 0.1765)],
)
def test_hecht_is_the_published_form(mu_tau, voltage, thickness_cm, published):
    drift = mu_tau * voltage / thickness_cm**2
    expected = drift * (1 - math.exp(-1 / drift))
    assert hecht(mu_tau, voltage, thickness_cm) == pytest.approx(expected, rel=1e-12)
    assert expected == pytest.approx(published, abs=1e-4)
    assert hecht(mu_tau, -voltage, thickness_cm) == hecht(mu_tau, voltage, thickness_cm)


def test_hecht_is_linear_in_weak_fields_and_complete_in_strong_ones():
    assert hecht(1e-4, 1e-3, 0.1) == pytest.approx(1e-4 * 1e-3 / 0.01, rel=1e-6)
    assert hecht(1e-2, 1e6, 0.1) == pytest.approx(1.0, rel=1e-5)
    assert hecht(1e-4, 0.0, 0.1) == 0


def test_surface_recombination_divides_by_one_plus_its_share():
    carrier = Carrier(2.05e-3, recombination_V_cm=98.4)
    voltage, thickness_cm = 100.0, 0.2
    expected = 1 / (1 + thickness_cm * 98.4 / voltage)
    assert surface_survival(carrier, voltage / thickness_cm) == pytest.approx(expected)
    collected = collect(Transport(carrier, SLOW), -voltage, 2000.0).efficiency
    assert collected == pytest.approx(expected * hecht(2.05e-3, voltage, thickness_cm))


def test_the_sign_of_the_bias_chooses_the_carrier_and_the_charges_sign():
    crystal = layer(Transport(FAST, SLOW))
    freed = 1e3 / 5.0
    assert crystal.electrons_per_keV(-50.0) == pytest.approx(-freed * hecht(2e-3, 50.0, 0.2))
    assert crystal.electrons_per_keV(50.0) == pytest.approx(freed * hecht(1e-4, 50.0, 0.2))
    assert crystal.electrons_per_keV(0.0) == 0


def test_the_built_in_voltage_collects_without_a_bias():
    film = layer(Transport(FAST, SLOW), built_in_V=-0.67)
    assert film.electrons_per_keV(0.0) == layer(Transport(FAST, SLOW)).electrons_per_keV(-0.67)
    assert film.electrons_per_keV(0.67) == 0


@pytest.mark.parametrize("voltage", [-300.0, -5.0, 5.0, 300.0])
def test_depth_weights_both_carriers_by_the_absorption(voltage):
    depth, thickness = 300e-4, 0.2
    through, back = (FAST, SLOW) if voltage < 0 else (SLOW, FAST)

    def charge(z, order):
        ways = ((through, thickness - z), (back, z))
        crossed = 0.0
        for carrier, way in ways:
            drift = carrier.mu_tau_cm2_V * abs(voltage) / thickness
            crossed += drift / thickness * (1 - math.exp(-way / drift))
        return crossed**order * math.exp(-z / depth)

    zero, first, second = (quad(charge, 0, thickness, args=(n,), epsabs=1e-12)[0] for n in range(3))
    found = collect(Transport(FAST, SLOW, depth_um=300.0), voltage, 2000.0)
    assert found.efficiency == pytest.approx(first / zero, rel=1e-6)
    variance = second * zero / first**2 - 1
    assert found.relative_variance == pytest.approx(variance, rel=1e-4, abs=1e-9)


def test_a_shallow_depth_approaches_absorption_at_the_entrance():
    shallow = collect(Transport(FAST, SLOW, depth_um=0.01), -50.0, 2000.0)
    assert shallow.efficiency == pytest.approx(hecht(2e-3, 50.0, 0.2), rel=1e-3)
    assert shallow.relative_variance == pytest.approx(0, abs=1e-6)


def test_excess_joins_depth_and_gain():
    deep = Transport(FAST, SLOW, depth_um=500.0)
    depth = collect(deep, -20.0, 2000.0).relative_variance
    crystal = layer(deep, gain=Gain(8.0, spread=0.5))
    assert depth > 0.01
    assert crystal.excess(-20.0) == pytest.approx((1 + depth) * 1.25 - 1)
    assert layer(Transport(FAST, SLOW)).excess(-20.0) == 0


def test_gain_rises_with_the_field_to_its_most():
    gain = Gain(8.0, half_field_V_cm=50.0)
    assert gain.at(-50.0) == 4.0
    assert gain.at(1e9) == pytest.approx(8.0)
    assert gain.at(0.0) == 0
    crystal = layer(gain=gain)
    assert crystal.electrons_per_keV(10.0) == pytest.approx(4.0 * 1e3 / 5.0)


@settings(max_examples=200, deadline=None)
@given(photoconductor=LAYERS, bias=BIASES)
def test_no_more_is_collected_than_was_freed_times_the_gain(photoconductor, bias):
    charge = photoconductor.electrons_per_keV(bias)
    freed = 1e3 / photoconductor.pair_energy_eV
    assert abs(charge) <= freed * photoconductor.gain.most * (1 + 1e-12)
    assert 0 <= photoconductor.collected_fraction(bias) <= 1
    assert charge * (bias + photoconductor.built_in_V) >= 0
    assert np.isfinite(photoconductor.excess(bias))
    assert photoconductor.excess(bias) >= 0


@settings(max_examples=200, deadline=None)
@given(photoconductor=LAYERS, smaller=st.floats(0, 500), more=st.floats(0, 500))
def test_a_stronger_field_of_the_same_sign_collects_no_less(photoconductor, smaller, more):
    built_in = photoconductor.built_in_V
    sign = 1.0 if built_in >= 0 else -1.0
    weak = abs(photoconductor.electrons_per_keV(sign * smaller))
    strong = abs(photoconductor.electrons_per_keV(sign * (smaller + more)))
    assert strong >= weak * (1 - 1e-9)


@settings(max_examples=60, deadline=None)
@given(transport=TRANSPORTS, voltage=st.floats(-1e5, 1e5), thickness_um=st.floats(0.1, 1e4))
def test_any_transport_collects_a_fraction(transport, voltage, thickness_um):
    assume(voltage)
    found = collect(transport, voltage, thickness_um)
    assert 0 <= found.efficiency <= 1
    assert found.relative_variance >= 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Carrier(0.0),
        lambda: Carrier(np.nan),
        lambda: Carrier(100.0),
        lambda: Carrier(1e-3, -1.0),
        lambda: Carrier(1e-3, 1e13),
        lambda: Transport(FAST, SLOW, 1e-4),
        lambda: Transport(FAST, SLOW, 1e7),
        lambda: Gain(1e-10),
        lambda: Gain(1.0, 1e10),
        lambda: Photoconductor(Absorber(absorbed_fraction=1.0), 0.05),
        lambda: Photoconductor(Absorber(absorbed_fraction=1.0), 1e7),
        lambda: Photoconductor(Absorber(absorbed_fraction=1.0), 5.0, built_in_V=-2e4),
        lambda: Transport(FAST, SLOW, -1.0),
        lambda: Gain(0.0),
        lambda: Gain(1e9),
        lambda: Gain(1.0, -1.0),
        lambda: Gain(1.0, 0.0, -0.1),
        lambda: pair_energy_eV(0.0),
        lambda: Photoconductor(Absorber(absorbed_fraction=1.0), 0.0),
        lambda: Photoconductor(Absorber(absorbed_fraction=1.0), 5.0, built_in_V=np.inf),
        lambda: Photoconductor(Absorber(absorbed_fraction=1.0), 5.0, Transport(FAST, SLOW)),
        lambda: Photoconductor(Absorber(absorbed_fraction=1.0), 5.0, gain=Gain(2.0, 10.0)),
    ],
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(UnphysicalError):
        make()
