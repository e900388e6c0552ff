"""The client against a device that does what a test says: reliable delivery."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as messages


@pytest.mark.parametrize("deaf", [0, 2])
def test_reliable_everything_missing_is_asked_for_until_it_comes(
    link: Any, panel: Panel, writer: Any, deaf: int
) -> None:
    link.serve_resend(writer, deaf=deaf)
    link.answer_get(frames_acquired=4)
    panel.start(4, reliable=True)
    for number in range(3):  # the fourth is lost whole
        for place, (kind, payload) in enumerate(writer.packets(number)):
            link.send(kind, payload, lost=place in {number, 4, 8})
    frames = list(panel.frames(timeout_s=20.0))
    assert [frame.number for frame in frames] == [0, 1, 2, 3]
    assert all(frame.rows_missing == 0 for frame in frames)
    assert all((f.samples == writer.samples(f.number)).all() for f in frames)
    assert panel.statistics.chunks_recovered == 9 + 9
    released = [messages.Release.unpack(p.payload).frame for p in link.of_type(messages.Release)]
    assert released == sorted(released)
    assert released[-1] == 3


def test_reliable_requests_are_bounded(link: Any, panel: Panel, writer: Any) -> None:
    link.answer_get(frames_acquired=100)
    panel.start(100, reliable=True)
    link.drain(panel, 0.35)
    assert len({packet.payload for packet in link.of_type(messages.Resend)}) == 8


def test_reliable_a_frame_that_is_gone_comes_out_partial(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.refuse(messages.Resend, messages.NackCode.FRAME_GONE)
    panel.start(2, reliable=True)
    for number in range(2):
        for place, (kind, payload) in enumerate(writer.packets(number)):
            link.send(kind, payload, lost=number == 0 and place == 3)
    assert [frame.rows_missing for frame in panel.frames(timeout_s=5.0)] == [8, 0]
    assert panel.statistics.frames_incomplete == 1


def test_reliable_a_busy_device_is_asked_again(link: Any, panel: Panel, writer: Any) -> None:
    link.refuse(messages.Resend, messages.NackCode.BUSY)
    panel.start(1, reliable=True)
    for place, (kind, payload) in enumerate(writer.packets(0)):
        link.send(kind, payload, lost=place == 3)
    assert link.drain(panel, 0.05) == []
    link.serve_resend(writer)
    assert [frame.rows_missing for frame in link.drain(panel, 2.0)] == [0]


def test_reliable_release_is_repeated_while_frames_are_due(
    link: Any, panel: Panel, writer: Any
) -> None:
    panel.start(reliable=True)
    for kind, payload in writer.packets(0):
        link.send(kind, payload)
    link.drain(panel, 2.0)
    released = [messages.Release.unpack(p.payload).frame for p in link.of_type(messages.Release)]
    # Once, and then with each heartbeat: not with every poll.
    assert 3 <= len(released) <= 8
    assert set(released) == {0}


def test_reliable_stop_brings_the_frames_that_exist(link: Any, panel: Panel, writer: Any) -> None:
    link.serve_resend(writer)
    link.on[messages.Stop.TYPE] = lambda p: link.answer(p, messages.Ack(p.type, 2))
    link.on[messages.Start.TYPE] = lambda p: link.answer(p, messages.Ack(p.type, 0))
    panel.start(reliable=True)
    panel.stop()
    assert [frame.number for frame in panel.frames(timeout_s=5.0)] == [0, 1]


def test_reliable_stop_does_not_ask_for_what_is_still_to_be_sent(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.answer_with(messages.Stop, 3)
    panel.start(reliable=True)
    panel.stop()
    frames = []
    for kind, payload in itertools.chain(*map(writer.packets, range(3))):
        link.send(kind, payload)
        frames += panel.poll(0.0)
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert link.of_type(messages.Resend) == []


def test_reliable_a_last_frame_lost_whole_is_asked_for_however_long_answers_take(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.serve_resend(writer)
    link.answer_get(frames_acquired=2)
    panel.start(2, reliable=True)
    kind, header = writer.packets(0)[0]
    for _ in range(20):  # what comes twice lengthens the time-out to that of the heartbeat
        link.send(kind, header)
        panel.poll(0.0)
    for kind, payload in writer.packets(0)[1:]:
        link.send(kind, payload)
    assert [frame.number for frame in panel.frames(timeout_s=8.0)] == [0, 1]


def test_reliable_answers_to_other_commands_do_not_hide_that_no_frame_comes(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.serve_resend(writer)
    link.answer_get(frames_acquired=1)
    panel.start(1, reliable=True)
    frames = []
    for _ in range(50):
        frames += panel.poll(0.02)
        panel.get("exposure_us")
    assert [frame.number for frame in frames] == [0]
