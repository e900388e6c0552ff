"""What a capture reports as missing is what its recording lacks, however late it is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fpxi
import numpy as np
import pytest
from fpxi.device_state import DeviceState
from fpxi.tracked_source import TrackedSource
from fpxi.wishes import Wishes
from fpxi_readout.frame import NONE_ABSENT, Absence, Frame

COUNT = 40
WAIT_S = 60.0
LOSSY = "sim:cmos32?drops=0.03&seed=3"


def wait_for_losses(session: fpxi.Session, frames: int) -> None:
    """Take nothing until so many more frames are lost."""
    enough = session.statistics().link.frames_lost + frames
    deadline = time.monotonic() + WAIT_S
    while session.statistics().link.frames_lost < enough:
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("lags_at", [1, COUNT // 2, COUNT])
def test_losses_after_the_last_frame_are_not_the_captures(tmp_path: Path, lags_at: int) -> None:
    def lag(done: int) -> None:
        if done == lags_at:
            wait_for_losses(session, 10)

    with fpxi.open(LOSSY) as session:
        session.set("exposure_us", 1000)
        before = session.statistics().link
        result = session.capture(COUNT, tmp_path / "run.h5", reliable=False, progress=lag)
        lost_in_all = session.statistics().link.frames_lost - before.frames_lost
    with fpxi.read_recording(tmp_path / "run.h5") as reader:
        numbers = reader.column("sequence_number").astype(int)
        rows_missing = int(reader.column("rows_missing").sum())
    absent = numbers[-1] - numbers[0] + 1 - COUNT
    assert (result.first_frame, result.last_frame) == (numbers[0], numbers[-1])
    assert result.frames_lost + result.frames_skipped == absent == np.diff(numbers).sum() - 39
    assert result.rows_lost == rows_missing + 32 * result.frames_lost
    assert lost_in_all >= result.frames_lost + (10 if lags_at == COUNT else 0)


class BrokenOffSource:
    """A source whose run is over, with frames absent that none has told of."""

    def __init__(self, frames: list[Frame], absent_at_end: Absence = NONE_ABSENT) -> None:
        self._frames = frames
        self.absent_at_end = absent_at_end

    def poll(self, timeout_s: float) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    def leave_run(self) -> None:
        return None


def test_what_a_run_that_broke_off_lacks_is_told_by_the_first_frame_of_the_next(
    make_frame: Callable[..., Frame],
) -> None:
    wishes, state = Wishes(), DeviceState()
    broken: Any = BrokenOffSource([], Absence(lost=4, skipped=1))
    TrackedSource(broken, wishes, state).leave_run()
    two_frames: Any = BrokenOffSource([make_frame(2, absent_before=Absence(2, 0)), make_frame(3)])
    back = TrackedSource(two_frames, wishes, state)
    assert [frame.absent_before for frame in back.poll(0)] == [Absence(6, 1), NONE_ABSENT]


def test_what_an_earlier_run_lacked_is_no_matter_of_the_one_begun_next(
    make_frame: Callable[..., Frame],
) -> None:
    wishes = Wishes()
    wishes.broke_off(Absence(lost=4))
    wishes.started(0, reliable=False)
    assert wishes.delivered([make_frame(0)])[0].absent_before == NONE_ABSENT
