"""Pictures of the gallery: exposure, correction, scans, greys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fpxi
import numpy as np
import pytest
from fpxi.gallery.drawing import NO_VALUE, NOT_IMAGING, contact_sheet, draw
from fpxi.gallery.exposure import FEW_ABOVE, GOOD, choose_exposure
from fpxi.gallery.pictures import Bench, Picture, scan_of
from fpxi_hwsim.presets import find_preset
from fpxi_imaging import PixelFlag


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(find_preset("cmos32"), tmp_path, frames=4)
    made.prepare()
    return made


def test_the_exposure_suits_the_open_beam() -> None:
    with fpxi.open("sim:cmos32?time=virtual&object=none") as session:
        session.set("exposure_us", 60_000_000)
        exposure_us = choose_exposure(session)
        assert session.get("exposure_us") == exposure_us
        with session.frames(1) as frames:
            session.start(1, reliable=True)
            (frame,) = frames
        assert session.geometry is not None
        level = np.percentile(frame.samples, FEW_ABOVE) / session.geometry.full_scale
    assert GOOD[0] <= level <= GOOD[1]


def test_a_picture_is_corrected_and_says_how_it_was_taken(bench: Bench) -> None:
    picture = bench.take("letters-hust")
    assert bench.calibration is not None
    imaging = np.isfinite(picture.values)
    assert imaging.sum() == 30 * 30
    assert picture.dose_Gy == pytest.approx(
        4 * picture.dose_rate_Gy_s * picture.settings["exposure_us"] * 1e-6
    )
    assert np.ptp(picture.values[imaging]) > 0.2 * np.max(picture.values[imaging])


def test_the_url_of_a_picture_gives_its_frames_again(bench: Bench) -> None:
    first, second = (bench.take("edge").values for _ in range(2))
    assert np.array_equal(first, second, equal_nan=True)


def test_of_a_moving_object_four_frames_are_shown(bench: Bench) -> None:
    picture = bench.take("edge@rotate:deg_s=90")
    assert picture.values.shape == (65, 65)
    first, last = picture.values[:32, :32], picture.values[33:, 33:]
    inner = (slice(4, 28), slice(4, 28))
    assert np.abs(first[inner] - last[inner]).mean() > 0.1 * np.nanmax(picture.values)


def test_a_row_of_pixels_is_drawn_over_the_object(tmp_path: Path) -> None:
    made = Bench(find_preset("line64"), tmp_path, frames=4)
    made.prepare()
    picture = made.take("letters-hust")
    assert picture.values.shape == (64, 64)
    assert "@raster:columns=1,rows=64,dwell_ms=" in picture.url
    stem_of_H, beside = picture.values[6:26, 6:26].min(axis=1), np.nanmax(picture.values)
    assert (stem_of_H < 0.5 * beside).all()


@pytest.mark.parametrize(
    ("shape", "scan"), [((64, 64), None), ((1, 64), (1, 64)), ((1, 1), (32, 32)), ((7, 11), (3, 5))]
)
def test_small_panels_are_moved_over_the_object(
    shape: tuple[int, int], scan: tuple[int, int] | None
) -> None:
    preset = find_preset("tft64")
    geometry = replace(preset.geometry, rows=shape[0], columns=shape[1])
    made = scan_of(replace(preset, geometry=geometry))
    assert (made and (made.columns, made.rows)) == scan


def plain(values: np.ndarray[tuple[int, int], np.dtype[np.float32]], flag: int = 0) -> Picture:
    return Picture(
        preset="p",
        object="o",
        values=values,
        flags=np.where(np.isnan(values), flag, 0).astype(np.uint8),
        url="sim:p",
        settings={"exposure_us": 1},
        range="r",
        dose_rate_Gy_s=1.0,
        dose_frames=1,
        how="",
    )


def test_greys_run_from_black_to_white_between_robust_levels() -> None:
    drawn = draw(plain(np.arange(10_000, dtype=np.float32).reshape(100, 100)))
    grey = np.asarray(drawn.image)
    assert (grey.min(), grey.max()) == (0, 255)
    assert (drawn.low, drawn.high) == pytest.approx((100, 9900), abs=5)
    assert (np.diff(grey.astype(int).ravel()) >= 0).all()


@pytest.mark.parametrize(
    ("flag", "colour"), [(PixelFlag.MISSING, NO_VALUE), (PixelFlag.NOT_IMAGING, NOT_IMAGING)]
)
def test_a_pixel_without_a_value_has_a_colour(flag: int, colour: tuple[int, int, int]) -> None:
    values = np.arange(9, dtype=np.float32).reshape(3, 3)
    values[1, 1] = np.nan
    assert draw(plain(values, flag)).image.getpixel((1, 1)) == colour


def test_the_contact_sheet_has_a_place_for_every_picture() -> None:
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    one = draw(plain(values))
    assert contact_sheet([one, one]).size == contact_sheet([one]).size
