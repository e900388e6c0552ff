"""Attenuation against xraydb itself, against values that NIST publishes, and by closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import xraydb
from fpxi_hwsim.errors import BadValueError, UnknownMaterialError, UnphysicalError
from fpxi_hwsim.physics.materials.atomic_mass import ATOMIC_MASS
from fpxi_hwsim.physics.materials.attenuation import (
    KINDS,
    attenuation_per_cm,
    compton_energy_share,
)
from fpxi_hwsim.physics.materials.catalogue import MATERIALS, find_material
from fpxi_hwsim.physics.materials.composition import mass_fractions
from fpxi_hwsim.physics.materials.elements import PROCESSES, MOST_keV, SMALLEST_keV, _tables
from hypothesis import given
from hypothesis import strategies as st

BINS_keV = np.arange(5.5, 160, 1.0)
XRAYDB_KINDS = {"photo": "photo", "coherent": "coh", "incoherent": "incoh", "total": "total"}

# Hubbell and Seltzer, NISTIR 5632: total mass attenuation in cm2/g.
NIST_CM2_G = [
    ("Al", 20, 3.441),
    ("Al", 30, 1.128),
    ("Al", 50, 0.3681),
    ("Al", 100, 0.1704),
    ("Cu", 30, 10.92),
    ("Cu", 60, 1.593),
    ("W", 60, 3.713),
    ("W", 100, 4.438),
    ("Pb", 50, 8.041),
    ("Pb", 100, 5.549),
    ("I", 40, 22.10),
    ("H2O", 30, 0.3756),
    ("H2O", 60, 0.2059),
]


@pytest.mark.parametrize("kind", XRAYDB_KINDS)
def test_every_element_attenuates_as_in_xraydb(kind: str) -> None:
    for element in ATOMIC_MASS:
        ours = attenuation_per_cm(f"{element}:1", BINS_keV, kind)  # type: ignore[arg-type]
        theirs = xraydb.mu_elam(element, 1000 * BINS_keV, kind=XRAYDB_KINDS[kind])
        worst = np.abs(ours / theirs - 1)
        assert np.median(worst) < 0.001, element
        assert worst.max() < 0.02, (element, BINS_keV[worst.argmax()])


def test_mixtures_attenuate_as_the_sum_of_their_elements() -> None:
    for material in MATERIALS.values():
        theirs = sum(
            fraction * xraydb.mu_elam(element, 1000 * BINS_keV)
            for element, fraction in material.mass_fractions.items()
        )
        ours = attenuation_per_cm(material, BINS_keV) / material.density_g_cm3
        assert np.abs(ours / theirs - 1).max() < 0.01, material.name


@pytest.mark.parametrize(("formula", "energy_keV", "cm2_g"), NIST_CM2_G)
def test_coefficients_agree_with_published_ones(
    formula: str, energy_keV: float, cm2_g: float
) -> None:
    assert attenuation_per_cm(f"{formula}:1", energy_keV) == pytest.approx(cm2_g, rel=0.02)


@pytest.mark.parametrize(
    ("material", "edge_keV", "jump"),
    [
        ("lead", 88.005, 4.73),
        ("tungsten", 69.525, 5.1),
        ("I:5", 33.169, 6.04),
        ("lead", 13.035, 2.5),
    ],
)
def test_absorption_jumps_within_ten_electronvolts_of_its_edge(
    material: str, edge_keV: float, jump: float
) -> None:
    below, above = attenuation_per_cm(material, [edge_keV - 0.01, edge_keV + 0.01], "photo")
    assert above / below == pytest.approx(jump, rel=0.02)


def test_total_is_the_sum_of_its_processes() -> None:
    parts = sum(attenuation_per_cm("bone", BINS_keV, process) for process in PROCESSES)
    np.testing.assert_allclose(attenuation_per_cm("bone", BINS_keV), parts)


def test_energy_absorption_of_air_is_the_published_one() -> None:
    nist = {10: 4.742, 20: 0.5389, 30: 0.1537, 50: 0.04098, 80: 0.02407, 100: 0.02325}
    air = find_material("air")
    ours = attenuation_per_cm(air, list(nist), "energy_absorption") / air.density_g_cm3
    np.testing.assert_allclose(ours, list(nist.values()), rtol=0.015)


def test_recoil_electrons_take_the_share_that_klein_and_nishina_give() -> None:
    # mean recoil energy over photon energy: Attix, Introduction to Radiological Physics, 1986
    np.testing.assert_allclose(compton_energy_share([10, 100, 1000]), [0.0187, 0.138, 0.440], 0.01)
    assert compton_energy_share(3.0) == pytest.approx(3.0 / 510.999, rel=0.02)


@given(st.sampled_from(sorted(MATERIALS)), st.floats(SMALLEST_keV, MOST_keV))
def test_what_is_absorbed_is_part_of_what_is_attenuated(name: str, energy_keV: float) -> None:
    values = {kind: float(attenuation_per_cm(name, energy_keV, kind)) for kind in KINDS}
    assert min(values.values()) > 0
    assert values["photo"] < values["energy_absorption"] < values["total"]


def test_shape_is_that_of_the_energies() -> None:
    assert attenuation_per_cm("steel", 42.0).shape == ()
    assert attenuation_per_cm("steel", np.full((2, 3), 42.0)).shape == (2, 3)
    assert attenuation_per_cm("steel", np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("energy_keV", [2.99, 250.1, float("nan"), float("inf"), -30.0])
def test_energies_outside_the_tables_are_refused(energy_keV: float) -> None:
    with pytest.raises(UnphysicalError, match="energy_keV"):
        attenuation_per_cm("steel", [42.0, energy_keV])


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(BadValueError, match="one of total"):
        attenuation_per_cm("steel", 42.0, "scatter")  # type: ignore[arg-type]


def test_rows_rise_in_energy_and_span_the_range() -> None:
    assert list(_tables()) == list(ATOMIC_MASS)
    for element, table in _tables().items():
        assert np.diff(table.log_energy).min() >= 0, element
        assert np.exp(table.log_energy[[0, -1]]) == pytest.approx([SMALLEST_keV, MOST_keV])


def test_a_formula_with_density_is_the_material() -> None:
    written = attenuation_per_cm("(CH6N)PbI3:4.16", BINS_keV)
    np.testing.assert_array_equal(written, attenuation_per_cm("MAPbI3", BINS_keV))


@pytest.mark.parametrize(
    ("text", "name"),
    [("Be", "beryllium"), ("SiO2", "quartz"), ("pmma", "PMMA"), (" Steel", "steel")],
)
def test_materials_are_found_by_name_and_formula(text: str, name: str) -> None:
    assert find_material(text) is MATERIALS[name]


def test_masses_of_water_and_their_fractions() -> None:
    assert mass_fractions("H2O") == pytest.approx({"H": 0.1119, "O": 0.8881}, abs=1e-4)
    assert mass_fractions("Pb0.5(CH6N)2(I1.5)2") == pytest.approx(mass_fractions("PbC4H24N4I6"))
    for material in MATERIALS.values():
        assert sum(material.mass_fractions.values()) == pytest.approx(1), material.name


@pytest.mark.parametrize("formula", ["", "H2O)", "(H2O", "Xx2", "h2o", "H-2", "H0", "()", "(2H)"])
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(BadValueError, match="such as SiO2"):
        mass_fractions(formula)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("unobtainium", UnknownMaterialError),
        ("U:19", BadValueError),
        ("H2O:", BadValueError),
        ("H2O:heavy", BadValueError),
        ("H2O:0", UnphysicalError),
        ("H2O:-1", UnphysicalError),
        ("H2O:inf", UnphysicalError),
    ],
)
def test_impossible_materials_are_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        find_material(text)


def test_the_message_names_what_exists() -> None:
    with pytest.raises(UnknownMaterialError, match=r"tungsten.*formula:density") as raised:
        find_material("unobtainium")
    assert raised.value.material == "unobtainium"
