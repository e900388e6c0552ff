"""The board's own tests, in words."""

from __future__ import annotations

import pytest
from fpxi.self_test.board import describe
from fpxi.self_test.report import Outcome
from fpxi_readout.protocol import generated
from fpxi_readout.protocol.generated import BoardTest


@pytest.mark.parametrize(
    ("outcome", "held", "sound", "told", "text"),
    [
        (
            generated.TestOutcome.PASSED,
            0,
            0,
            Outcome.PASSED,
            "no set is saved: the defaults are in force",
        ),
        (generated.TestOutcome.PASSED, 2, 2, Outcome.PASSED, "2 of 2 saved sets are sound"),
        (generated.TestOutcome.FAILED, 2, 1, Outcome.FAILED, "1 of 2 saved sets are sound"),
    ],
)
def test_the_parameter_store_says_how_many_sets_there_are(
    outcome: generated.TestOutcome, held: int, sound: int, told: Outcome, text: str
) -> None:
    result = generated.TestResult(
        test=BoardTest.STORAGE, outcome=outcome, expected=held, measured=sound
    )
    check = describe(BoardTest.STORAGE, result)
    assert (check.outcome, check.text) == (told, text)
