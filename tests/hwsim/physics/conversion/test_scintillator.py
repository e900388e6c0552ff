from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.absorption import Absorption
from fpxi_hwsim.physics.conversion.converter import light
from fpxi_hwsim.physics.conversion.photoconductor import Photoconductor
from fpxi_hwsim.physics.conversion.photon_statistics import absorbed_energy
from fpxi_hwsim.physics.conversion.scintillator import (
    Scintillator,
    Superlinearity,
    detect_light,
    relative_light,
)
from fpxi_hwsim.physics.conversion.sharing import (
    Gaussian,
    bin_to_pixels,
    gaussian_sigma_um,
    ideal_mtf,
    make_kernel,
    share,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

LAYER = Absorber(absorbed_fraction=0.5)
GLASS = Scintillator(LAYER, 10_100.0, collected_fraction=0.01, quantum_efficiency=0.5)


def screen(**changes) -> Scintillator:
    return replace(GLASS, **changes)


def test_electrons_are_the_light_that_reaches_the_camera_and_is_detected():
    assert GLASS.electrons_per_keV(0.0) == pytest.approx(10.1 * 0.005)
    assert GLASS.electrons_per_keV(-100.0) == GLASS.electrons_per_keV(0.0)
    assert screen(excess_variance=0.1).excess(0.0) == 0.1


@pytest.mark.parametrize("electrons", [0.3, 5, 28, 40, 2000])
def test_detected_light_is_poisson(electrons):
    per_keV = GLASS.electrons_per_keV(0.0)
    energy = np.full((300, 300), electrons / per_keV, np.float32)
    found = detect_light(GLASS, energy, np.random.default_rng(1)).astype(np.float64) * per_keV
    bound = stats.norm.isf(5e-5)
    error = np.sqrt(electrons / found.size)
    assert abs(found.mean() - electrons) < bound * error
    assert abs(found.var() / electrons - 1) < bound * np.sqrt((2 + 1 / electrons) / found.size)
    if electrons < 32:
        counts = np.rint(found)
        np.testing.assert_allclose(found, counts, atol=1e-4)
        assert np.mean(counts == 0) == pytest.approx(np.exp(-electrons), abs=5 * error)


@pytest.mark.parametrize("per_photon", [0.1, 1, 20])
@pytest.mark.parametrize("swank", [1.0, 0.8])
def test_the_cascade_adds_the_noise_of_its_secondary_quanta(per_photon, swank):
    """Variance over mean in electrons = 1 + g/A for g electrons a photon and Swank factor A."""
    keV, photons = 40.0, 80.0
    per_keV = per_photon / keV
    crystal = screen(
        light_yield_per_MeV=per_keV * 1e3, collected_fraction=1.0, quantum_efficiency=1.0
    )
    ones = np.full((400, 400), photons, np.float32)
    absorption = Absorption(ones, ones * np.float32(keV), ones * np.float32(keV**2))
    random = np.random.default_rng(2)
    pixels = bin_to_pixels(absorbed_energy(absorption, 1.0, excess=1 / swank - 1).draw(random))
    electrons = detect_light(crystal, pixels, random).astype(np.float64) * per_keV
    expected = 1 + per_photon / swank
    bound = stats.norm.isf(5e-5) * np.sqrt(2 / electrons.size) * 1.05
    assert electrons.var() / electrons.mean() / expected == pytest.approx(1, abs=bound + 0.001)


def test_spread_light_is_correlated_but_its_photo_electrons_are_not():
    keV, photons, per_keV = 40.0, 100.0, 0.05
    crystal = screen(light_yield_per_MeV=50.0, collected_fraction=1.0, quantum_efficiency=1.0)
    ones = np.full((512, 512), photons, np.float32)
    absorption = Absorption(ones, ones * np.float32(keV), ones * np.float32(keV**2))
    kernel = make_kernel((Gaussian(1.0, 100.0),), 100.0)
    random = np.random.default_rng(3)
    pixels = bin_to_pixels(share(absorbed_energy(absorption, 1.0).draw(random), kernel))
    electrons = detect_light(crystal, pixels, random).astype(np.float64) * per_keV
    inside = slice(8, -8)
    signal, seen = (each[inside, inside].astype(np.float64) for each in (pixels, electrons))
    covariances = [
        np.mean((each[:, 1:] - each.mean()) * (each[:, :-1] - each.mean()))
        for each in (signal * per_keV, seen)
    ]
    error = 4 * seen.var() / np.sqrt(seen.size)
    assert abs(covariances[1] - covariances[0]) < error
    extra = seen.var() - (signal * per_keV).var()
    assert extra == pytest.approx(seen.mean(), abs=error)


def test_superlinear_light_grows_faster_than_the_dose_rate_and_never_beyond_the_yield():
    superlinear = Superlinearity(lost=0.4, half_rate_Gy_s=1e-4)
    rates = np.geomspace(1e-7, 1e-1, 200).astype(np.float32)
    yields = relative_light(superlinear, rates)
    assert (np.diff(yields) >= 0).all()
    assert yields[0] == pytest.approx(0.6, abs=1e-3)
    assert yields[-1] == pytest.approx(1.0, abs=1e-3)
    assert relative_light(superlinear, 1e-4) == pytest.approx(0.8)
    assert (relative_light(Superlinearity(), rates) == 1).all()


def test_a_photoconductors_energy_passes_as_it_is():
    energy = np.ones((4, 4), np.float32)
    direct = Photoconductor(LAYER, 5.0)
    assert light(direct, energy, 1e-6, np.random.default_rng(0)) is energy


def test_light_follows_the_dose_rate_and_the_statistics():
    energy = np.full((200, 200), 4e6, np.float32)
    dim = screen(superlinearity=Superlinearity(0.4, 1e-4))
    found = light(dim, energy, 1e-4, np.random.default_rng(4))
    assert found.mean(dtype=np.float64) == pytest.approx(0.8 * 4e6, rel=1e-4)
    assert (energy == 4e6).all()
    assert found.std() > 0


@pytest.mark.parametrize("lp_mm", [15.0, 10.0, 4.1, 1.5])
def test_a_gaussian_spread_has_the_published_mtf(lp_mm):
    spread = (Gaussian(1.0, gaussian_sigma_um(lp_mm, 0.2, 20.0)),)
    assert ideal_mtf(spread, 20.0, np.array([lp_mm])) == pytest.approx(0.2)


@settings(max_examples=50, deadline=None)
@given(
    energy=st.floats(0, 1e8, width=32),
    per_MeV=st.floats(1e-2, 1e5),
    collected=st.floats(1e-6, 1),
    efficiency=st.floats(1e-3, 1),
    lost=st.floats(0, 1),
    rate=st.floats(0, 1e3),
)
def test_no_light_is_negative(energy, per_MeV, collected, efficiency, lost, rate):
    crystal = Scintillator(
        LAYER, per_MeV, collected, efficiency, superlinearity=Superlinearity(lost, 1e-3)
    )
    pixels = np.full((8, 8), energy, np.float32)
    found = light(crystal, pixels, rate, np.random.default_rng(5))
    assert np.isfinite(found).all()
    assert (found >= 0).all()


@pytest.mark.parametrize(
    "change",
    [
        {"light_yield_per_MeV": 1e-3},
        {"light_yield_per_MeV": 2e6},
        {"collected_fraction": 5e-280},
        {"collected_fraction": 1.1},
        {"quantum_efficiency": 1e-7},
        {"quantum_efficiency": np.nan},
        {"excess_variance": -0.1},
        {"spread": (Gaussian(0.5, 10.0),)},
    ],
)
def test_an_impossible_screen_is_refused(change):
    with pytest.raises(UnphysicalError):
        screen(**change)


@pytest.mark.parametrize("values", [(-0.1, 1.0), (1.1, 1.0), (0.5, 1e-13), (0.5, 1e13)])
def test_an_impossible_superlinearity_is_refused(values):
    with pytest.raises(UnphysicalError):
        Superlinearity(*values)
