"""When a missing header or chunk is asked for again."""

from __future__ import annotations

from typing import Any

import pytest
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.generated import FrameHeader, Nack, NackCode, Resend
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry
from fpxi_readout.resend import FIRST_TIMEOUT_S, LONGEST_TIMEOUT_S, ResendScheduler

GEOMETRY = PanelGeometry("test", 64, 64, 200.0, 0, 16, 56.0, (GainSetting("x", 1.0),))


class Line:
    """A scheduler, what it asked for, and a way to let packets of frame 0 arrive."""

    def __init__(self, writer: Any) -> None:
        self.asked: list[int] = []
        self._packets = writer.packets(0)
        self.assembler = FrameAssembler(GEOMETRY, first_frame=0, reliable=True)
        self.scheduler = ResendScheduler(self.assembler, self._send, reliable=True)

    def arrive(self, *chunks: int) -> None:
        for chunk in chunks:
            kind, payload = self._packets[1 + chunk]
            assert kind != FrameHeader.TYPE
            self.assembler.add_chunk(payload)

    def take_asked(self) -> list[int]:
        asked, self.asked = self.asked, []
        return asked

    def _send(self, resend: Resend) -> int:
        self.asked.append(resend.chunk)
        return len(self.asked)


@pytest.fixture
def line(writer: Any) -> Line:
    """Frame 0, of which chunks 1, 2 and 3 were lost."""
    line = Line(writer)
    line.assembler.add_header(line._packets[0][1])
    line.arrive(0, 4, 5, 6, 7)
    line.scheduler.run(0.0, 0.0)
    assert line.take_asked() == [1, 2, 3]
    return line


def test_what_a_later_answer_overtook_is_asked_for_at_once(line: Line) -> None:
    line.arrive(3)
    line.scheduler.run(0.01, 0.0)
    assert line.take_asked() == [1, 2]


def test_what_may_still_come_is_not_asked_for_before_its_time(line: Line) -> None:
    line.arrive(1)
    line.scheduler.run(0.01, 0.0)
    line.scheduler.run(0.99 * FIRST_TIMEOUT_S, 0.0)
    assert line.take_asked() == []
    line.scheduler.run(1.01 * FIRST_TIMEOUT_S, 0.0)
    assert line.take_asked() == [2, 3]


def test_a_repeated_request_is_not_overtaken_by_an_answer_to_an_older_one(line: Line) -> None:
    line.scheduler.run(1.01 * FIRST_TIMEOUT_S, 0.0)
    assert line.take_asked() == [1, 2, 3]
    line.arrive(3)  # perhaps the answer to the first request: tells nothing of the second ones
    line.scheduler.run(1.02 * FIRST_TIMEOUT_S, 0.0)
    assert line.take_asked() == []


def test_losses_alone_do_not_slow_the_asking_down(line: Line) -> None:
    now_s, tries = 0.0, 0
    while tries < 5:
        now_s = line.scheduler.next_due_s() or now_s
        line.scheduler.run(now_s, 0.0)
        tries += 1
    assert now_s < LONGEST_TIMEOUT_S
    line.arrive(1, 2, 3)
    line.scheduler.run(now_s, 0.0)
    assert line.scheduler.next_due_s() is None


def test_an_item_that_a_noisy_line_loses_many_times_in_a_row_is_still_asked_for_often(
    line: Line,
) -> None:
    due_s = line.scheduler.next_due_s()
    while due_s is not None and due_s < 100 * FIRST_TIMEOUT_S:
        line.scheduler.run(due_s, 0.0)
        due_s = line.scheduler.next_due_s()
    assert line.take_asked().count(1) >= 25


def test_an_item_that_comes_twice_makes_it_wait_longer(line: Line) -> None:
    line.arrive(1)
    line.arrive(1)
    line.scheduler.run(0.0, 0.0)
    line.scheduler.run(1.01 * FIRST_TIMEOUT_S, 0.0)
    line.take_asked()
    repeated_s = line.scheduler.next_due_s()
    assert repeated_s is not None
    assert repeated_s > 1.01 * FIRST_TIMEOUT_S + 1.5 * FIRST_TIMEOUT_S


def test_only_a_nack_that_names_the_frame_ends_the_asking_for_it(line: Line) -> None:
    """A late one, whose sequence number has come round again, names an earlier frame."""
    late = Nack(command=Resend.TYPE, code=NackCode.FRAME_GONE, detail=7)
    assert not line.scheduler.refused(1, late)
    assert line.assembler.frames_ready == 0
    own = Nack(command=Resend.TYPE, code=NackCode.FRAME_GONE, detail=0)
    assert line.scheduler.refused(1, own)
    assert line.assembler.frames_ready == 1
