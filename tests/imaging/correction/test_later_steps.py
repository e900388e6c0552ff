"""Logarithm, orientation, and the memory of zingers, motion and medians."""

import itertools
import tracemalloc
from collections.abc import Callable
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging import PixelFlag as F
from fpxi_imaging.correction import _sharing
from fpxi_imaging.correction.turning import turned
from hypothesis import given, settings
from hypothesis import strategies as st

Calibrate = Callable[..., im.ResolvedCalibration]
SHAPE = (40, 70)


def noisy_calibration(make_resolved: Calibrate, seed: int) -> im.ResolvedCalibration:
    rng = np.random.default_rng(seed)
    return make_resolved(
        SHAPE,
        offset=np.full(SHAPE, 100.0),
        defects=rng.random(SHAPE) < 0.05,
        not_imaging=rng.random(SHAPE) < 0.02,
        dark_noise=3.0,
        noise_per_count=1.0,
    )


def correct(
    corrector: im.Corrector, frames: Any, received: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the last frame's values and flags."""
    out, flags = np.empty(corrector.shape, np.float32), np.empty(corrector.shape, np.uint8)
    if received is None:
        received = np.ones(corrector.calibration.shape[0], bool)
    for frame in frames:
        corrector.correct(np.asarray(frame, np.uint16), received, out=out, flags=flags)
    return out, flags


def frames_about(level: float, count: int, shape: tuple[int, int] = SHAPE, seed: int = 1) -> Any:
    """Poisson frames on an offset of 100 counts."""
    return np.random.default_rng(seed).poisson(level, (count, *shape)) + 100


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.booleans(),
    columns=st.booleans(),
    rotate_deg=st.sampled_from([0, 90, 180, 270]),
    threads=st.integers(1, 3),
)
def test_attenuation_and_turning_are_what_numpy_makes_of_transmission(
    seed: int, rows: bool, columns: bool, rotate_deg: int, threads: int, make_resolved: Calibrate
) -> None:
    rng = np.random.default_rng(seed)
    calibration = noisy_calibration(make_resolved, seed)
    samples = rng.choice([0, 60, 100, 101, 5000, 65535], SHAPE)
    received = rng.random(SHAPE[0]) > 0.1
    plain = im.Corrector(calibration, im.Processing(scale=im.Scale.TRANSMISSION))
    transmission, flags = correct(plain, [samples], received)
    orientation = im.Orientation(rows, columns, rotate_deg)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sharing, "LEAST_PIXELS", 1)
        corrector = im.Corrector(
            calibration,
            im.Processing(scale=im.Scale.ATTENUATION, orientation=orientation),
            threads=threads,
        )
    actual, actual_flags = correct(corrector, [samples], received)
    low = transmission <= 0
    with np.errstate(all="ignore"):
        expected = np.where(low, np.nan, -np.log(transmission))
    flags[low] |= np.uint8(F.NO_LOGARITHM)
    np.testing.assert_array_equal(actual_flags, turned(flags, orientation))
    np.testing.assert_allclose(actual, turned(expected, orientation), rtol=1e-6, atol=1e-6)


def test_a_turned_picture_is_not_written_into_the_shape_before(make_resolved: Calibrate) -> None:
    corrector = im.Corrector(
        make_resolved((4, 5)), im.Processing(orientation=im.Orientation(rotate_deg=90))
    )
    assert corrector.shape == (5, 4)
    out, flags = np.full((4, 5), 7, np.float32), np.full((4, 5), 7, np.uint8)
    samples, received = np.ones((4, 5), np.uint16), np.ones(4, bool)
    with pytest.raises(im.ShapeMismatchError):
        corrector.correct(samples, received, out=out, flags=flags)
    assert (out == 7).all()
    assert (flags == 7).all()
    narrow = np.full((5, 8), 7, np.float32)[:, ::2]
    with pytest.raises(im.ArrayLayoutError):
        corrector.correct(samples, received, out=narrow, flags=np.empty((5, 4), np.uint8))


def test_a_spike_of_one_frame_is_replaced_and_a_step_is_kept(make_resolved: Calibrate) -> None:
    calibration = make_resolved((3, 3), dark_noise=3.0, noise_per_count=1.0)
    corrector = im.Corrector(calibration, im.Processing(zinger_sigma=6))
    steady = np.full((3, 3), 1000)
    spiked = steady.copy()
    spiked[1, 1] = 65535
    correct(corrector, [steady] * 3)
    values, flags = correct(corrector, [spiked])
    assert values[1, 1] == 1000
    assert flags[1, 1] == F.ZINGER  # no saturated count is in the value
    assert (np.delete(flags.reshape(-1), 4) == 0).all()
    values, flags = correct(corrector, [steady])
    assert not flags.any()
    first, first_flags = correct(corrector, [steady * 3])
    assert (first == 1000).all()
    assert (first_flags == F.ZINGER).all()
    second, second_flags = correct(corrector, [steady * 3])
    assert (second == 3000).all()
    assert not second_flags.any()


