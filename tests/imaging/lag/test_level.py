"""The level of a step-off beside those of the flats."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from fpxi_imaging import Conditions, FlatLevel, GainMethod, GainModel, Grade, Shading
from fpxi_imaging.lag.level import level_verdict

AT = Conditions("tiny", "SN-7", 2500, 1, -12345, 27301)


def gain(*targets: float) -> GainModel:
    ones = np.ones((2, 2), np.float32)
    taken = datetime(2026, 1, 2, tzinfo=UTC)
    levels = tuple(FlatLevel(2 * each, each, 8, 0.0, AT, taken) for each in targets)
    return GainModel(
        ones, ones, targets[-1], 1.0, GainMethod.LINEAR, Shading.REMOVED, levels, conditions=AT
    )


@pytest.mark.parametrize("level", [801.0, 1000.0, 4000.0, 4999.0])
def test_a_level_among_those_of_the_flats_is_good(level: float) -> None:
    verdict = level_verdict(level, gain(1000.0, 4000.0))
    assert verdict.grade is Grade.GOOD
    assert verdict.text == f"the lag is that of {level:.0f} counts, the flats have 1000 to 4000"


@pytest.mark.parametrize(
    ("level", "apart", "side"), [(500.0, 2.0, "below"), (12_000.0, 3.0, "above")]
)
def test_a_level_of_another_tube_current_is_usable_and_said_so(
    level: float, apart: float, side: str
) -> None:
    verdict = level_verdict(level, gain(1000.0, 4000.0))
    assert (verdict.grade, verdict.measured) == (Grade.USABLE, apart)
    assert f"so far {side} them" in verdict.text
    assert "at the tube current of the flats" in verdict.text


def test_of_one_level_of_flats_that_level_is_said() -> None:
    assert "the flats have 1000: so far above" in level_verdict(2000.0, gain(1000.0)).text
