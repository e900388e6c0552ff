from collections.abc import Callable
from datetime import UTC, datetime

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.calibration.clear_beam import check_clear_beam

LIMITS = im.CheckLimits()
FRAMES = 6
OFFSET = 300.0
MakeStack = Callable[[np.ndarray], im.FrameStack]


def flat(
    pattern: np.ndarray, make_stack: MakeStack, *, signal: float = 20_000.0, noise: float = 60.0
) -> im.FrameStack:
    """Return flats of pixels that respond by this pattern."""
    frames = np.random.default_rng(3).normal(
        OFFSET + signal * pattern, noise, (FRAMES, *pattern.shape)
    )
    return make_stack(frames.clip(0, 65_535).round().astype(np.uint16))


def judged(stack: im.FrameStack, limits: im.CheckLimits = LIMITS) -> im.Verdict:
    offset, used = np.full(stack.shape, OFFSET), np.ones(stack.shape, bool)
    return check_clear_beam(stack, offset, used, limits)


def pixels(shape: tuple[int, int], spread: float) -> np.ndarray:
    """Return a pattern of unequal pixels under an uneven beam."""
    heel = np.linspace(1.1, 0.9, shape[0])[:, None]
    pattern: np.ndarray = heel * np.random.default_rng(4).normal(1, spread, shape).clip(0.01)
    return pattern


def with_bars(pattern: np.ndarray, transmission: float = 0.4) -> np.ndarray:
    """Put thin bars over a fifth of the panel: too fine for a block's median."""
    shaded = pattern.copy()
    shaded[::10] *= transmission
    shaded[1::10] *= transmission
    return shaded


def test_a_clear_beam_is_good_whatever_its_heel(make_stack: MakeStack) -> None:
    verdict = judged(flat(pixels((60, 50), 0.05), make_stack))
    assert verdict.grade is im.Grade.GOOD
    assert verdict.measured == 0


def test_an_object_in_the_beam_is_refused(make_stack: MakeStack) -> None:
    stack = flat(with_bars(pixels((60, 50), 0.05)), make_stack)
    with pytest.raises(im.UnevenFlatError, match=r"20% of the pixels.*Take .*--limit most_dep"):
        judged(stack)
    lenient = im.CheckLimits(most_departing=0.3)
    assert judged(stack, lenient).measured == pytest.approx(20, abs=0.5)


def test_dead_and_hot_pixels_are_no_object(make_stack: MakeStack) -> None:
    pattern = pixels((60, 50), 0.05)
    pattern[::3, ::3] = 0.0
    pattern[1::9, 1::9] = 3.2
    assert judged(flat(pattern, make_stack)).grade is im.Grade.GOOD


def test_what_hides_in_noise_is_not_refused_and_said(make_stack: MakeStack) -> None:
    noisy = flat(pixels((1, 64), 0.05), make_stack, signal=500, noise=200)
    verdict = judged(noisy)
    assert verdict.grade is im.Grade.USABLE
    assert "make sure that nothing was" in verdict.text


@pytest.mark.parametrize("seed", range(10))
def test_what_hides_among_unequal_pixels_is_not_refused_and_said(
    make_stack: MakeStack, seed: int
) -> None:
    pattern = np.random.default_rng(seed).normal(1, 0.19, (7, 11))
    assert judged(flat(pattern, make_stack)).grade is im.Grade.USABLE


def test_a_single_pixel_shows_no_shadow_and_that_is_said(make_stack: MakeStack) -> None:
    assert judged(flat(np.ones((1, 1)), make_stack)).grade is im.Grade.USABLE


def test_an_object_in_any_level_is_refused_however_the_calibration_is_made(
    make_stack: MakeStack, conditions: im.Conditions
) -> None:
    pattern = pixels((60, 50), 0.05)
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def build(*patterns: np.ndarray) -> im.Calibration:
        dark = flat(np.zeros_like(pattern), make_stack, noise=4)
        return im.build_calibration(
            [im.FrameSeries(dark, conditions, now)],
            [im.FrameSeries(flat(each, make_stack), conditions, now) for each in patterns],
            not_imaging=np.zeros(pattern.shape, bool),
            saturation_level=65_535,
            created=now,
        )

    made = build(pattern, 0.5 * pattern)
    (verdict,) = (each for each in made.verdicts if each.check == "shadows in the flats")
    assert verdict.grade is im.Grade.GOOD
    with pytest.raises(im.UnevenFlatError, match="an object in the beam"):
        build(pattern, 0.5 * with_bars(pattern))
