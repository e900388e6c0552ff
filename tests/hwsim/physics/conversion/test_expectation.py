from __future__ import annotations

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.conversion import transmission
from fpxi_hwsim.physics.conversion.absorber import Absorber, Escape, deposits
from fpxi_hwsim.physics.conversion.expectation import expected_absorption
from fpxi_hwsim.physics.conversion.photoconductor import Photoconductor
from fpxi_hwsim.physics.materials.attenuation import attenuation_per_cm
from fpxi_hwsim.physics.object.maps import ThicknessMaps
from fpxi_hwsim.physics.source.spectrum import Spectrum
from hypothesis import given, settings
from hypothesis import strategies as st

ENERGY_KEV = np.arange(15.0, 51.0)
SPECTRUM = Spectrum("test", ENERGY_KEV, 1e11 * np.exp(-(((ENERGY_KEV - 35) / 9) ** 2) / 2))
AREA_CM2 = 4e-4
SIZE = (24, 16)
"""of the object's maps: 8 points a pixel, 3 x 2 pixels"""


CRYSTAL = Photoconductor(Absorber("CsPbBr3", 300.0), pair_energy_eV=5.9)


def maps(thickness_cm, coverage=None, image=None, size=SIZE, oversampling=8) -> ThicknessMaps:
    return ThicknessMaps(size, oversampling, thickness_cm, coverage, image)