def test_a_fall_is_no_zinger_and_is_followed_from_its_second_frame(
    make_resolved: Calibrate,
) -> None:
    calibration = make_resolved((1, 1), dark_noise=3.0, noise_per_count=1.0)
    corrector = im.Corrector(calibration, im.Processing(zinger_sigma=6))
    for frame in (1000, 1000, 100, 100):
        values, flags = correct(corrector, [[[frame]]])
        assert (values[0, 0], flags[0, 0]) == (frame, 0)
    assert correct(corrector, [[[1000]]])[1][0, 0] == F.ZINGER


def test_what_comes_back_after_a_frame_without_beam_is_no_zinger(make_resolved: Calibrate) -> None:
    calibration = make_resolved((1, 1), dark_noise=3.0, noise_per_count=1.0)
    corrector = im.Corrector(calibration, im.Processing(zinger_sigma=6))
    for frame in (1000, 1000, 0, 1000, 0, 1000):
        values, flags = correct(corrector, [[[frame]]])
        assert values[0, 0] == frame
        assert flags[0, 0] & F.ZINGER == 0


def test_a_zinger_that_saturates_marks_the_average_as_a_zinger_alone(
    make_resolved: Calibrate,
) -> None:
    calibration = make_resolved((1, 1), dark_noise=3.0, noise_per_count=1.0)
    averaging = im.Averaging.recursive(8)
    for sigma, expected in ((6, F.ZINGER), (None, F.SATURATED)):
        corrector = im.Corrector(
            calibration, im.Processing(zinger_sigma=sigma, averaging=averaging)
        )
        _, flags = correct(corrector, [[[1000]]] * 4 + [[[65535]]] + [[[1000]]])
        assert flags[0, 0] == expected


def test_reset_forgets_what_zingers_stand_out_of(make_resolved: Calibrate) -> None:
    calibration = make_resolved((1, 1), dark_noise=3.0, noise_per_count=1.0)
    corrector = im.Corrector(calibration, im.Processing(zinger_sigma=6))
    correct(corrector, [[[100]]] * 3)
    corrector.reset()
    values, flags = correct(corrector, [[[5000]]])
    assert (values[0, 0], flags[0, 0]) == (5000, 0)


def test_a_still_image_is_averaged_and_a_moved_one_starts_anew(make_resolved: Calibrate) -> None:
    calibration = noisy_calibration(make_resolved, 2)
    corrector = im.Corrector(
        calibration, im.Processing(averaging=im.Averaging.recursive(16, 2.5), repair=False)
    )
    still, flags = correct(corrector, frames_about(1000, 32))
    good = flags == 0
    assert np.std(still[good]) < 1000**0.5 / 4
    moved, _ = correct(corrector, frames_about(3000, 1))
    assert abs(np.mean(moved[good]) - 3000) < 10
    assert np.std(moved[good]) > 3000**0.5 * 0.9


@pytest.mark.parametrize("edge", [np.s_[:, 0], np.s_[:, -1], np.s_[0], np.s_[-1]])
def test_motion_is_seen_in_the_pixels_beside_it_up_to_the_edge(
    edge: Any, make_resolved: Calibrate
) -> None:
    shape = (5, 6)
    calibration = make_resolved(shape, dark_noise=3.0, noise_per_count=1.0)
    corrector = im.Corrector(calibration, im.Processing(averaging=im.Averaging.recursive(4, 2.5)))
    correct(corrector, [np.full(shape, 1000)] * 8)
    frame = np.full(shape, 1010)
    frame[edge] = 3000
    padded = np.pad(frame == 3000, 1)
    near = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).any(axis=(2, 3))
    values, _ = correct(corrector, [frame])
    np.testing.assert_array_equal(values, np.where(near, frame, 1002.5))


LATER = [
    im.Processing(zinger_sigma=6),
    im.Processing(averaging=im.Averaging.recursive(4, 2.0)),
    im.Processing(averaging=im.Averaging.median(3)),
]


@pytest.mark.parametrize("processing", LATER, ids=["zingers", "motion", "median"])
@pytest.mark.parametrize("strided", ["samples", "row_received", "out", "flags"])
def test_arrays_with_gaps_are_refused_by_name(
    processing: im.Processing, strided: str, make_resolved: Calibrate
) -> None:
    corrector = im.Corrector(make_resolved((4, 6), dark_noise=1.0), processing)
    arrays: dict[str, Any] = {
        "samples": np.full((4, 6), 9, np.uint16),
        "row_received": np.ones(4, bool),
        "out": np.full((4, 6), 7, np.float32),
        "flags": np.full((4, 6), 7, np.uint8),
    }
    arrays[strided] = np.repeat(arrays[strided], 2, axis=-1)[..., ::2]
    with pytest.raises(im.ArrayLayoutError, match=f"^{strided} must be"):
        corrector.correct(**arrays)
    assert (arrays["out"] == 7).all()
    assert corrector.averaged_frames == 0


