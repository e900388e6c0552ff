import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest

CREATED = datetime(2026, 3, 4, tzinfo=UTC)
SHAPE = (24, 30)


@pytest.fixture
def build(
    make_stack: Callable[..., im.StackMean], conditions: im.Conditions
) -> Callable[..., im.Calibration]:
    """Return a calibration builder for stacks given as arrays of frames."""

    def make(dark: Any, flat: Any, **changes: Any) -> im.Calibration:
        stacks = [make_stack(s) if isinstance(s, np.ndarray) else s for s in (dark, flat)]
        options: dict[str, Any] = {
            "not_imaging": np.zeros(SHAPE, bool),
            "saturation_level": 60_000,
            "conditions": conditions,
            "created": CREATED,
        }
        return im.build_calibration(*stacks, **options | changes)

    return make


@pytest.fixture
def frames() -> tuple[np.ndarray, np.ndarray]:
    """Return darks and flats of a panel with fixed pattern and noise."""
    rng = np.random.default_rng(5)
    offset = rng.normal(300, 30, SHAPE)
    response = rng.normal(20_000, 600, SHAPE)
    dark = rng.normal(offset, 3, (40, *SHAPE))
    flat = rng.normal(offset + response, 40, (30, *SHAPE))
    return dark.round().astype(np.uint16), flat.round().astype(np.uint16)


Build = Callable[..., im.Calibration]
Frames = tuple[np.ndarray, np.ndarray]


def test_a_pixel_whose_darks_are_cut_off_at_zero_is_defective(build: Build, frames: Frames) -> None:
    dark, flat = frames
    dark[:4, 0, 0] = 0  # a tenth of 40
    dark[:5, 1, 1] = 0
    defects = build(dark, flat, thresholds=im.DefectThresholds(noise=1000.0)).defects
    assert np.argwhere(defects).tolist() == [[1, 1]]


def test_darks_of_zero_are_an_offset_where_the_panel_has_no_noise(
    build: Build, frames: Frames
) -> None:
    dark, flat = frames
    assert not build(np.zeros_like(dark), flat).defects.any()


def test_the_corrected_flat_is_flat_in_counts_of_the_median_pixel(
    build: Build, frames: Frames
) -> None:
    dark, flat = frames
    calibration = build(dark, flat)
    response = flat.mean(axis=0) - dark.mean(axis=0)
    assert not calibration.defects.any()
    assert calibration.normalisation == pytest.approx(np.median(response), rel=1e-12)
    np.testing.assert_allclose(calibration.offset, dark.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(calibration.gain, np.median(response) / response, rtol=1e-6)
    assert (calibration.dark_frames, calibration.flat_frames) == (40, 30)
    values, flags = im.correct_frame(flat[0], calibration.resolve(calibration.conditions))
    assert not flags.any()
    assert values.std() < 60  # noise alone; the fixed pattern was 600


def test_defects_and_process_ring_have_no_gain(build: Build, frames: Frames) -> None:
    dark, flat = frames
    flat[:, 5, 6] = dark[: len(flat), 5, 6]
    ring = np.zeros(SHAPE, bool)
    ring[0] = True
    calibration = build(dark, flat, not_imaging=ring)
    assert np.argwhere(calibration.defects).tolist() == [[5, 6]]
    np.testing.assert_array_equal(np.isnan(calibration.gain), calibration.defects | ring)


def test_a_pixel_that_saturates_in_a_single_flat_is_a_defect(build: Build, frames: Frames) -> None:
    dark, flat = frames
    flat[3, 5, 6] = 60_000
    assert np.argwhere(build(dark, flat).defects).tolist() == [[5, 6]]


def test_one_dark_and_one_flat_suffice(build: Build, frames: Frames) -> None:
    assert not build(frames[0][:1], frames[1][:1]).defects.any()


def test_the_thresholds_used_are_kept(build: Build, frames: Frames) -> None:
    thresholds = im.DefectThresholds(over_response=1.01)
    calibration = build(*frames, thresholds=thresholds)
    assert calibration.thresholds == thresholds
    assert calibration.defects.any()


class TestRefusedFrames:
    @pytest.mark.parametrize("name", ["dark", "flat"])
    def test_no_frames(self, name: str, build: Build, frames: Frames) -> None:
        stacks: dict[str, Any] = dict(zip(("dark", "flat"), frames, strict=True))
        with pytest.raises(im.NotEnoughFramesError) as caught:
            build(**stacks | {name: im.StackMean(SHAPE)})
        assert (caught.value.stack, len(caught.value.rows)) == (name, SHAPE[0])

    def test_a_row_in_no_frame(self, build: Build, frames: Frames) -> None:
        flat = im.StackMean(SHAPE)
        flat.add(frames[1][0], np.arange(SHAPE[0]) != 7)
        with pytest.raises(im.NotEnoughFramesError) as caught:
            build(frames[0], flat)
        assert caught.value.rows == (7,)

    def test_shapes_that_differ(self, build: Build, frames: Frames) -> None:
        with pytest.raises(im.ShapeMismatchError) as caught:
            build(frames[0], np.ascontiguousarray(frames[1][:, 1:]))
        assert caught.value.name == "flat"
        with pytest.raises(im.ShapeMismatchError) as caught:
            build(*frames, not_imaging=np.zeros((2, 2), bool))
        assert caught.value.name == "not_imaging"

    def test_dark_and_flat_swapped(self, build: Build, frames: Frames) -> None:
        dark, flat = frames
        with pytest.raises(im.FlatNotBrighterError) as caught:
            build(flat, dark)
        assert caught.value.response < 0

    def test_beam_off(self, build: Build, frames: Frames) -> None:
        with pytest.raises(im.FlatNotBrighterError):
            build(frames[0][:20], frames[0][20:])

    @pytest.mark.parametrize("name", ["dark", "flat"])
    def test_saturated(self, name: str, build: Build, frames: Frames) -> None:
        stacks: dict[str, Any] = dict(zip(("dark", "flat"), frames, strict=True))
        stacks[name][0, :2] = 65535
        with pytest.raises(im.SaturatedError) as caught:
            build(**stacks)
        assert caught.value.stack == name
        assert caught.value.fraction == pytest.approx(2 / SHAPE[0])

    def test_too_many_defects(self, build: Build, frames: Frames) -> None:
        dark, flat = frames
        flat[:, ::2, ::2] = 2000
        flat[:, 1::2, 1::2] = 50_000
        with pytest.raises(im.TooManyDefectsError) as caught:
            build(dark, flat, thresholds=im.DefectThresholds(most_defective=0.4))
        assert caught.value.fraction == pytest.approx(0.5)

    def test_nothing_but_process_ring(self, build: Build, frames: Frames) -> None:
        with pytest.raises(im.CalibrationError, match="not imaging"):
            build(*frames, not_imaging=np.ones(SHAPE, bool))


class TestCalibration:
    def test_arrays_are_read_only_copies(self, make_calibration: Build) -> None:
        offset = np.zeros((4, 5), np.float32)
        calibration = make_calibration(offset=offset)
        offset[:] = 9
        assert not calibration.offset.any()
        with pytest.raises(ValueError, match="read-only"):
            calibration.gain[0, 0] = 2

    def test_time_is_kept_as_utc(self, make_calibration: Build) -> None:
        east = timezone(timedelta(hours=5))
        calibration = make_calibration(created=datetime(2026, 1, 1, 3, tzinfo=east))
        assert calibration.created == datetime(2025, 12, 31, 22, tzinfo=UTC)
        assert calibration.created.tzinfo is UTC

    @pytest.mark.parametrize("name", ["gain", "defects", "not_imaging"])
    def test_arrays_of_several_shapes_are_refused(self, name: str, make_calibration: Build) -> None:
        with pytest.raises(im.ShapeMismatchError) as caught:
            make_calibration(**{name: np.ones((4, 6))})
        assert caught.value.name == name

    @pytest.mark.parametrize("shape", [(5,), (0, 5), (2, 2, 2)])
    def test_what_is_no_image_is_refused(
        self, shape: tuple[int, ...], make_calibration: Build
    ) -> None:
        with pytest.raises(im.CalibrationError):
            make_calibration(shape)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("saturation_level", 0),
            ("saturation_level", 65536),
            ("normalisation", 0.0),
            ("normalisation", np.nan),
            ("created", datetime(2026, 1, 1)),
        ],
    )
    def test_settings_out_of_range_are_refused(
        self, name: str, value: Any, make_calibration: Build
    ) -> None:
        with pytest.raises(im.SettingError) as caught:
            make_calibration(**{name: value})
        assert caught.value.name == name

    @pytest.mark.parametrize("name", ["offset", "gain"])
    def test_a_good_pixel_must_have_offset_and_gain(
        self, name: str, make_calibration: Build
    ) -> None:
        array = np.ones((4, 5))
        array[1, 2] = np.nan
        with pytest.raises(im.CalibrationError, match="finite"):
            make_calibration(**{name: array})
        make_calibration(**{name: array}, defects=np.isnan(array))


