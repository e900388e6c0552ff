"""Calibrations of maps that were made elsewhere: what is refused, and what stays unknown."""

from collections.abc import Callable
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest

SHAPE = (6, 8)
Make = Callable[..., im.Calibration]


@pytest.fixture
def make() -> Make:
    def of_maps(**changes: Any) -> im.Calibration:
        maps: dict[str, Any] = {"offset": np.full(SHAPE, 100.0), "gain": np.ones(SHAPE)}
        return im.calibration_from_maps(
            **{**maps, "normalisation": 1000.0, "saturation_level": 16383, **changes}
        )

    return of_maps


def test_maps_alone_are_enough(make: Make) -> None:
    made = make()
    frame = np.full(SHAPE, 600, np.uint16)
    values, flags = im.correct_frame(frame, made.resolve(made.conditions))
    np.testing.assert_array_equal(values, 500)
    assert not flags.any()


def test_what_is_not_stated_is_known_as_such(make: Make) -> None:
    made = make()
    at = made.conditions
    assert (at.panel, at.serial_number, at.exposure_us, at.cds) == ("", "", *2 * [im.NOT_STATED])
    assert (made.dark_frames, made.flat_frames) == (0, 0)
    assert made.gains[0].method is im.GainMethod.GIVEN
    assert made.gains[0].shading is im.Shading.NOT_STATED
    assert np.isnan(made.darks[0].uncertainty).all()
    stated = im.Conditions("p", "1", 10_000, 0, 0, 25_000)
    with pytest.raises(im.CalibrationMismatchError, match="exposure: not stated in the"):
        made.resolve(stated)


def test_noise_that_is_given_lets_zingers_be_rejected(make: Make) -> None:
    processing = im.Processing(zinger_sigma=6)
    frames = np.full((3, *SHAPE), 600, np.uint16)
    frames[1, 2, 3] = 900
    made = make(dark_noise=4.0, noise_per_count=0.5)
    found = im.correct_stack(frames, made.resolve(made.conditions), processing)
    assert np.argwhere(found.flags == im.PixelFlag.ZINGER).tolist() == [[1, 2, 3]]
    assert found.values[1, 2, 3] == 500
    bare = make()
    with pytest.raises(im.NoNoiseModelError, match="calibration_from_maps dark_noise"):
        im.correct_stack(frames, bare.resolve(bare.conditions), processing)


def test_noise_is_kept_as_it_was_given(make: Make) -> None:
    noise = np.arange(48, dtype=np.float32).reshape(SHAPE)
    np.testing.assert_array_equal(make(dark_noise=noise).darks[0].noise, noise)


@pytest.mark.parametrize("gain", [0.0, -1.0, np.nan, np.inf])
def test_a_good_pixel_without_a_usable_gain_is_named(make: Make, gain: float) -> None:
    wrong = np.ones(SHAPE)
    wrong[2, 5] = wrong[4, 1] = gain
    with pytest.raises(im.MapValueError, match="row 2, column 5") as caught:
        make(gain=wrong)
    assert (caught.value.name, caught.value.pixels) == ("gain", 2)
    make(gain=wrong, defects=wrong != 1)
    make(gain=wrong, not_imaging=wrong != 1)


@pytest.mark.parametrize(("name", "value"), [("offset", np.nan), ("dark_noise", -1.0)])
def test_other_maps_are_looked_at_too(make: Make, name: str, value: float) -> None:
    wrong = np.ones(SHAPE)
    wrong[0, 0] = value
    with pytest.raises(im.MapValueError, match=f"{name} must be a finite number"):
        make(**{name: wrong})


def test_a_mask_the_wrong_way_round_is_named(make: Make) -> None:
    bad = np.zeros(SHAPE, bool)
    bad[0, :3] = True
    make(defects=bad)
    with pytest.raises(im.DefectMaskError, match="3 good pixels of 48") as caught:
        make(defects=~bad)
    assert (caught.value.good, caught.value.pixels) == (3, 48)
    make(defects=~bad, limits=im.CheckLimits(most_defective=0.95))


def test_a_mask_that_leaves_nothing_is_refused(make: Make) -> None:
    with pytest.raises(im.DefectMaskError, match="0 good pixels of 0"):
        make(not_imaging=np.ones(SHAPE, bool))


@pytest.mark.parametrize("name", ["defects", "not_imaging"])
def test_a_mask_must_be_of_bool_and_of_the_maps_shape(make: Make, name: str) -> None:
    with pytest.raises(im.ArrayLayoutError, match="mask != 0"):
        make(**{name: np.zeros(SHAPE, np.uint8)})
    with pytest.raises(im.ShapeMismatchError, match=name):
        make(**{name: np.zeros((3, 8), bool)})


def test_noise_per_count_below_0_is_refused(make: Make) -> None:
    with pytest.raises(im.SettingError, match="noise_per_count"):
        make(noise_per_count=-0.1)


@pytest.mark.parametrize(
    "options", [{"method": im.GainMethod.GIVEN}, {"shading": im.Shading.NOT_STATED}]
)
def test_frames_are_not_calibrated_by_what_is_not_known(options: dict[str, Any]) -> None:
    with pytest.raises(im.SettingError, match="by which it can be made"):
        im.GainOptions(**options)


@pytest.mark.parametrize("shape", [(5,), (0, 4), (2, 3, 4)])
def test_maps_are_images(make: Make, shape: tuple[int, ...]) -> None:
    with pytest.raises(im.ImagingError, match="non-empty image"):
        make(offset=np.ones(shape), gain=np.ones(shape))