def test_saturation_is_forgotten_where_the_average_begins_anew(make_resolved: Calibrate) -> None:
    calibration = make_resolved((3, 3), dark_noise=3.0, noise_per_count=1.0)
    corrector = im.Corrector(calibration, im.Processing(averaging=im.Averaging.recursive(8, 2.5)))
    _, flags = correct(corrector, [np.full((3, 3), 65535)] * 3)
    assert (flags == F.SATURATED).all()
    values, flags = correct(corrector, [np.full((3, 3), 500)])
    assert not flags.any()
    assert (values == 500).all()


def test_a_median_ignores_a_minority_and_rows_that_did_not_come(make_resolved: Calibrate) -> None:
    corrector = im.Corrector(make_resolved((2, 1)), im.Processing(averaging=im.Averaging.median(5)))
    there = np.array([True, False])
    correct(corrector, [[[10], [7]], [[50_000], [9]], [[30], [8]]])
    values, _ = correct(corrector, [[[20], [999]]], there)
    np.testing.assert_array_equal(values, [[25], [8]])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 31])
def test_a_median_is_that_of_numpy(count: int, make_resolved: Calibrate) -> None:
    shape = (3, 700)  # more than are sorted together
    frames = np.random.default_rng(count).integers(0, 65536, (count + 2, *shape))
    corrector = im.Corrector(
        make_resolved(shape), im.Processing(averaging=im.Averaging.median(count))
    )
    for taken in range(1, count + 1):
        values, _ = correct(corrector, frames[taken - 1 : taken])
        np.testing.assert_array_equal(values, np.median(frames[:taken], axis=0))
    values, _ = correct(corrector, frames[count:])
    np.testing.assert_array_equal(values, np.median(frames[2:], axis=0))


@pytest.mark.parametrize(
    "processing",
    [im.Processing(zinger_sigma=6), im.Processing(averaging=im.Averaging.recursive(4, 2.5))],
)
def test_steps_that_need_the_noise_are_refused_without_it(
    processing: im.Processing, make_resolved: Calibrate
) -> None:
    with pytest.raises(im.NoNoiseModelError, match="calibrate with"):
        im.Corrector(make_resolved((2, 2)), processing)
    im.Corrector(make_resolved((2, 2), dark_noise=1.0), processing)
    im.Corrector(make_resolved((2, 2), noise_per_count=1.0), processing)


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.nan, np.inf])
def test_an_impossible_number_of_sigma_is_refused(sigma: float) -> None:
    with pytest.raises(im.SettingError):
        im.Processing(zinger_sigma=sigma)
    with pytest.raises(im.SettingError):
        im.Averaging.recursive(4, sigma)


def test_averages_that_cannot_be_made_are_refused() -> None:
    with pytest.raises(im.SettingError):
        im.Averaging(im.AveragingMode.BLOCK, 4, motion_sigma=2.5)
    with pytest.raises(im.SettingError):
        im.Averaging.recursive(65, 2.5)
    with pytest.raises(im.SettingError):
        im.Averaging.median(32)


def test_no_step_allocates_for_each_frame(make_resolved: Calibrate) -> None:
    shape = (256, 256)
    calibration = make_resolved(
        shape, defects=np.eye(256, dtype=bool), dark_noise=3.0, noise_per_count=1.0
    )
    averagings = (im.Averaging.recursive(4, 2.5), im.Averaging.median(5))
    for sigma, averaging in itertools.product((None, 6.0), averagings):
        processing = im.Processing(
            zinger_sigma=sigma,
            averaging=averaging,
            scale=im.Scale.ATTENUATION,
            orientation=im.Orientation(rotate_deg=90),
        )
        corrector = im.Corrector(calibration, processing)
        samples, received = np.full(shape, 500, np.uint16), np.ones(256, bool)
        out, flags = np.empty(shape, np.float32), np.empty(shape, np.uint8)
        corrector.correct(samples, received, out=out, flags=flags)
        tracemalloc.start()
        try:
            for _ in range(5):
                corrector.correct(samples, received, out=out, flags=flags)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 20_000


@pytest.mark.parametrize("shape", [(4, 5), (5,), (1, 2, 4, 5)])
def test_a_stack_that_is_none_is_told_what_to_do(
    make_resolved: Callable[..., im.ResolvedCalibration], shape: tuple[int, ...]
) -> None:
    with pytest.raises(im.ArrayLayoutError, match=r"for one frame: correct_frame, or stack\[np"):
        im.correct_stack(np.zeros(shape, np.uint16), make_resolved())
