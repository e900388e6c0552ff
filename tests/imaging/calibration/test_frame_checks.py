from collections.abc import Callable
from datetime import UTC, datetime

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.calibration.evenness import check_evenness
from fpxi_imaging.calibration.frame_checks import (
    check_alive,
    check_dark_drift,
    check_flat_drift,
    check_series,
    trend,
)

SHAPE = (21, 28)
IMAGING = np.ones(SHAPE, bool)
LIMITS = im.CheckLimits()
Stack = Callable[..., im.FrameStack]


def frames(count: int, level: float, noise: float, drift: float = 0.0) -> np.ndarray:
    """Return frames whose level rises by `drift` from the first to the last, counts."""
    levels = level + drift * np.linspace(-0.5, 0.5, count)[:, None, None]
    return np.random.default_rng(2).normal(levels, noise, (count, *SHAPE)).round()


def series(stack: im.FrameStack, conditions: im.Conditions) -> im.FrameSeries:
    return im.FrameSeries(stack, conditions, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_number_of_frames_is_judged(make_stack: Stack, conditions: im.Conditions) -> None:
    for count, grade in ((30, im.Grade.GOOD), (29, im.Grade.USABLE)):
        stack = make_stack(frames(count, 300, 3))
        verdict = check_series(series(stack, conditions), "darks", IMAGING, 60_000, LIMITS)
        assert (verdict.grade, verdict.measured) == (grade, count)


def test_a_series_all_of_whose_pixels_saturate_is_told_from_one_with_many(
    make_stack: Stack, conditions: im.Conditions
) -> None:
    taken = frames(4, 300, 3)
    taken[:, :3] = 65535
    with pytest.raises(im.SaturatedError) as caught:
        check_series(series(make_stack(taken), conditions), "flats", IMAGING, 60_000, LIMITS)
    assert not isinstance(caught.value, im.AllSaturatedError)
    taken[:] = 65535
    with pytest.raises(im.AllSaturatedError, match="lower the dose"):
        check_series(series(make_stack(taken), conditions), "flats", IMAGING, 60_000, LIMITS)


def test_a_panel_that_always_reads_the_same_is_dead(make_stack: Stack) -> None:
    still = make_stack(np.full((3, *SHAPE), 17))
    with pytest.raises(im.AllDeadError, match="cable"):
        check_alive([still], [still], IMAGING)
    check_alive([still], [make_stack(np.full((3, *SHAPE), 18))], IMAGING)
    check_alive([still], [make_stack(frames(3, 17, 2))], IMAGING)


def test_a_trend_is_found_with_its_error(make_stack: Stack) -> None:
    found = trend(make_stack(frames(40, 300, 3, drift=2.0)))
    assert found is not None
    assert found.drift == pytest.approx(2, abs=4 * found.error)
    assert 0 < found.error < 0.4
    assert trend(make_stack(frames(3, 300, 3))) is None


@pytest.mark.parametrize(
    ("drift", "grade"), [(0.0, im.Grade.GOOD), (1.5, im.Grade.USABLE), (6.0, None)]
)
def test_drift_of_darks(drift: float, grade: im.Grade | None, make_stack: Stack) -> None:
    stack = make_stack(frames(40, 300, 3, drift))
    if grade is None:
        with pytest.raises(im.DriftError, match="warm up") as caught:
            check_dark_drift(stack, IMAGING, LIMITS)
        assert caught.value.drift == pytest.approx(6, abs=0.5)
    else:
        assert check_dark_drift(stack, IMAGING, LIMITS).grade is grade


@pytest.mark.parametrize(
    ("drift", "grade"), [(0.0, im.Grade.GOOD), (300.0, im.Grade.USABLE), (700.0, None)]
)
def test_drift_of_flats(drift: float, grade: im.Grade | None, make_stack: Stack) -> None:
    stack, offset = make_stack(frames(40, 10_300, 30, drift)), np.full(SHAPE, 300.0)
    if grade is None:
        with pytest.raises(im.DriftError) as caught:
            check_flat_drift(stack, offset, IMAGING, LIMITS)
        assert caught.value.drift == pytest.approx(7, abs=0.1)
    else:
        assert check_flat_drift(stack, offset, IMAGING, LIMITS).grade is grade


def test_drift_of_frames_with_missing_rows_is_not_judged(make_stack: Stack) -> None:
    stack = im.FrameStack(SHAPE)
    for frame in frames(10, 300, 3, 50):
        stack.add(frame.astype(np.uint16), np.arange(SHAPE[0]) != 4)
    verdict = check_dark_drift(stack, IMAGING, LIMITS)
    assert verdict.grade is im.Grade.USABLE
    assert "not judged" in verdict.text


def flat(uneven: float = 1.2, film: float = 0.02) -> np.ndarray:
    """Return a flat that varies from left to right by this factor, and this much by pixel."""
    slope = np.linspace(1, uneven, 56) * np.ones((42, 1))
    pixels: np.ndarray = 1e4 * slope * np.random.default_rng(5).normal(1, film, slope.shape)
    return pixels


def test_an_even_flat_is_good_and_a_steep_one_doubtful() -> None:
    used = np.ones((42, 56), bool)
    assert [v.grade for v in check_evenness(flat(), used, LIMITS)] == [im.Grade.GOOD] * 2
    assert check_evenness(flat(1.6), used, LIMITS)[0].grade is im.Grade.USABLE


def test_a_flat_that_varies_too_much_is_refused() -> None:
    with pytest.raises(im.UnevenFlatError, match=r"factor of 2\.5"):
        check_evenness(flat(2.5), np.ones((42, 56), bool), LIMITS)


def test_an_object_in_the_beam_is_refused_and_placed() -> None:
    shadowed = flat()
    shadowed[14:24, 20:30] *= 0.7
    with pytest.raises(im.UnevenFlatError, match="around row 17, column 24") as caught:
        check_evenness(shadowed, np.ones((42, 56), bool), LIMITS)
    text = str(caught.value)
    assert 0 < text.index("Take everything out of the beam") < text.index("--limit")


def test_broken_lines_and_single_pixels_are_no_object() -> None:
    broken = flat()
    broken[10:15] = 3
    broken[np.random.default_rng(1).random(broken.shape) < 0.03] = 0
    assert check_evenness(broken, np.ones((42, 56), bool), LIMITS)[1].grade is im.Grade.GOOD


def test_an_uneven_film_is_no_object() -> None:
    blotches = np.random.default_rng(4).normal(1, 0.12, (6, 8)).repeat(7, 0).repeat(7, 1)
    verdict = check_evenness(flat() * blotches, np.ones((42, 56), bool), LIMITS)[1]
    assert verdict.grade is im.Grade.USABLE
    assert verdict.measured > 20
    assert "as those of an uneven film do, and none stands out" in verdict.text


def test_a_block_that_stands_out_of_an_even_flat_is_placed() -> None:
    faint = flat()
    faint[14:21, 21:28] *= 0.85
    verdict = check_evenness(faint, np.ones((42, 56), bool), LIMITS)[1]
    assert verdict.grade is im.Grade.USABLE
    assert "row 17, column 24 stands out of the others" in verdict.text


def test_a_band_of_dim_lines_is_broken_or_in_the_shadow_of_a_bar() -> None:
    used = np.ones((42, 56), bool)
    for lines, grade in ((6, im.Grade.GOOD), (7, im.Grade.USABLE)):
        banded = flat()
        banded[:, :lines] *= 0.02
        _, clear = check_evenness(banded, used, LIMITS)
        assert clear.grade is grade
    assert "7 rows or columns side by side" in clear.text
