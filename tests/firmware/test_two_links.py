"""Two hosts at one device: who is answered, who gets the frames, and that nothing is cut."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, RECEIVE_ERRORS, NEXT_FRAME = 1, 38, 37


@pytest.fixture
def pair(bench, native):
    """A device and its second link, both drained."""
    first = native(panel=1)
    second = bench.SecondLink(first)
    for link in (first, second):
        link.drain()
        link.packets.clear()
    return first, second


def numbers(link):
    return [header.frame for header in link.of(p.FrameHeader)]


def test_both_links_are_told_of_the_start(bench, native):
    device = native()
    second = bench.SecondLink(device)
    for link in (device, second):
        assert link._transmit(1) == b"\0"
        link.drain()
        assert [e.detail for e in link.events(p.EventCode.BOOT)] == [p.ResetCause.POWER_ON]
        assert link.packets[0].sequence == 0


def test_answers_go_where_the_command_came_from(pair):
    first, second = pair
    assert second.ask(p.Set(EXPOSURE, 5000)) == p.Value(EXPOSURE, 5000)
    first.drain()
    assert first.packets == []
    assert first.get(EXPOSURE) == 5000
    assert second.ask(p.Identify(0, 0)).magic == b"FPXI"


def test_each_link_has_its_own_memory_of_the_last_command(pair):
    first, second = pair
    assert first.ask(p.Start(1), sequence=9) == p.Ack(p.Start.TYPE, 0)
    first.run(100_000)
    assert second.ask(p.Start(1), sequence=9) == p.Ack(p.Start.TYPE, 1)
    first.run(200_000)
    assert first.ask(p.Start(1), sequence=9) == p.Ack(p.Start.TYPE, 0)
    assert second.ask(p.Start(1), sequence=9) == p.Ack(p.Start.TYPE, 1)


def test_before_a_start_events_go_to_the_link_of_the_last_command(board, bench):
    board.start()
    second = bench.SecondLink(board)
    for link in (board, second):
        link.drain()
    second.get(EXPOSURE)
    board.fault(p.Fault.INTERNAL)
    second.feed(b"")
    second.drain()
    assert len(second.events(p.EventCode.FAULT)) == 1
    board.packets.clear()
    board.drain()
    assert board.packets == []


def test_frames_and_events_go_to_the_link_of_the_last_start(pair):
    first, second = pair
    second.ask(p.Start(3))
    first.get(EXPOSURE)
    first.packets.clear()
    first.run(200_000)
    second.drain()
    assert numbers(second) == [0, 1, 2]
    assert len(second.events(p.EventCode.ACQUISITION_DONE)) == 1
    assert first.packets == []


def test_a_start_elsewhere_moves_the_stream_and_the_old_link_is_told(pair):
    first, second = pair
    first.ask(p.Start(0))
    first.run(50_000)
    assert second.ask(p.Start(0)).code == p.NackCode.BUSY
    second.ask(p.Stop())
    answer = second.ask(p.Start(2))
    first.packets.clear()
    first.run(200_000)
    second.drain()
    assert numbers(second) == [answer.value, answer.value + 1]
    (event,) = first.events(p.EventCode.STREAM_LEFT)
    assert (event.detail, event.severity) == (answer.value, p.Severity.WARNING)
    assert first.of(p.FrameHeader) == []
    assert second.events(p.EventCode.STREAM_LEFT) == []


def test_a_start_on_the_same_link_tells_nobody(pair):
    first, second = pair
    for _ in range(2):
        first.ask(p.Start(1))
        first.run(first.now_us + 100_000)
    second.drain()
    assert second.packets == []
    assert first.events(p.EventCode.STREAM_LEFT) == []


def test_what_a_link_was_sending_is_finished_whole_after_the_stream_has_left(pair):
    """`Bench.take` decodes each packet and checks its CRC: a cut one would fail."""
    first, second = pair
    first.ask(p.Start(0))
    first.run_stalled(50_000)
    assert not first.take(1000).endswith(b"\0")
    second.ask(p.Stop())
    second.ask(p.Start(1))
    second.run(200_000)
    assert len(numbers(second)) == 1
    first.drain()
    assert first._arrived == b""
    sequences = [packet.sequence for packet in first.packets if packet.type >= p.Event.TYPE]
    assert sorted(sequences) == list(range(sequences[0], sequences[0] + len(sequences)))
    assert len(first.events(p.EventCode.STREAM_LEFT)) == 1


def test_a_link_that_takes_nothing_does_not_hold_up_the_other(pair):
    first, second = pair
    first.ask(p.Start(0))
    first.run_stalled(500_000)
    second.ask(p.Stop())
    second.ask(p.Start(20))
    second.run(1_000_000)
    assert len(numbers(second)) == 20


def test_a_chunk_asked_for_again_comes_by_the_link_that_asked(pair):
    first, second = pair
    first.ask(p.Start(1))
    first.run(100_000)
    first.packets.clear()
    second.send(p.Resend(0, 3))
    second.drain()
    (chunk,) = second.of(p.FrameChunk)
    assert (chunk.frame, chunk.first_row) == (0, 24)
    first.drain()
    assert first.of(p.FrameChunk) == []


def test_each_link_recovers_from_damage_by_itself_and_all_errors_are_counted(pair, bench):
    first, second = pair
    half = bench.encode(p.Get.TYPE, 5, p.Get(EXPOSURE).pack())
    second.feed(half[:4])
    assert first.get(EXPOSURE) == 10_000
    second.feed(half[4:])
    second.drain()
    assert second.answers(5) == [p.Value(EXPOSURE, 10_000)]
    first.feed(b"\5junk\0")
    second.feed(b"\5junk\0")
    assert first.get(RECEIVE_ERRORS) == 2


def test_reset_waits_for_its_answer_on_its_own_link(pair):
    first, second = pair
    first.ask(p.Start(0))
    first.run_stalled(50_000)
    sequence = second.send(p.Reset())
    second.drain()
    assert second.answers(sequence) == [p.Ack(p.Reset.TYPE, 0)]
    assert len(second.events(p.EventCode.BOOT)) == 1


def test_bytes_of_a_link_that_is_not_there_are_passed_over(native, bench):
    device = native()
    device._receive(bench.encode(p.Set.TYPE, 5, p.Set(EXPOSURE, 777).pack()), 2)
    assert device.get(EXPOSURE) == 10_000
    assert device._transmit(100, 2) == b""
