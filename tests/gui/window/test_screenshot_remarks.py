"""What is told of a screenshot that is not as it was asked for, and when it is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fpxi_gui.screenshot import ScreenshotOrder, ScreenshotTaker
from fpxi_imaging import Averaging, Processing

AVERAGED = Processing(averaging=Averaging.recursive(2))
NO_MORE = "average of 1 of 2 frames; no more frames came"
TOO_FAST = "1 of 3 frames came too fast to be corrected"


@pytest.fixture
def taken() -> list[str]:
    """One entry a picture that was saved or refused."""
    return []


@pytest.fixture
def taker(live: Any, tmp_path: Path, taken: list[str]) -> ScreenshotTaker:
    order = ScreenshotOrder(tmp_path / "window.png", frames=2)
    made = ScreenshotTaker(live.window, order, lambda: taken.append("done"))
    made._timer.stop()  # it looks when a test has it look
    return made


def deliver(live: Any, ramp: Any, averaged_frames: int, **counted: int) -> None:
    live.rig.session.deliver(ramp, processing=AVERAGED, averaged_frames=averaged_frames)
    live.rig.session.counted |= counted
    live.settle()


def test_it_waits_for_the_picture_of_the_last_frame_that_was_asked_for(
    live: Any, ramp: Any, taker: ScreenshotTaker, taken: list[str]
) -> None:
    deliver(live, ramp, 2, preview_reached=1)
    taker._look()
    assert taken == [], "two frames came, but the picture is of the first"
    live.rig.session.counted["preview_reached"] = 2
    live.settle()
    taker._look()
    assert taken == ["done"]
    assert (taker.error, taker.note) == (None, "")


def test_it_waits_for_all_frames_of_what_has_ended(
    live: Any, ramp: Any, taker: ScreenshotTaker, taken: list[str]
) -> None:
    deliver(live, ramp, 1)
    deliver(live, ramp, 1, preview_reached=2)
    live.rig.controller.device.ended = True
    live.settle()
    taker._look()
    assert taken == [], "the third frame may fill the average"
    live.rig.session.counted["preview_reached"] = 3
    live.settle()
    taker._look()
    assert taken == ["done"]
    assert NO_MORE in taker.note


@pytest.mark.parametrize(
    ("averaged_frames", "missed", "told", "untold"),
    [
        (2, 0, "", "frames"),
        (1, 0, NO_MORE, TOO_FAST),
        (2, 1, TOO_FAST, "average"),
        (1, 1, TOO_FAST, "no more"),
    ],
)
def test_the_remark_gives_the_true_reason(
    live: Any,
    ramp: Any,
    taker: ScreenshotTaker,
    averaged_frames: int,
    missed: int,
    told: str,
    untold: str,
) -> None:
    deliver(live, ramp, averaged_frames)
    deliver(live, ramp, averaged_frames, preview_missed=missed)
    live.rig.controller.device.ended = True
    live.settle()
    taker._look()
    assert told in taker.note
    assert untold not in taker.note