def brute_force(object_maps: ThicknessMaps, layer: Photoconductor) -> list[np.ndarray]:
    left = deposits(layer.absorber, ENERGY_KEV)
    depth = np.zeros((len(ENERGY_KEV), *object_maps.shape))
    for material, thickness in object_maps.thickness_cm.items():
        mu = attenuation_per_cm(material, ENERGY_KEV)[:, None, None]
        depth += mu * thickness.astype(float)
    cover = 1.0 if object_maps.coverage is None else object_maps.coverage
    image = 1.0 if object_maps.transmission is None else object_maps.transmission
    passed = image * (1 - cover + cover * np.exp(-depth))
    photons = SPECTRUM.photons_per_Gy_cm2 * left.absorbed * AREA_CM2 / 4
    block = object_maps.oversampling // 2
    rows, columns = (side // block for side in object_maps.shape)
    found = []
    for weight in (photons, photons * left.energy_keV, photons * left.energy2_keV2):
        points = np.einsum("k,kij->ij", weight, passed)
        found.append(points.reshape(rows, block, columns, block).mean(axis=(1, 3)))
    return found


def random_map(seed, scale, size=SIZE):
    return (np.random.default_rng(seed).random(size) * scale).astype(np.float32)


OBJECTS = {
    "air": maps({}),
    "a plate": maps({"steel": np.full((1, 1), 0.02, np.float32)}),
    "a plate with an outline": maps(
        {"steel": np.full((1, 1), 0.02, np.float32)}, coverage=random_map(1, 1.0)
    ),
    "an image": maps({}, image=random_map(2, 1.0)),
    "a wedge": maps({"aluminium": random_map(3, 1.0)}, coverage=random_map(4, 1.0)),
    "a wedge of nothing": maps({"aluminium": np.zeros(SIZE, np.float32)}),
    "all": maps(
        {
            "steel": random_map(5, 0.02) * (random_map(10, 1.0) > 0.5),
            "PMMA": random_map(6, 3.0) * (random_map(11, 1.0) > 0.5),
            "copper": np.full((1, 1), 0.01, np.float32),
        },
        coverage=random_map(7, 1.0),
        image=random_map(8, 1.0),
    ),
}


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize(("tile", "chunk"), [(1, 1), (1 << 16, 1 << 12)])
def test_the_sums_are_those_over_every_point_and_energy(name, tile, chunk, monkeypatch):
    monkeypatch.setattr(transmission, "_TILE", tile)
    monkeypatch.setattr(transmission, "_CHUNK", chunk)
    absorption = expected_absorption(SPECTRUM, OBJECTS[name], CRYSTAL, AREA_CM2)
    found = (
        absorption.photons_per_Gy,
        absorption.energy_keV_per_Gy,
        absorption.energy2_keV2_per_Gy,
    )
    for mine, truth in zip(found, brute_force(OBJECTS[name], CRYSTAL), strict=True):
        np.testing.assert_allclose(mine, truth, rtol=1e-5)
        assert mine.dtype == np.float32


@pytest.mark.parametrize("material", ["lead", "PMMA", "steel"])
def test_the_table_of_one_material_is_right_to_a_ten_thousandth_of_the_free_beam(material):
    wedge = maps({material: random_map(9, 1.0)}, oversampling=2)
    found = expected_absorption(SPECTRUM, wedge, CRYSTAL, AREA_CM2)
    free = expected_absorption(SPECTRUM, maps({}), CRYSTAL, AREA_CM2).photons_per_Gy.max()
    error = abs(found.photons_per_Gy - brute_force(wedge, CRYSTAL)[0]).max()
    assert error < 1e-4 * free


def test_a_half_covered_fine_pixel_transmits_the_mean_not_what_half_the_thickness_does():
    coverage = np.zeros(SIZE, np.float32)
    coverage[:, ::2] = 1
    tungsten = maps({"tungsten": np.full((1, 1), 0.1, np.float32)}, coverage=coverage)
    half = expected_absorption(SPECTRUM, tungsten, CRYSTAL, AREA_CM2)
    free = expected_absorption(SPECTRUM, maps({}), CRYSTAL, AREA_CM2)
    np.testing.assert_allclose(half.photons_per_Gy, free.photons_per_Gy / 2, rtol=1e-6)


def test_a_filter_hardens_the_beam():
    free, behind = (
        expected_absorption(SPECTRUM, OBJECTS[name], CRYSTAL, AREA_CM2)
        for name in ("air", "a plate")
    )
    assert (behind.mean_keV > free.mean_keV + 2).all()
    assert (behind.variance_keV2 < free.variance_keV2).all()


def test_the_object_is_left_as_it_was():
    thickness = random_map(3, 1.0)
    before = thickness.copy()
    expected_absorption(SPECTRUM, maps({"aluminium": thickness}), CRYSTAL, AREA_CM2)
    np.testing.assert_array_equal(thickness, before)


def test_a_layer_absorbs_the_photoelectric_part_of_what_it_stops():
    energy = np.array([20.0, 40.0])
    thick = deposits(Absorber("CsPbBr3", 1e5), energy)
    photo, compton = (
        attenuation_per_cm("CsPbBr3", energy, kind) for kind in ("photo", "incoherent")
    )
    np.testing.assert_allclose(thick.absorbed, photo / (photo + compton))
    thin = deposits(Absorber("CsPbBr3", 0.01), energy)
    np.testing.assert_allclose(thin.absorbed, photo * 1e-6, rtol=1e-3)
    np.testing.assert_array_equal(thick.energy_keV, energy)
    np.testing.assert_array_equal(thick.energy2_keV2, energy**2)


def test_a_constant_fraction_asks_for_no_material():
    left = deposits(Absorber(absorbed_fraction=0.8, fill_factor=0.5), ENERGY_KEV)
    np.testing.assert_allclose(left.absorbed, 0.4)


def test_escaping_fluorescence_takes_its_energy_from_photons_above_the_edge():
    absorber = Absorber(absorbed_fraction=1.0, escape=(Escape(33.2, 28.6, 0.1),))
    left = deposits(absorber, np.array([33.0, 40.0]))
    np.testing.assert_allclose(left.energy_keV, [33.0, 40 - 2.86])
    np.testing.assert_allclose(left.energy2_keV2, [33.0**2, 0.9 * 1600 + 0.1 * 11.4**2])


@settings(max_examples=40, deadline=None)
@given(
    thickness_um=st.floats(1e-3, 1e4),
    fill=st.floats(0.01, 1),
    probability=st.floats(0, 1),
    line=st.floats(1, 33),
)
def test_no_layer_absorbs_more_than_arrives_nor_keeps_more_than_it_absorbs(
    thickness_um, fill, probability, line
):
    absorber = Absorber("CsI", thickness_um, None, fill, (Escape(33.2, line, probability),))
    left = deposits(absorber, ENERGY_KEV)
    assert ((left.absorbed >= 0) & (left.absorbed <= fill)).all()
    assert ((left.energy_keV > 0) & (left.energy_keV <= ENERGY_KEV)).all()
    assert (left.energy2_keV2 >= left.energy_keV**2 * (1 - 1e-12)).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Absorber("CsI", -1.0),
        lambda: Absorber("CsI", 1e-4),
        lambda: Absorber("CsI", 1e7),
        lambda: Absorber(absorbed_fraction=1.1),
        lambda: Absorber(absorbed_fraction=-0.1),
        lambda: Absorber("CsI", 1.0, fill_factor=1e-7),
        lambda: Absorber("CsI", 1.0, escape=(Escape(33.0, 28.0, 0.6), Escape(36.0, 31.0, 0.6))),
        lambda: Escape(33.0, 34.0, 0.1),
        lambda: Escape(0.0, 0.0, 0.1),
        lambda: Escape(33.0, 28.0, 1.1),
    ],
)
def test_an_impossible_layer_is_refused(make):
    with pytest.raises(UnphysicalError):
        make()
