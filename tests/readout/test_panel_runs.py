"""The client against a device that does what a test says: runs, and live delivery."""

from __future__ import annotations

from typing import Any

import pytest
from fpxi_readout.device_errors import (
    NotStartedError,
    ParameterRangeError,
)
from fpxi_readout.panel import Panel
from fpxi_readout.protocol import generated as messages
from fpxi_readout.protocol.framing import Packet


def test_frames_need_a_run(panel: Panel) -> None:
    with pytest.raises(NotStartedError):
        panel.frames(timeout_s=1.0)


@pytest.mark.parametrize("frames", [-1, 2**32])
def test_a_number_of_frames_that_does_not_fit_is_refused(panel: Panel, frames: int) -> None:
    with pytest.raises(ParameterRangeError):
        panel.start(frames)


def test_frames_that_overtake_the_answer_to_start_are_kept(
    link: Any, panel: Panel, writer: Any
) -> None:
    def reaction(packet: Packet) -> None:
        for kind, payload in writer.packets(5):
            link.send(kind, payload)
        link.answer(packet, messages.Ack(packet.type, 5))

    link.on[messages.Start.TYPE] = reaction
    assert panel.start(1) == 5
    assert [frame.number for frame in panel.frames(timeout_s=1.0)] == [5]
    assert panel.statistics.frames_received == 1


def test_frames_that_come_during_a_command_are_kept(link: Any, panel: Panel, writer: Any) -> None:
    def reaction(packet: Packet) -> None:
        for kind, payload in writer.packets(0):
            link.send(kind, payload)
        link.answer_set(packet)

    panel.start(1)
    link.on[messages.Set.TYPE] = reaction
    panel.set("exposure_us", 5000)
    assert [frame.number for frame in panel.poll(0.0)] == [0]


def test_frames_left_by_the_caller_are_there_for_poll(link: Any, panel: Panel, writer: Any) -> None:
    panel.start(3)
    for number in range(3):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
    assert [frame.number for frame in panel.frames(1, timeout_s=1.0)] == [0]
    assert panel.acquiring
    assert [frame.number for frame in panel.poll(0.0)] == [1, 2]
    assert not panel.acquiring
    assert list(panel.frames(timeout_s=1.0)) == []


def test_a_new_run_counts_what_the_last_one_left(link: Any, panel: Panel, writer: Any) -> None:
    panel.start()
    for number in range(2):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
    assert next(panel.frames(timeout_s=1.0)).number == 0
    link.answer_with(messages.Stop, 3)
    panel.start()
    counts = panel.statistics
    assert (counts.frames_received, counts.frames_abandoned) == (1, 2)


def test_packets_of_the_last_run_are_no_duplicates(link: Any, panel: Panel, writer: Any) -> None:
    link.answer_with(messages.Start, 1)
    panel.start()
    for number in range(2):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
    assert next(panel.frames(timeout_s=1.0)).number == 1
    assert panel.statistics.duplicates == 0


def test_live_a_lost_header_is_asked_for_twice_and_then_given_up(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.event(messages.EventCode.BOOT)
    panel.start()
    for number in (0, 1):
        for kind, payload in writer.packets(number):
            link.send(kind, payload, lost=number == 0 and kind == messages.FrameHeader.TYPE)
    frames = link.drain(panel, 1.0)
    asked = [messages.Resend.unpack(p.payload) for p in link.of_type(messages.Resend)]
    assert asked == [messages.Resend(0, 65535)] * 2
    assert [frame.number for frame in frames] == [1]
    assert (panel.statistics.frames_lost, panel.statistics.rows_lost) == (1, 64)
    assert panel.statistics.packets_lost == 1


def test_live_a_header_sent_again_completes_its_frame(link: Any, panel: Panel, writer: Any) -> None:
    link.on[messages.Resend.TYPE] = lambda p: link.send(*writer.packets(0)[0])
    panel.start(2)
    for number in (0, 1):
        for kind, payload in writer.packets(number):
            link.send(kind, payload, lost=number == 0 and kind == messages.FrameHeader.TYPE)
    assert [f.rows_missing for f in panel.frames(timeout_s=1.0)] == [0, 0]
    assert panel.statistics.chunks_recovered == 1


def test_live_the_tail_of_the_last_frame_does_not_hang(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.answer_get(frames_acquired=2, frames_skipped=1)
    panel.start(2)
    for kind, payload in writer.packets(0)[:5]:
        link.send(kind, payload)
    frames = list(panel.frames(timeout_s=10.0))
    assert [frame.rows_missing for frame in frames] == [32]
    # The second frame never appeared; the device says that it skipped one.
    assert (panel.statistics.frames_skipped, panel.statistics.frames_lost) == (1, 0)
    assert not link.of_type(messages.Resend)


def test_live_a_slow_frame_is_not_closed_while_it_comes(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.answer_get(frames_acquired=1)
    panel.start(1)
    frames = []
    for kind, payload in writer.packets(0):
        link.send(kind, payload)
        end = link.clock.now_s + 0.35
        while link.clock.now_s < end:
            frames += panel.poll(0.05)
    assert [frame.rows_missing for frame in frames] == [0]


def test_live_numbers_that_the_device_left_out_are_not_lost(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.answer_get(frames_skipped=2)
    panel.start(4)
    for number in (0, 3):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
    assert [f.number for f in panel.frames(timeout_s=1.0)] == [0, 3]
    assert (panel.statistics.frames_skipped, panel.statistics.frames_lost) == (2, 0)


def test_live_stop_asks_how_many_of_the_absent_frames_were_skipped(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.answer_get(frames_skipped=2)
    link.answer_with(messages.Stop, 4)
    panel.start()
    for number in (0, 3):
        for kind, payload in writer.packets(number):
            link.send(kind, payload)
        link.next_sequence += 5  # lost packets: the host cannot know of what
    assert [f.number for f in panel.frames(2, timeout_s=1.0)] == [0, 3]
    assert panel.statistics.frames_lost == 2
    panel.stop()
    assert not panel.acquiring
    assert (panel.statistics.frames_skipped, panel.statistics.frames_lost) == (2, 0)


def test_many_packets_lost_in_a_row_are_not_taken_for_skipped_frames(
    link: Any, panel: Panel, writer: Any
) -> None:
    link.answer_get(frames_skipped=0)
    panel.start(19)
    for number in range(19):
        for kind, payload in writer.packets(number):
            link.send(kind, payload, lost=0 < number < 18)
    assert [f.number for f in panel.frames(timeout_s=1.0)] == [0, 18]
    assert (panel.statistics.frames_skipped, panel.statistics.frames_lost) == (0, 17)
