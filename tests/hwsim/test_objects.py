"""Objects in the beam: named ones, and image files as maps of transmission."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim.errors import ObjectError
from fpxi_hwsim.objects import EDGE_ANGLE_DEG, OBJECTS, STEEL_TRANSMISSION, transmission_of
from PIL import Image

SHAPE = (64, 64)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("shape", [(64, 64), (32, 32)])
def test_every_object_is_a_transmission_of_the_panels_shape(
    name: str, shape: tuple[int, int]
) -> None:
    transmission = transmission_of(name, shape)
    assert transmission.shape == shape
    assert transmission.dtype == np.float32
    assert transmission.min() >= 0
    assert transmission.max() <= 1


@pytest.mark.parametrize("name", ["letters-caep", "letters-hust"])
def test_letters_show_steel_in_each_quarter_and_air_between_them(name: str) -> None:
    transmission = transmission_of(name, SHAPE)
    quarters = [part for half in np.split(transmission, 2) for part in np.split(half, 2, axis=1)]
    for quarter in quarters:
        assert quarter.min() == pytest.approx(STEEL_TRANSMISSION)
        assert 0.6 < quarter.mean() < 0.95
    assert all(not np.array_equal(quarters[0], other) for other in quarters[1:])


def test_the_edge_has_its_angle_and_passes_through_the_centre() -> None:
    transmission = transmission_of("edge", SHAPE)
    edge_column = 64 - transmission.sum(axis=1, dtype=np.float64)
    slope, middle = np.polyfit(np.arange(64) - 31.5, edge_column, 1)
    assert math.degrees(math.atan(slope)) == pytest.approx(EDGE_ANGLE_DEG, abs=1e-3)
    assert middle == pytest.approx(32, abs=1e-3)


def test_an_image_file_is_averaged_over_the_pixels_and_white_transmits_all(tmp_path: Path) -> None:
    image = np.zeros((128, 128), np.uint8)
    image[:, 64:] = 255
    image[::2, :64] = 102  # mean 0.2
    Image.fromarray(image).save(tmp_path / "half.png")
    transmission = transmission_of(str(tmp_path / "half.png"), SHAPE)
    np.testing.assert_allclose(transmission[:, 32:], 1)
    np.testing.assert_allclose(transmission[:, :32], 0.2, atol=1e-6)


def test_an_image_of_16_bits_keeps_its_depth(tmp_path: Path) -> None:
    Image.fromarray(np.full((64, 64), 257, np.uint16)).save(tmp_path / "deep.png")
    transmission = transmission_of(str(tmp_path / "deep.png"), SHAPE)
    np.testing.assert_allclose(transmission, 257 / 65535, rtol=1e-6)


def test_a_wide_image_keeps_its_proportions_and_has_air_above_and_below(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((50, 200), np.uint8)).save(tmp_path / "wide.png")
    transmission = transmission_of(str(tmp_path / "wide.png"), SHAPE)
    assert np.array_equal(
        transmission == 0,
        np.repeat([False, True, False], [24, 16, 24])[:, None] & np.ones(64, bool),
    )


def test_an_unknown_object_is_refused_with_a_list() -> None:
    with pytest.raises(ObjectError, match="letters-caep") as caught:
        transmission_of("letters-xyz", SHAPE)
    assert caught.value.known == tuple(OBJECTS)


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("not an image")
    with pytest.raises(ObjectError, match="not readable"):
        transmission_of(str(tmp_path / "notes.png"), SHAPE)


def test_a_transmission_above_one_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 1.5, np.float32)).save(tmp_path / "bright.tif")
    with pytest.raises(ObjectError, match="between 0 and 1"):
        transmission_of(str(tmp_path / "bright.tif"), SHAPE)


def test_an_image_without_an_agreed_white_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 70_000, np.int32)).save(tmp_path / "wide.tif")
    with pytest.raises(ObjectError, match="8 or 16 bits"):
        transmission_of(str(tmp_path / "wide.tif"), SHAPE)
