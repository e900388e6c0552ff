"""Images and arrays as transmission or as thickness."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from fpxi_hwsim.errors import ObjectError, UnknownMaterialError, UnphysicalError
from fpxi_hwsim.physics.object import ImagePlane, make_object
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

PLANE = ImagePlane((64, 64), 200.0)


def pixels_of(fine: np.ndarray | None) -> np.ndarray:
    assert fine is not None
    o = fine.shape[0] // 64
    return fine.reshape(64, o, 64, o).mean(axis=(1, 3))


def transmission_of(path: object) -> np.ndarray:
    return pixels_of(make_object(str(path), PLANE).at(0).transmission)


def test_an_image_file_is_averaged_over_the_pixels_and_white_transmits_all(tmp_path: Path) -> None:
    image = np.zeros((128, 128), np.uint8)
    image[:, 64:] = 255
    image[::2, :64] = 102  # mean 0.2
    Image.fromarray(image).save(tmp_path / "half.png")
    transmission = transmission_of(tmp_path / "half.png")
    np.testing.assert_allclose(transmission[:, 32:], 1)
    np.testing.assert_allclose(transmission[:, :32], 0.2, atol=1e-6)


def test_an_image_of_16_bits_keeps_its_depth(tmp_path: Path) -> None:
    Image.fromarray(np.full((64, 64), 257, np.uint16)).save(tmp_path / "deep.png")
    np.testing.assert_allclose(transmission_of(tmp_path / "deep.png"), 257 / 65535, rtol=1e-5)


def test_a_wide_image_keeps_its_proportions_and_has_air_above_and_below(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((50, 200), np.uint8)).save(tmp_path / "wide.png")
    assert np.array_equal(
        transmission_of(tmp_path / "wide.png") == 0,
        np.repeat([False, True, False], [24, 16, 24])[:, None] & np.ones(64, bool),
    )


def test_an_image_of_a_material_is_thickest_where_it_is_black(tmp_path: Path) -> None:
    image = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))
    path = tmp_path / "ramp.png"
    Image.fromarray(image).save(path)
    maps = make_object(f"image:path={path},material=copper,thickness_mm=2", PLANE).at(0)
    assert maps.transmission is None
    expected = 0.2 * (1 - image / 255)
    np.testing.assert_allclose(pixels_of(maps.thickness_cm["copper"]), expected, atol=1e-6)


def test_an_array_is_a_transmission_or_millimetres_of_a_material(tmp_path: Path) -> None:
    values = np.random.default_rng(1).random((32, 32))
    path = tmp_path / "map.npy"
    np.save(path, values)
    pixels = values.repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_allclose(transmission_of(path), pixels, atol=1e-6)
    np.save(path, 5 * values)
    maps = make_object(f"image:path={path},material=bone", PLANE).at(0)
    np.testing.assert_allclose(pixels_of(maps.thickness_cm["bone"]), 0.5 * pixels, atol=1e-6)


def test_a_picture_is_placed_turned_and_sized(tmp_path: Path) -> None:
    path = tmp_path / "dot.npy"
    np.save(path, np.zeros((8, 16)))
    text = f"image:path={path},width_mm=4,x_mm=2,y_mm=1,angle_deg=90"
    hidden = pixels_of(make_object(text, PLANE).at(0).transmission) < 0.5
    rows, columns = np.nonzero(hidden)
    assert (rows.min(), rows.max()) == (27, 46)  # 4 mm high about y = 1 mm
    assert (columns.min(), columns.max()) == (37, 46)  # 2 mm wide about x = 2 mm


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_a_right_turn_of_a_picture_is_a_turn_of_its_values(tmp_path: Path, turn: int) -> None:
    values = np.random.default_rng(2).random((64, 64))
    np.save(tmp_path / "a.npy", values)
    turned = make_object(f"image:path={tmp_path / 'a.npy'},angle_deg={turn}", PLANE).at(0)
    np.testing.assert_allclose(
        pixels_of(turned.transmission), np.rot90(values, turn // 90), atol=1e-5
    )


def test_a_picture_stays_as_it_was_when_it_was_put_in_the_beam(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((4, 4)))
    placed = make_object(f"{path}@rotate", PLANE)
    path.unlink()
    assert pixels_of(placed.at(0).transmission)[32, 32] == 0


@given(angle=st.floats(-180, 180), width=st.floats(0.01, 9e3), x=st.floats(-20, 20))
def test_an_opaque_picture_of_any_size_is_opaque_and_no_more(
    angle: float, width: float, x: float
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.npy"
        np.save(path, np.zeros((5, 7)))
        text = f"image:path={path},width_mm={width!r},angle_deg={angle!r},x_mm={x!r}"
        transmission = pixels_of(make_object(text, PLANE).at(0).transmission)
    area = width**2 * 5 / 7
    if abs(x) < 1 and width < 7:
        assert (1 - transmission).sum() * 0.04 == pytest.approx(area, rel=0.1, abs=0.05)
    assert transmission.max() <= 1


def test_a_missing_file_is_refused() -> None:
    for text in ("image", "image:path=/no/such.png", "/no/such.png"):
        with pytest.raises(ObjectError, match="no such"):
            make_object(text, PLANE)


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    for name in ("notes.png", "notes.npy"):
        (tmp_path / name).write_text("not an image")
        with pytest.raises(ObjectError, match="not readable"):
            make_object(str(tmp_path / name), PLANE)


def test_a_transmission_above_one_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 1.5, np.float32)).save(tmp_path / "bright.tif")
    with pytest.raises(ObjectError, match="between 0 and 1"):
        make_object(str(tmp_path / "bright.tif"), PLANE)


def test_an_image_without_an_agreed_white_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 70_000, np.int32)).save(tmp_path / "wide.tif")
    with pytest.raises(ObjectError, match="8 or 16 bits"):
        make_object(str(tmp_path / "wide.tif"), PLANE)


@pytest.mark.parametrize("values", [np.ones(4), np.ones((2, 0)), np.ones((2, 2), complex)])
def test_an_array_that_is_no_map_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(ObjectError, match="two-dimensional"):
        make_object(str(tmp_path / "a.npy"), PLANE)


@pytest.mark.parametrize("value", [-0.1, np.nan, 1e5, 1e300])
def test_a_thickness_that_is_none_is_refused(tmp_path: Path, value: float) -> None:
    np.save(tmp_path / "a.npy", np.full((2, 2), value))
    with pytest.raises(ObjectError, match="from 0 to 10000"):
        make_object(f"image:path={tmp_path / 'a.npy'},material=steel", PLANE)


def test_pictures_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.ones((2, 2)))
    for settings in (
        "width_mm=0",
        "material=steel,thickness_mm=-1",
        "material=steel,thickness_mm=1e39",
    ):
        with pytest.raises(UnphysicalError):
            make_object(f"image:path={path},{settings}", PLANE)
    with pytest.raises(UnknownMaterialError):
        make_object(f"image:path={path},material=unobtainium", PLANE)
