"""A link that takes nothing for long, as a Bluetooth module does while its host is out of reach."""

from __future__ import annotations

import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, DELIVERY, SKIPPED, FRAMES_ACQUIRED = 1, 8, 36, 35
SLOTS = 5
IN_USE = 3  # being exposed, being read, half sent
OUTAGE_US = 60_000_000


@pytest.fixture
def pair(bench, native):
    """A device whose second link streams; the first one watches."""
    first = native(panel=1, slots=SLOTS)
    first.set(EXPOSURE, 10_000)
    second = bench.SecondLink(first)
    for link in (first, second):
        link.drain()
        link.packets.clear()
    return first, second


def whole(link):
    """Numbers of the frames that arrived with every chunk."""
    chunks = [chunk.frame for chunk in link.of(p.FrameChunk)]
    return [h.frame for h in link.of(p.FrameHeader) if chunks.count(h.frame) == h.chunks]


def test_live_frames_that_did_not_leave_are_counted_and_the_newest_are_there(pair):
    first, second = pair
    second.ask(p.Start(0))
    second.packets.clear()
    second.run_stalled(OUTAGE_US)
    acquired, skipped = first.get(FRAMES_ACQUIRED), first.get(SKIPPED)
    second.drain()
    numbers = whole(second)
    assert numbers == sorted(numbers)
    assert len(numbers) + skipped == acquired
    newest = numbers[IN_USE - SLOTS :]
    assert newest == list(range(acquired - len(newest), acquired))
    second.run(second.now_us + 100_000)
    assert whole(second)[-1] > acquired
    assert first.get(SKIPPED) == skipped


def test_reliable_delivery_waits_for_the_link_and_skips_nothing(pair):
    first, second = pair
    second.set(DELIVERY, p.Delivery.RELIABLE)
    second.ask(p.Start(0))
    second.packets.clear()
    second.run_stalled(OUTAGE_US)
    assert first.get(FRAMES_ACQUIRED) == SLOTS
    second.drain()
    assert whole(second) == list(range(SLOTS))
    second.send(p.Release(SLOTS - 1))
    second.run(second.now_us + 100_000)
    assert whole(second) == list(range(2 * SLOTS))
    assert first.get(SKIPPED) == 0


def test_what_waited_leaves_whole_and_answers_before_frames(pair):
    _, second = pair
    second.ask(p.Start(0))
    second.packets.clear()
    second.run_stalled(100_000)
    assert not second.take(1000).endswith(b"\0")
    second.run_stalled(OUTAGE_US)
    before = len(second.packets)
    sequence = second.send(p.Get(EXPOSURE))
    second.drain()
    assert second._arrived == b""
    assert second.answers(sequence) == [p.Value(EXPOSURE, 10_000)]
    kinds = [packet.type for packet in second.packets[before:]]
    assert kinds.index(p.Value.TYPE) <= 2  # behind the packet that was cut, and one event
    unasked = [packet.sequence for packet in second.packets if packet.type >= p.Event.TYPE]
    first = min(unasked)
    assert sorted(unasked) == list(range(first, first + len(unasked)))


def test_counts_that_grow_meanwhile_do_not_crowd_out_a_fault(board, bench):
    board.start()
    second = bench.SecondLink(board)
    second.send(p.Start(0))
    board.drain()
    second.drain()
    second.send(p.Get(EXPOSURE))
    for n in range(1, 41):
        board.feed(b"\5junk\0")
        second.run_stalled(n * 1_000_000)
    board.fault(p.Fault.INTERNAL)
    second.feed(b"")
    second.packets.clear()
    second.drain()
    (event,) = second.events(p.EventCode.FAULT)
    assert event.detail == p.Fault.INTERNAL
    (count,) = second.events(p.EventCode.RECEIVE_ERRORS)
    assert count.detail == 40
    assert second.events(p.EventCode.EVENTS_LOST) == []
