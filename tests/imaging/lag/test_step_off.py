from __future__ import annotations

import math

import numpy as np
import pytest
from fpxi_imaging import ShapeMismatchError
from fpxi_imaging.lag.errors import NoStepError, TimeStampsError, TooFewLagFramesError
from fpxi_imaging.lag.step_off import after_exposure, find_steps, last_step

EXPOSURE_US, PERIOD_US = 10_000, 20_000


def levels_of(*parts: tuple[int, float], noise: float = 0.5) -> np.ndarray:
    random = np.random.default_rng(7)
    levels = np.concatenate([np.full(count, level) for count, level in parts])
    return levels + random.normal(0, noise, levels.size)


def times(levels: np.ndarray) -> np.ndarray:
    return 5_000_000 + np.arange(levels.size) * PERIOD_US


def test_a_step_between_two_frames() -> None:
    levels = levels_of((20, 1000.0), (30, 10.0))
    (step,) = find_steps(levels, times(levels), EXPOSURE_US)
    assert step.partial is None
    assert step.lit.tolist() == list(range(20))
    assert step.after.tolist() == list(range(20, 50))
    assert step.off_us == times(levels)[20]
    assert math.isinf(step.exposure_s)


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.9])
def test_a_frame_exposed_in_part_is_left_out_and_tells_when_the_beam_went_off(
    share: float,
) -> None:
    levels = levels_of((20, 1000.0), (1, 1000.0 * share), (30, 10.0))
    (step,) = find_steps(levels, times(levels), EXPOSURE_US)
    assert step.partial == 20
    assert step.lit[-1] == 19
    assert step.after[0] == 21
    assert step.off_us == pytest.approx(times(levels)[20] + share * EXPOSURE_US, abs=30)


def test_an_exposure_that_begins_in_the_sequence_has_its_length() -> None:
    levels = levels_of((10, 0.0), (1, 300.0), (40, 1000.0), (30, 10.0))
    (step,) = find_steps(levels, times(levels), EXPOSURE_US)
    assert step.exposure_s == pytest.approx(40 * PERIOD_US * 1e-6)
    assert step.lit[0] > 11
    assert len(step.lit) == 32


def test_of_several_exposures_the_last_counts() -> None:
    levels = levels_of((10, 1000.0), (30, 10.0), (12, 1000.0), (25, 10.0))
    assert len(find_steps(levels, times(levels), EXPOSURE_US)) == 2
    step = last_step(levels, times(levels), EXPOSURE_US, 10)
    assert (step.after[0], step.after[-1]) == (52, 76)


def test_a_frame_in_which_the_beam_comes_on_again_is_none_after_the_exposure() -> None:
    levels = levels_of((10, 1000.0), (30, 10.0), (1, 400.0), (5, 1000.0))
    (step,) = find_steps(levels, times(levels), EXPOSURE_US)
    assert step.after[-1] == 39
    one_between = levels_of((10, 1000.0), (1, 10.0), (5, 1000.0))
    (step,) = find_steps(one_between, times(one_between), EXPOSURE_US)
    assert step.after.tolist() == [10]


def test_frames_lost_where_the_beam_goes_off_are_refused() -> None:
    levels = levels_of((20, 1000.0), (30, 10.0))
    stamps = times(levels)
    stamps[20:] += PERIOD_US
    with pytest.raises(TimeStampsError, match="missing where the beam goes off"):
        last_step(levels, stamps, EXPOSURE_US, 10)
    stamps = times(levels)
    stamps[25:] += PERIOD_US
    assert last_step(levels, stamps, EXPOSURE_US, 10).after[0] == 20


def test_frames_without_a_level_are_passed_over() -> None:
    levels = levels_of((20, 1000.0), (30, 10.0))
    levels[[3, 20, 30]] = np.nan
    (step,) = find_steps(levels, times(levels), EXPOSURE_US)
    assert 3 not in step.lit
    assert step.after[0] == 21
    assert 30 not in step.after


@pytest.mark.parametrize(
    "levels",
    [
        levels_of((50, 1000.0)),
        levels_of((50, 0.0)),
        levels_of((20, 0.0), (30, 1000.0)),
        100 * np.exp(-np.arange(60) / 20.0),
    ],
    ids=["beam never off", "beam never on", "beam goes on", "a decay without its exposure"],
)
def test_without_a_step_off_the_frames_are_refused(levels: np.ndarray) -> None:
    with pytest.raises(NoStepError, match="no step-off"):
        find_steps(levels, times(levels), EXPOSURE_US)


def test_too_few_frames_are_refused() -> None:
    levels = levels_of((20, 1000.0), (9, 10.0))
    with pytest.raises(TooFewLagFramesError, match=r"9 usable frame.* after"):
        last_step(levels, times(levels), EXPOSURE_US, 10)
    levels = levels_of((2, 1000.0), (20, 10.0))
    with pytest.raises(TooFewLagFramesError, match=r"2 usable frame.* before"):
        last_step(levels, times(levels), EXPOSURE_US, 10)


def test_times_that_do_not_rise_are_refused() -> None:
    levels = levels_of((20, 1000.0), (20, 10.0))
    stamps = times(levels)
    stamps[7] = stamps[6]
    with pytest.raises(TimeStampsError, match="frame 7"):
        find_steps(levels, stamps, EXPOSURE_US)
    with pytest.raises(ShapeMismatchError):
        find_steps(levels, stamps[1:], EXPOSURE_US)
    with pytest.raises(TimeStampsError, match="exposure of 0 us"):
        find_steps(levels, times(levels), 0)


def test_the_first_whole_frames_after_every_exposure_are_averaged() -> None:
    levels = np.concatenate([np.full(n, v) for n, v in [(9, 500.0), (9, 4.0)] * 2])
    frames = levels[:, None, None] * np.ones((1, 3, 3))
    frames[9, 1, 1], frames[27, 1, 1] = 40.0, 60.0
    frames[9, 2, 2] = np.nan
    frames[26, 0, 0] = 250.0
    found = after_exposure(frames, times(levels), EXPOSURE_US, good=np.ones((3, 3), bool))
    assert found.steps == 2
    assert found.mean[1, 1] == 50.0
    assert found.mean[2, 2] == 4.0
