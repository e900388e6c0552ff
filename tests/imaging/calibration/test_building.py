from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest

CREATED = datetime(2026, 3, 4, tzinfo=UTC)
SHAPE = (24, 30)
LENIENT = im.CheckLimits(most_defective=0.4, most_uneven=99, most_local_residual=99)


@pytest.fixture
def build(
    make_stack: Callable[..., im.FrameStack], conditions: im.Conditions
) -> Callable[..., im.Calibration]:
    """Return a calibration builder for stacks given as arrays of frames."""

    def make(dark: Any, flat: Any, **changes: Any) -> im.Calibration:
        darks, flats = (
            [im.FrameSeries(make_stack(s) if isinstance(s, np.ndarray) else s, conditions, CREATED)]
            for s in (dark, flat)
        )
        options: dict[str, Any] = {
            "not_imaging": np.zeros(SHAPE, bool),
            "saturation_level": 60_000,
            "created": CREATED,
        }
        return im.build_calibration(darks, flats, **options | changes)

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
    defects = build(dark, flat, thresholds=im.DefectThresholds(noise=1000.0)).defects.mask
    assert np.argwhere(defects).tolist() == [[1, 1]]


def test_darks_of_zero_are_an_offset_where_the_panel_has_no_noise(
    build: Build, frames: Frames
) -> None:
    dark, flat = frames
    assert not build(np.zeros_like(dark), flat).defects.mask.any()


def test_the_corrected_flat_is_flat_in_counts_of_the_median_pixel(
    build: Build, frames: Frames
) -> None:
    dark, flat = frames
    calibration = build(dark, flat)
    response = flat.mean(axis=0) - dark.mean(axis=0)
    assert not calibration.defects.mask.any()
    assert calibration.normalisation == pytest.approx(np.median(response), rel=1e-7)
    np.testing.assert_allclose(calibration.darks[0].mean, dark.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(calibration.gains[0].gain, np.median(response) / response, rtol=1e-6)
    assert (calibration.dark_frames, calibration.flat_frames) == (40, 30)
    values, flags = im.correct_frame(flat[0], calibration.resolve(calibration.conditions))
    assert not flags.any()
    assert values.std() < 60  # noise alone; the fixed pattern was 600


def test_the_process_ring_has_no_gain_and_no_defects(build: Build, frames: Frames) -> None:
    dark, flat = frames
    flat[:, 5, 6] = dark[: len(flat), 5, 6]
    ring = np.zeros(SHAPE, bool)
    ring[0] = True
    calibration = build(dark, flat, not_imaging=ring)
    assert np.argwhere(calibration.defects.mask).tolist() == [[5, 6]]
    assert np.isnan(calibration.gains[0].gain[ring]).all()


def test_a_pixel_that_saturates_in_a_single_flat_is_a_defect(build: Build, frames: Frames) -> None:
    dark, flat = frames
    flat[3, 5, 6] = 60_000
    assert np.argwhere(build(dark, flat).defects.mask).tolist() == [[5, 6]]


def test_the_thresholds_used_are_kept(build: Build, frames: Frames) -> None:
    thresholds = im.DefectThresholds(over_response=1.01)
    calibration = build(*frames, thresholds=thresholds)
    assert calibration.thresholds == thresholds
    assert calibration.defects.mask.any()


class TestRefusedFrames:
    @pytest.mark.parametrize("name", ["dark", "flat"])
    def test_no_frames(self, name: str, build: Build, frames: Frames) -> None:
        stacks: dict[str, Any] = dict(zip(("dark", "flat"), frames, strict=True))
        with pytest.raises(im.NotEnoughFramesError) as caught:
            build(**stacks | {name: im.FrameStack(SHAPE)})
        assert (caught.value.stack, len(caught.value.rows)) == (name, SHAPE[0])

    @pytest.mark.parametrize("name", ["dark", "flat"])
    def test_one_frame(self, name: str, build: Build, frames: Frames) -> None:
        stacks: dict[str, Any] = dict(zip(("dark", "flat"), frames, strict=True))
        with pytest.raises(im.TooFewFramesError, match=f"{name}s series has 1 frame") as caught:
            build(**stacks | {name: stacks[name][:1]})
        assert (caught.value.frames, caught.value.required) == (1, 2)

    def test_a_row_in_no_frame(self, build: Build, frames: Frames) -> None:
        flat = im.FrameStack(SHAPE)
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
            build(
                dark,
                flat,
                limits=im.CheckLimits(most_defective=0.4, most_uneven=99, most_local_residual=99),
            )
        assert caught.value.fraction == pytest.approx(0.5)

    def test_nothing_but_process_ring(self, build: Build, frames: Frames) -> None:
        with pytest.raises(im.CalibrationError, match="not imaging"):
            build(*frames, not_imaging=np.ones(SHAPE, bool))
