from __future__ import annotations

from collections.abc import Callable

import fpxi_imaging as im
import numpy as np
import pytest
from naive_lag import NaiveLag, correct_sequence
from trap_panel import lag_model, trap_frames

MODEL = lag_model((0.03, 0.02, 0.01), (0.02, 0.3, 6.0))
EXPOSURE_US = 10_000
SHAPE = (3, 4)


def pulses(frames: int, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    scene = random.uniform(100, 1000, (frames, *SHAPE))
    return scene * (random.random((frames, 1, 1)) < 0.5)


def test_regular_frames_come_back_exactly() -> None:
    exposures = pulses(200)
    times = np.arange(200) * 20_000
    read = trap_frames(exposures, times, EXPOSURE_US, MODEL, begins_in=exposures[0])
    np.testing.assert_allclose(
        correct_sequence(read, times, EXPOSURE_US, MODEL), exposures, rtol=1e-9, atol=1e-9
    )


def test_irregular_frame_times_come_back_exactly() -> None:
    exposures = pulses(200)
    times = np.cumsum(np.random.default_rng(2).integers(10_000, 900_000, 200))
    read = trap_frames(exposures, times, EXPOSURE_US, MODEL, begins_in=exposures[0])
    np.testing.assert_allclose(
        correct_sequence(read, times, EXPOSURE_US, MODEL), exposures, rtol=1e-9, atol=1e-9
    )


def test_dropped_frames_of_a_lasting_exposure_change_nothing() -> None:
    exposures = np.repeat(pulses(20), 10, axis=0)
    times = np.arange(200) * 20_000
    read = trap_frames(exposures, times, EXPOSURE_US, MODEL, begins_in=exposures[0])
    kept = (np.arange(200) % 10 == 0) | (np.random.default_rng(3).random(200) < 0.5)
    corrected = correct_sequence(read[kept], times[kept], EXPOSURE_US, MODEL)
    np.testing.assert_allclose(corrected, exposures[kept], rtol=1e-9, atol=1e-9)


def test_pixels_with_lag_of_their_own_come_back_exactly() -> None:
    multiplier = np.linspace(0, 6, 12, dtype=np.float32).reshape(SHAPE)
    model = lag_model(MODEL.fractions, MODEL.time_constants_s, multiplier=multiplier)
    exposures, times = pulses(100), np.arange(100) * 20_000
    read = trap_frames(exposures, times, EXPOSURE_US, model, begins_in=exposures[0])
    corrected = correct_sequence(read, times, EXPOSURE_US, model)
    np.testing.assert_allclose(corrected, exposures, rtol=1e-9, atol=1e-9)


def test_the_trap_law_integrated_in_small_steps_gives_the_same_frames() -> None:
    steps, window_s, period_s = 300, EXPOSURE_US * 1e-6, 0.03
    exposures = pulses(4)
    times = np.arange(4) * round(period_s * 1e6)
    charge = np.zeros((3, *SHAPE))
    f = np.array(MODEL.fractions)[:, None, None]
    tau = np.array(MODEL.time_constants_s)[:, None, None]
    step_s = period_s / (3 * steps)
    read = np.zeros(exposures.shape)
    for frame, lit in enumerate(exposures):
        current = lit / window_s
        for step in range(3 * steps):
            middle = charge + (f * current - charge / tau) * step_s / 2
            if step < steps:
                read[frame] += (current - np.sum(f * current - middle / tau, axis=0)) * step_s
            charge += (f * current - middle / tau) * step_s
    expected = trap_frames(exposures, times, EXPOSURE_US, MODEL)
    np.testing.assert_allclose(read, expected, rtol=1e-5, atol=1e-5)


def test_a_lost_row_leaves_the_rest_exact_while_its_exposure_lasts() -> None:
    exposures = np.repeat(pulses(20), 10, axis=0)
    times = np.arange(200) * 20_000
    read = trap_frames(exposures, times, EXPOSURE_US, MODEL, begins_in=exposures[0])
    lost = np.zeros(read.shape, bool)
    lost[5::10, 1] = True
    read[lost] = np.nan
    read[7, 0, 0], lost[7, 0, 0] = np.inf, True
    corrected = correct_sequence(read, times, EXPOSURE_US, MODEL)
    assert np.isnan(corrected[lost]).all()
    np.testing.assert_allclose(corrected[~lost], exposures[~lost], rtol=1e-9, atol=1e-9)


def test_a_pixel_first_seen_later_begins_in_equilibrium() -> None:
    naive = NaiveLag(MODEL, EXPOSURE_US, (1, 2))
    naive.correct(np.array([[np.nan, 100.0]]), 0)
    corrected = naive.correct(np.array([[70.0, 100.0]]), 20_000)
    np.testing.assert_allclose(corrected, [[70.0, 100.0]])


def test_a_constant_exposure_is_left_as_it_is() -> None:
    naive = NaiveLag(MODEL, EXPOSURE_US, (1, 1))
    for frame in range(50):
        assert naive.correct(np.array([[123.0]]), frame * 20_000) == pytest.approx(123.0)


def test_a_time_that_runs_back_starts_anew_and_the_same_time_goes_on() -> None:
    naive = NaiveLag(MODEL, EXPOSURE_US, (1, 1))
    naive.correct(np.array([[1000.0]]), 50_000)
    first = naive.correct(np.array([[10.0]]), 70_000)
    assert first < 0
    assert naive.correct(np.array([[10.0]]), 70_000) == pytest.approx(first)
    assert naive.correct(np.array([[10.0]]), 69_999) == pytest.approx(10.0)


def test_without_components_nothing_is_changed() -> None:
    frames = pulses(5)
    none = lag_model((), ())
    corrected = correct_sequence(frames, np.arange(5) * 20_000, EXPOSURE_US, none)
    np.testing.assert_array_equal(corrected, frames)


def test_the_corrector_agrees_also_over_lost_rows_long_gaps_and_equal_times(
    make_resolved: Callable[..., im.ResolvedCalibration],
) -> None:
    random = np.random.default_rng(5)
    multiplier = random.uniform(0, 3, SHAPE).astype(np.float32)
    model = lag_model(MODEL.fractions, MODEL.time_constants_s, multiplier=multiplier)
    calibration = make_resolved(SHAPE, lag=model)
    corrector = im.Corrector(calibration, im.Processing(lag=True))
    naive = NaiveLag(model, calibration.conditions.exposure_us, SHAPE)
    values, flags = np.empty(SHAPE, np.float32), np.empty(SHAPE, np.uint8)
    steps = random.integers(100_000, 3_000_000, 60)
    steps[::7] = 0  # the same time again
    times = np.cumsum(steps)
    for samples, time_us in zip(random.integers(1, 50_000, (60, *SHAPE)), times, strict=True):
        received = random.random(SHAPE[0]) < 0.7
        corrector.correct(
            samples.astype(np.uint16), received, out=values, flags=flags, time_us=int(time_us)
        )
        expected = naive.correct(np.where(received[:, None], samples, np.nan), int(time_us))
        np.testing.assert_allclose(values, expected, rtol=2e-6, atol=0.05)
