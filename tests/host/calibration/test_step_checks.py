"""The dose that is advised where flats are too bright."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from fpxi.calibration.plan import RunStep, StepKind
from fpxi.calibration.run_errors import FlatTooBrightError
from fpxi.calibration.step_checks import StepChecks
from fpxi.calibration.watching import Watched
from fpxi_imaging import CheckLimits, Conditions, FrameStack

FULL_SCALE = 1000
SHAPE = (10, 10)
DARK = RunStep(StepKind.DARK, "dark", 4, 8000)
FLAT = RunStep(StepKind.FLAT, "flat", 4, 8000, 1.0)


def watched(level: float, saturated: int = 0) -> Watched:
    """Frames of about one level, some pixels at full scale."""
    stack = FrameStack(SHAPE)
    random = np.random.default_rng(4)
    for _ in range(4):
        samples = random.normal(level, 2, SHAPE).clip(0, FULL_SCALE)
        samples.flat[:saturated] = FULL_SCALE
        stack.add(samples.astype(np.uint16), np.ones(SHAPE[0], np.bool_))
    conditions = Conditions("tiny", "A1", 8000, 0, 0, 25_000)
    return Watched(stack, np.ones(SHAPE, np.bool_), conditions, datetime.now(UTC))


@pytest.mark.parametrize(
    ("level", "saturated", "limits", "advised", "clipped"),
    [
        (950, 0, {}, (700 - 100) / (950 - 100), False),
        (950, 20, {}, (700 - 100) / (950 - 100), False),
        (1200, 100, {}, (700 - 100) / (1000 - 100), True),
        (500, 20, {}, (700 - 100) / (1000 - 100), True),
        (500, 0, {"brightest_flat": 0.4}, (400 - 100) / (500 - 100), False),
    ],
)
def test_the_advised_dose_is_a_bound_where_pixels_are_clipped(
    level: float, saturated: int, limits: dict[str, float], advised: float, clipped: bool
) -> None:
    checks = StepChecks(FULL_SCALE, None, CheckLimits(**limits))  # type: ignore[arg-type]
    checks.judge(DARK, watched(100))
    with pytest.raises(FlatTooBrightError) as caught:
        checks.look(FLAT, watched(level, saturated))
    assert caught.value.advised == pytest.approx(advised, rel=0.01)
    assert caught.value.clipped == clipped
    assert ("or less" in str(caught.value)) == clipped
