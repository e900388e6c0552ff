"""Shading of the beam over the detector, by closed forms and against spekpy."""

from __future__ import annotations

import numpy as np
import pytest
import spekpy
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.source.field import BeamField, relative_intensity
from hypothesis import given
from hypothesis import strategies as st

NEAR = BeamField(source_distance_mm=100)
HEEL = BeamField(source_distance_mm=1000, anode_angle_deg=12, self_absorption=0.031)


def intensity(field: BeamField, shape: tuple[int, int], pitch_um: float) -> np.ndarray:
    found = relative_intensity(field, shape, pitch_um)
    assert found is not None
    return found


def test_parallel_rays_shade_nothing() -> None:
    assert relative_intensity(BeamField(), (64, 64), 200) is None


def test_intensity_falls_with_the_cube_of_the_cosine() -> None:
    shading = intensity(NEAR, (64, 48), 1000)
    assert shading.shape == (128, 96)
    assert shading.dtype == np.float32
    assert shading.mean() == pytest.approx(1, abs=1e-6)
    corner_mm2 = 31.75**2 + 23.75**2
    centre_mm2 = 2 * 0.25**2
    cosines = [100 / np.sqrt(100**2 + mm2) for mm2 in (corner_mm2, centre_mm2)]
    expected = (cosines[0] / cosines[1]) ** 3
    assert shading[0, 0] / shading[64, 48] == pytest.approx(expected, rel=1e-5)
    np.testing.assert_array_equal(shading, shading[::-1, ::-1])


def test_heel_over_a_wide_field_is_that_of_spekpy() -> None:
    tangents = np.array([-0.15, -0.1, 0.15])
    kerma = [
        float(spekpy.Spek(kvp=70, x=100 * t, dk=1.0).filter("Al", 2.5).get_kerma()) * (1 + t**2)
        for t in (0.0, *tangents)
    ]
    shading = intensity(HEEL, (1, 401), 1000)[0] * (1 + _tangents(802, 0.0005) ** 2) ** 1.5
    ours = np.interp(tangents, _tangents(802, 0.0005), shading)
    middle = np.interp(0.0, _tangents(802, 0.0005), shading)
    np.testing.assert_allclose(ours / middle, np.array(kerma[1:]) / kerma[0], rtol=0.025)


def _tangents(count: int, step: float) -> np.ndarray:
    return (np.arange(count) - (count - 1) / 2) * step


@pytest.mark.parametrize(
    ("side", "turned"),
    [
        ("right", lambda m: m[:, ::-1]),
        ("top", lambda m: m.T),
        ("bottom", lambda m: m.T[::-1]),
    ],
)
def test_the_beam_is_weaker_over_the_anode(side: str, turned) -> None:
    left = intensity(BeamField(300, 12, 0.05, "left"), (32, 32), 1000)
    assert (np.diff(left[32]) > 0).mean() > 0.6
    assert left[32, 0] < left[32, -1]
    other = intensity(BeamField(300, 12, 0.05, side), (32, 32), 1000)  # type: ignore[arg-type]
    np.testing.assert_allclose(other, turned(left), rtol=1e-6)


def test_no_ray_leaves_the_anode_below_its_surface() -> None:
    shading = intensity(BeamField(100, 12, 0.05), (1, 64), 1000)[0]
    shadowed = _tangents(128, 0.005) < -np.tan(np.radians(12))
    assert shadowed.any()
    assert (shading[shadowed] == 0).all()
    assert (shading[~shadowed][1:] > 0).all()


@given(st.floats(10, 1e5), st.floats(1, 90), st.floats(0, 1), st.floats(10, 1000))
def test_shading_is_finite_of_mean_one_and_never_negative(
    distance_mm: float, angle_deg: float, self_absorption: float, pitch_um: float
) -> None:
    shading = intensity(BeamField(distance_mm, angle_deg, self_absorption), (6, 4), pitch_um)
    assert np.isfinite(shading).all()
    assert shading.min() >= 0
    assert shading.mean() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"source_distance_mm": -1.0},
        {"source_distance_mm": 0.5},
        {"source_distance_mm": 1e7},
        {"anode_angle_deg": 0.5},
        {"anode_angle_deg": 91.0},
        {"self_absorption": -0.1},
        {"self_absorption": 11.0},
        {"self_absorption": float("nan")},
    ],
)
def test_impossible_geometry_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UnphysicalError, match=next(iter(settings))):
        BeamField(**settings)


@pytest.mark.parametrize("pitch_um", [0.0, -200.0, float("nan")])
def test_impossible_pitches_are_refused(pitch_um: float) -> None:
    with pytest.raises(UnphysicalError, match="pitch_um"):
        relative_intensity(NEAR, (4, 4), pitch_um)
