"""Objects from text: names, keys, values, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim.errors import (
    BadValueError,
    ObjectError,
    UnknownKeyError,
    UnknownMaterialError,
    UnphysicalError,
)
from fpxi_hwsim.physics.materials.catalogue import find_material
from fpxi_hwsim.physics.object import OBJECTS, ImagePlane, ThicknessMaps, make_object
from hypothesis import given
from hypothesis import strategies as st

PLANE = ImagePlane((64, 64), 200.0)
SHAPES = [
    ((64, 64), 200.0),
    ((32, 32), 150.0),
    ((7, 11), 1000.0),
    ((1, 64), 200.0),
    ((1, 1), 2000.0),
]


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize(("shape", "pitch_um"), SHAPES)
def test_every_object_can_be_drawn_for_every_panel(
    name: str, shape: tuple[int, int], pitch_um: float
) -> None:
    maps = make_object(name, ImagePlane(shape, pitch_um)).at(0.3)
    assert maps.shape == tuple(maps.oversampling * n for n in shape)
    for material, thickness in maps.thickness_cm.items():
        assert find_material(material)
        assert thickness.dtype == np.float32
        assert np.broadcast_shapes(thickness.shape, maps.shape) == maps.shape
    for part in (maps.coverage, maps.transmission):
        assert part is None or (part.dtype == np.float32 and part.shape == maps.shape)


@pytest.mark.parametrize("name", OBJECTS)
def test_the_same_text_and_time_give_the_same_maps(name: str) -> None:
    for text in (name, f"{name}@rotate"):
        one, other = (make_object(text, PLANE).at(0.7) for _ in range(2))
        for material, thickness in one.thickness_cm.items():
            assert np.array_equal(thickness, other.thickness_cm[material])
        if one.coverage is not None:
            assert np.array_equal(one.coverage, other.coverage)


@given(
    name=st.sampled_from([name for name in OBJECTS if name not in ("edge", "bars")]),
    angle=st.floats(-720, 720),
    x=st.floats(-1e3, 1e3),
    y=st.floats(-1e3, 1e3),
    magnification=st.floats(1, 50),
    pitch=st.floats(1, 5000),
)
def test_no_place_or_scale_makes_an_object_impossible(
    name: str, angle: float, x: float, y: float, magnification: float, pitch: float
) -> None:
    plane = ImagePlane((9, 8), pitch, magnification=magnification)
    text = f"{name}:angle_deg={angle!r},x_mm={x!r},y_mm={y!r}"
    maps = make_object(text, plane).at(1.5)  # its own guards refuse what is negative
    assert maps.shape[0] % 18 == 0


def test_magnification_enlarges_what_has_a_size() -> None:
    covered = []
    for magnification in (1.0, 2.0):
        plane = ImagePlane((64, 64), 200.0, magnification=magnification)
        maps = make_object("letters:text=H,size_mm=3", plane).at(0)
        assert maps.coverage is not None
        covered.append(maps.coverage.sum(dtype=np.float64))
    assert covered[1] == pytest.approx(4 * covered[0], rel=1e-4)


@pytest.mark.parametrize(
    ("text", "shape", "oversampling"),
    [
        ("letters-caep", (64, 64), 2),
        ("pen", (64, 64), 8),
        ("pen", (32, 32), 16),
        ("pen", (7, 11), 16),
        ("pen", (256, 256), 2),
        ("pen@rotate", (64, 64), 2),
        ("joint", (32, 32), 4),
    ],
)
def test_what_varies_and_stands_still_is_drawn_finest(
    text: str, shape: tuple[int, int], oversampling: int
) -> None:
    assert make_object(text, ImagePlane(shape, 100.0)).at(0).oversampling == oversampling


def test_air_is_no_material() -> None:
    for name in ("none", "uniform"):
        maps = make_object(name, PLANE).at(0)
        assert (dict(maps.thickness_cm), maps.coverage, maps.transmission) == ({}, None, None)


def test_an_unknown_object_is_refused_with_a_list() -> None:
    with pytest.raises(ObjectError, match="letters-caep") as caught:
        make_object("letters-xyz", PLANE)
    assert set(OBJECTS) <= set(caught.value.known)


@pytest.mark.parametrize("text", ["pen@spin", "edge@spin:deg_s=3"])
def test_an_unknown_motion_is_refused_with_a_list(text: str) -> None:
    with pytest.raises(ObjectError, match="@scan, @line, @rotate, @raster"):
        make_object(text, PLANE)


@pytest.mark.parametrize("text", ["edge:angle=3", "none:size_mm=2", "pen@rotate:rpm=4", "edge:=3"])
def test_an_unknown_key_is_refused_with_a_list(text: str) -> None:
    with pytest.raises(UnknownKeyError, match="the settings are"):
        make_object(text, PLANE)


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(UnknownKeyError, match="given twice"):
        make_object("edge:angle_deg=3,angle_deg=4", PLANE)


@pytest.mark.parametrize(
    "text",
    [
        "edge:angle_deg=steep",
        "edge:angle_deg",
        "edge:material=",
        "bars:lp_mm=1/x",
        "wedge:steps=2.5",
        "letters@raster:serpentine=maybe",
    ],
)
def test_a_value_of_the_wrong_type_is_refused(text: str) -> None:
    with pytest.raises(BadValueError):
        make_object(text, PLANE)


@pytest.mark.parametrize("name", ["slab", "edge", "bars", "wedge", "disks", "letters"])
def test_a_material_may_be_chosen_but_must_exist(name: str) -> None:
    assert "copper" in make_object(f"{name}:material=copper", PLANE).at(0).thickness_cm
    with pytest.raises(UnknownMaterialError):
        make_object(f"{name}:material=unobtainium", PLANE)


@pytest.mark.parametrize(
    "settings",
    [
        {"shape": (0, 4)},
        {"shape": (4, 0)},
        {"pitch_um": 0},
        {"pitch_um": float("nan")},
        {"magnification": 0.9},
        {"magnification": 1001},
        {"focal_spot_um": -1},
        {"focal_spot_um": 4001, "magnification": 2},
    ],
)
def test_a_plane_that_cannot_be_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UnphysicalError):
        ImagePlane(**{"shape": (4, 4), "pitch_um": 100.0, **settings})


@pytest.mark.parametrize(
    "maps",
    [
        {"thickness_cm": {"steel": np.float32([[-1e-6]])}},
        {"thickness_cm": {"steel": np.float32([[np.nan]])}},
        {"coverage": np.full((4, 4), 1.01, np.float32)},
        {"coverage": np.full((4, 4), -0.01, np.float32)},
        {"transmission": np.full((4, 4), 1.01, np.float32)},
        {"transmission": np.full((4, 4), -0.01, np.float32)},
        {"oversampling": 3},
    ],
)
def test_maps_that_cannot_be_are_refused(maps: dict[str, object]) -> None:
    with pytest.raises(UnphysicalError):
        ThicknessMaps(**{"shape": (4, 4), "oversampling": 2, "thickness_cm": {}, **maps})


def test_an_at_sign_in_a_path_is_no_motion(tmp_path: Path) -> None:
    path = tmp_path / "me@home.npy"
    np.save(path, np.ones((4, 4)))
    assert not make_object(str(path), PLANE).moving
    assert make_object(f"{path}@rotate", PLANE).moving
