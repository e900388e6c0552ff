"""Spectra and tubes against spekpy, IEC 62220-1-1 and closed forms."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import spekpy
from fpxi_hwsim.errors import (
    BadValueError,
    MissingExtraError,
    TubeModelError,
    UnknownMaterialError,
    UnphysicalError,
)
from fpxi_hwsim.physics.materials.attenuation import attenuation_per_cm
from fpxi_hwsim.physics.source.air import JOULE_PER_keV, kerma_Gy_cm2
from fpxi_hwsim.physics.source.emission import TABULATED, computed_emission, emission
from fpxi_hwsim.physics.source.spectrum import Spectrum, spectrum_of_fluence
from fpxi_hwsim.physics.source.tube import Tube, spectrum_of

# kV, mm Al in all, photons/(mm2 uGy), half-value layer in mm Al: IEC 62220-1-1:2015.
RADIATION_QUALITIES = [
    (50, 12.5, 20673, 3.8),
    (70, 23.5, 29653, 6.6),
    (90, 32.5, 32490, 9.2),
    (120, 42.5, 31007, 11.6),
]
QUARTZ_FILTERED = Tube("W", 50, (("Be", 0.127), ("SiO2", 26)))


def kerma_Gy(spectrum: Spectrum) -> float:
    return float(kerma_Gy_cm2(spectrum.energy_keV) @ spectrum.photons_per_Gy_cm2)


def half_value_layer_mm(spectrum: Spectrum) -> float:
    """Return the thickness of aluminium that halves the air kerma, by interpolation."""
    kerma = kerma_Gy_cm2(spectrum.energy_keV) * spectrum.photons_per_Gy_cm2
    per_mm = attenuation_per_cm("aluminium", spectrum.energy_keV) / 10
    mm = np.linspace(0, 20, 2001)
    left = np.exp(-np.outer(mm, per_mm)) @ kerma / kerma.sum()
    return float(np.interp(-0.5, -left, mm))


def monochromatic(energy_keV: float) -> Spectrum:
    return spectrum_of_fluence("line", np.array([energy_keV]), np.array([1.0]))


@pytest.mark.parametrize(("kV", "mm_Al", "photons_per_mm2_uGy", "half_mm_Al"), RADIATION_QUALITIES)
def test_standard_radiation_qualities_have_their_published_fluence(
    kV: float, mm_Al: float, photons_per_mm2_uGy: float, half_mm_Al: float
) -> None:
    spectrum = spectrum_of(Tube("W", kV, (("Al", mm_Al),)))
    assert spectrum.photons_total * 1e-8 == pytest.approx(photons_per_mm2_uGy, rel=0.01)
    assert half_value_layer_mm(spectrum) == pytest.approx(half_mm_Al, rel=0.03)


@pytest.mark.parametrize("settings", TABULATED)
def test_tabulated_tubes_emit_what_spekpy_computes(settings: tuple[str, float, float]) -> None:
    energy_keV, photons = emission(*settings)
    expected_keV, expected = computed_emission(*settings)
    np.testing.assert_array_equal(energy_keV, expected_keV)
    np.testing.assert_allclose(photons, expected, rtol=6e-7)


def test_kerma_and_half_value_layer_are_those_of_spekpy() -> None:
    theirs = spekpy.Spek(kvp=70, th=12, dk=1.0).filter("Be", 0.127).filter("Al", 2.5)
    tube = Tube("W", 70, (("Be", 0.127), ("Al", 2.5)))
    assert tube.output_uGy_mAs_at_1m == pytest.approx(theirs.get_kerma(), rel=0.03)
    assert half_value_layer_mm(spectrum_of(tube)) == pytest.approx(theirs.get_hvl1(), rel=0.02)
    assert spectrum_of(tube).mean_keV == pytest.approx(theirs.get_emean(), rel=0.005)


def test_tubes_outside_the_table_are_computed() -> None:
    near = [spectrum_of(Tube("W", kV, (("Al", 2.0),))).mean_keV for kV in (50.0, 55.0, 60.0)]
    assert near == sorted(near)


def test_the_quartz_filtered_beam_has_the_published_mean_energy() -> None:
    spectrum = spectrum_of(QUARTZ_FILTERED)
    assert spectrum.mean_keV == pytest.approx(42, rel=0.05)
    assert kerma_Gy(spectrum) == pytest.approx(1)


def test_no_spectrum_can_have_the_fluence_published_with_the_quartz_filter() -> None:
    most = (1 / kerma_Gy_cm2(np.arange(3.0, 250.0))).max()
    assert most == pytest.approx(3.4e12, rel=0.03)
    assert most < 6.22e12 / 1.75


def test_scaled_to_a_fluence_it_has_it_and_keeps_its_shape() -> None:
    spectrum = spectrum_of(QUARTZ_FILTERED)
    scaled = spectrum.scaled_to(6.22e12)
    assert scaled.photons_total == pytest.approx(6.22e12)
    assert scaled.mean_keV == pytest.approx(spectrum.mean_keV)


def test_filters_of_a_tube_follow_beer_and_lambert_for_each_gray_behind_them() -> None:
    bare = spectrum_of(Tube("W", 50, (("Be", 0.127),)))
    filtered = spectrum_of(Tube("W", 50, (("Be", 0.127), ("Al", 1.0), ("Cu", 0.1))))
    per_mm = (attenuation_per_cm(name, bare.energy_keV) / 10 for name in ("Al", "Cu"))
    aluminium, copper = per_mm
    passed = bare.photons_per_Gy_cm2 * np.exp(-aluminium * 1.0 - copper * 0.1)
    shape = filtered.photons_per_Gy_cm2 / filtered.photons_total
    np.testing.assert_allclose(shape, passed / passed.sum())
    assert kerma_Gy(filtered) == pytest.approx(1)


def test_kerma_of_one_photon_is_its_energy_times_the_published_coefficient() -> None:
    for energy_keV, cm2_g in ((3.0, 161.4), (20.0, 0.5389), (60.0, 0.03041), (150.0, 0.02496)):
        expected = energy_keV * JOULE_PER_keV * cm2_g * 1000
        assert kerma_Gy_cm2(energy_keV) == pytest.approx(expected)


def test_dose_rate_follows_current_and_the_inverse_square() -> None:
    rate = QUARTZ_FILTERED.dose_rate_Gy_s(0.02, 386)
    assert QUARTZ_FILTERED.dose_rate_Gy_s(0.80, 386) == pytest.approx(40 * rate)
    assert QUARTZ_FILTERED.dose_rate_Gy_s(0.02, 193) == pytest.approx(4 * rate)
    at_1m = QUARTZ_FILTERED.output_uGy_mAs_at_1m
    assert QUARTZ_FILTERED.dose_rate_Gy_s(1, 1000) == pytest.approx(at_1m * 1e-6)
    assert QUARTZ_FILTERED.dose_rate_Gy_s(0, 386) == 0


def test_published_dose_rates_are_reached_within_reach_of_a_bench() -> None:
    rates = [QUARTZ_FILTERED.dose_rate_Gy_s(mA, 387) * 1e9 for mA in (0.02, 0.80)]
    assert rates == pytest.approx([70, 2726], rel=0.03)


def test_silver_shines_brightest_at_its_K_line() -> None:
    spectrum = spectrum_of(Tube("Ag", 50, (("Be", 0.127), ("Al", 0.25))))
    assert spectrum.energy_keV[spectrum.photons_per_Gy_cm2.argmax()] == 22.5


def test_nobody_writes_to_a_spectrum() -> None:
    energy, photons = np.array([20.0, 30.0]), np.array([1.0, 2.0])
    spectrum = Spectrum("two lines", energy, photons)
    energy[0] = 25
    assert spectrum.energy_keV[0] == 20
    with pytest.raises(ValueError, match="read-only"):
        spectrum.photons_per_Gy_cm2[0] = 3


@pytest.mark.parametrize(
    ("energy", "photons"),
    [
        ([30.0, 20.0], [1.0, 1.0]),
        ([20.0, 20.0], [1.0, 1.0]),
        ([1.0, 20.0], [1.0, 1.0]),
        ([20.0, 300.0], [1.0, 1.0]),
        ([20.0, 30.0], [1.0, -1.0]),
        ([20.0, 30.0], [0.0, 0.0]),
        ([20.0, 30.0], [1.0, float("nan")]),
        ([20.0, float("inf")], [1.0, 1.0]),
        ([20.0, 30.0], [1.0]),
        ([], []),
        ([[20.0]], [[1.0]]),
    ],
)
def test_impossible_spectra_are_refused(energy: list[float], photons: list[float]) -> None:
    with pytest.raises(UnphysicalError):
        Spectrum("bad", np.array(energy), np.array(photons))


def test_a_fluence_of_nothing_is_refused() -> None:
    with pytest.raises(UnphysicalError, match="kerma"):
        spectrum_of_fluence("none", np.array([20.0]), np.array([0.0]))


@pytest.mark.parametrize("fluence", [0.0, -1.0, float("nan")])
def test_impossible_fluences_are_refused(fluence: float) -> None:
    with pytest.raises(UnphysicalError):
        monochromatic(30).scaled_to(fluence)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"anode": "Fe"}, BadValueError),
        ({"kV": 9.0}, UnphysicalError),
        ({"kV": 300.0}, UnphysicalError),
        ({"kV": float("nan")}, UnphysicalError),
        ({"anode_angle_deg": 0.0}, UnphysicalError),
        ({"anode_angle_deg": 91.0}, UnphysicalError),
        ({"filters": (("Al", -1.0),)}, UnphysicalError),
        ({"filters": (("Al", 1e7),)}, UnphysicalError),
        ({"filters": (("vibranium", 1.0),)}, UnknownMaterialError),
    ],
)
def test_impossible_tubes_are_refused(settings: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        Tube(**settings)


@pytest.mark.parametrize(("mA", "distance_mm"), [(-1, 100), (1, 0), (1, -5), (float("nan"), 100)])
def test_impossible_currents_and_distances_are_refused(mA: float, distance_mm: float) -> None:
    with pytest.raises(UnphysicalError):
        QUARTZ_FILTERED.dose_rate_Gy_s(mA, distance_mm)


def test_gold_beyond_the_model_is_refused_by_name() -> None:
    with pytest.raises(TubeModelError, match="anode of W"):
        spectrum_of(Tube("Au", 70))


def test_without_spekpy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spekpy", None)
    with pytest.raises(MissingExtraError, match=r'pip install "fpxi\[xray\]"') as raised:
        spectrum_of(Tube("W", 53))
    assert raised.value.package == "spekpy"
    assert spectrum_of(Tube("W", 50)).mean_keV > 0