class TestRequireMatch:
    def test_equal_conditions_match(self, make_calibration: Build) -> None:
        calibration = make_calibration()
        calibration.resolve(calibration.conditions)

    @pytest.mark.parametrize(
        ("name", "value", "tolerance"),
        [
            ("panel", "cmos32", 0),
            ("serial_number", "A2", 0),
            ("exposure_us", 100_001, 0),
            ("gain_setting", 3, 0),
            ("bias_mV", -50_101, 100),
            ("temperature_mC", 27_001, 2000),
        ],
    )
    def test_each_difference_is_named(
        self, name: str, value: Any, tolerance: int, make_calibration: Build
    ) -> None:
        calibration = make_calibration()
        actual = dataclasses.replace(calibration.conditions, **{name: value})
        with pytest.raises(im.CalibrationMismatchError) as caught:
            calibration.resolve(actual)
        calibrated = getattr(calibration.conditions, name)
        assert caught.value.mismatches == (im.Mismatch(name, calibrated, value, tolerance),)
        assert all(str(text) in str(caught.value) for text in (name, value, calibrated))

    def test_all_differences_are_named_at_once(self, make_calibration: Build) -> None:
        calibration = make_calibration()
        actual = im.Conditions("x", "y", 0, 0, 0, 0)
        with pytest.raises(im.CalibrationMismatchError) as caught:
            calibration.resolve(actual)
        assert len(caught.value.mismatches) == 6

    def test_differences_within_tolerance_match(self, make_calibration: Build) -> None:
        calibration = make_calibration()
        warmer = dataclasses.replace(calibration.conditions, temperature_mC=30_000, bias_mV=-50_100)
        calibration.resolve(warmer, im.Tolerances(temperature_mC=5000))


@pytest.mark.parametrize("name", ["binning", "cds", "oversampling"])
def test_sampling_that_changes_counts_must_be_as_calibrated(make_calibration, conditions, name):
    other = dataclasses.replace(conditions, **{name: getattr(conditions, name) + 1})
    with pytest.raises(im.CalibrationMismatchError, match=name) as caught:
        make_calibration().resolve(other)
    assert [mismatch.name for mismatch in caught.value.mismatches] == [name]


def test_where_the_region_lies_is_no_mismatch(make_calibration, conditions):
    make_calibration().resolve(dataclasses.replace(conditions, first_row=7, first_column=9))
