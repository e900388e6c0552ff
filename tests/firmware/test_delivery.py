"""Live and reliable delivery, and chunks sent again."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, ENCODING, ROWS, DELIVERY, STATE, SKIPPED, NEXT_FRAME = 1, 6, 7, 8, 32, 36, 37
PERIOD_PARAMETER = 2
HEADER = 65535
PERIOD = 3000  # exposure of the panel, longer than its read-out: the shortest period


@pytest.fixture
def reliable(native):
    device = native(panel=1, slots=3)
    device.set(DELIVERY, p.Delivery.RELIABLE)
    device.set(EXPOSURE, PERIOD)
    device.packets.clear()
    return device


@pytest.fixture
def live(native):
    """Holds three frames; the queue to the link takes about four more."""
    device = native(panel=1, slots=3)
    device.set(EXPOSURE, PERIOD)
    device.packets.clear()
    return device


def numbers(device):
    return [header.frame for header in device.of(p.FrameHeader)]


def whole(device):
    """Numbers of the frames that arrived with every chunk."""
    chunks = [chunk.frame for chunk in device.of(p.FrameChunk)]
    return [h.frame for h in device.of(p.FrameHeader) if chunks.count(h.frame) == h.chunks]


def test_reliable_exposure_waits_until_a_frame_is_released(reliable):
    reliable.ask(p.Start(0))
    reliable.run(1_000_000)
    assert whole(reliable) == [0, 1, 2]
    assert reliable.get(STATE) == p.State.ARMED
    reliable.send(p.Release(1))
    reliable.run(2_000_000)
    assert whole(reliable) == [3, 4]
    headers = reliable.of(p.FrameHeader)
    assert [bool(h.flags & p.FrameFlag.HELD) for h in headers] == [True, False]
    assert [h.timestamp_us for h in headers] == [1_000_000, 1_000_000 + PERIOD]
    assert reliable.get(SKIPPED) == 0


def test_after_a_wait_the_beat_begins_anew(reliable):
    reliable.set(PERIOD_PARAMETER, 20_000)
    reliable.ask(p.Start(0))
    reliable.run(1_000_000)
    reliable.packets.clear()
    reliable.send(p.Release(2))
    reliable.run(2_000_000)
    stamps = [h.timestamp_us for h in reliable.of(p.FrameHeader)]
    assert stamps == [1_000_000, 1_020_000, 1_040_000]


def test_release_is_not_answered_and_may_be_repeated(reliable):
    reliable.ask(p.Start(0))
    reliable.run(1_000_000)
    reliable.packets.clear()
    for _ in range(3):
        reliable.send(p.Release(0))
    reliable.run(2_000_000)
    assert whole(reliable) == [3]
    assert len(reliable.packets) == 9


def test_release_of_a_frame_that_is_yet_to_come_changes_nothing(reliable):
    reliable.ask(p.Start(0))
    reliable.run(1_000_000)
    reliable.send(p.Release(3))
    reliable.run(2_000_000)
    assert reliable.get(NEXT_FRAME) == 3


def test_release_ends_the_sending_of_a_frame(reliable):
    reliable.ask(p.Start(1))
    reliable.set(ROWS, 1)
    reliable.ask(p.Stop())
    reliable.ask(p.Start(1))
    reliable.run_stalled(1_000_000)
    reliable.take(1)
    reliable.send(p.Release(0))
    reliable.packets.clear()
    refused = reliable.ask(p.Resend(0, 0))
    assert refused == p.Nack(p.Resend.TYPE, p.NackCode.FRAME_GONE, 0)


def test_a_stalled_link_skips_live_frames_and_counts_them(live):
    live.ask(p.Start(20))
    live.run_stalled(1_000_000)
    live.packets.clear()
    live.run(3_000_000)
    arrived = whole(live)
    assert arrived == sorted(arrived)
    assert numbers(live) == arrived
    assert arrived[-2:] == [18, 19]
    assert arrived[:-2] == list(range(len(arrived) - 2))
    told = [event.detail for event in live.events(p.EventCode.FRAMES_SKIPPED)]
    assert told == [1, 20 - len(arrived)]
    assert live.get(SKIPPED) == 20 - len(arrived)


def test_a_frame_half_sent_is_finished_before_its_memory_is_used_again(live):
    live.ask(p.Start(20))
    live.run_stalled(1_000_000)
    live.packets.clear()
    live.run(3_000_000)
    for number in whole(live):
        np.testing.assert_array_equal(live.frame(number).ravel(), np.arange(4096) + number)


def test_a_single_slot_is_sent_before_the_next_exposure(native):
    device = native(panel=1, slots=1)
    device.set(EXPOSURE, PERIOD)
    device.ask(p.Start(10))
    device.run_stalled(1_000_000)
    assert len(device.exposures) == 4  # three fill the queue, and the fourth is half sent
    device.run(2_000_000)
    assert whole(device) == list(range(10))
    assert device.get(SKIPPED) == 0


def test_skipped_frames_are_counted_from_start(live):
    live.ask(p.Start(20))
    live.run_stalled(1_000_000)
    live.run(2_000_000)
    live.ask(p.Start(1))
    assert live.get(SKIPPED) == 0
    live.packets.clear()
    live.run(9_000_000)
    assert live.events(p.EventCode.FRAMES_SKIPPED) == []


@pytest.mark.parametrize("encoding", p.Encoding)
def test_every_chunk_and_header_is_sent_again_bit_for_bit(reliable, encoding):
    reliable.set(ENCODING, encoding)
    reliable.set(ROWS, 5)
    reliable.ask(p.Start(3))
    reliable.set(ENCODING, 1 - encoding)
    reliable.set(ROWS, 16)
    reliable.packets.clear()
    reliable.run(1_000_000)
    sent = [x for x in reliable.packets if x.type in (p.FrameHeader.TYPE, p.FrameChunk.TYPE)]
    first = [x.payload for x in sent if x.message.frame == 0]
    assert len(first) == 14
    again = []
    for chunk in [HEADER, *range(13)]:
        reliable.packets.clear()
        reliable.send(p.Resend(0, chunk))
        reliable.drain()
        again += [packet.payload for packet in reliable.packets]
    assert again == first


def test_unasked_packets_count_on_whatever_they_carry(reliable):
    reliable.ask(p.Start(2))
    reliable.send(p.Resend(0, 0))
    reliable.run(1_000_000)
    reliable.send(p.Resend(0, 0))
    reliable.run(1_000_001)
    unasked = (p.Event.TYPE, p.FrameHeader.TYPE, p.FrameChunk.TYPE)
    counted = [x.sequence for x in reliable.packets if x.type in unasked]
    assert len(counted) == 2 * 9 + 1 + 1
    # Two event packets came first. Events overtake frame data, so the order may differ.
    assert sorted(counted) == list(range(counted[0], counted[0] + len(counted)))


def test_a_frame_not_held_cannot_be_resent(reliable):
    assert reliable.ask(p.Resend(0, 0)).code == p.NackCode.FRAME_GONE
    reliable.ask(p.Start(2))
    assert reliable.ask(p.Resend(0, 0)).code == p.NackCode.FRAME_GONE
    reliable.run(1_000_000)
    assert reliable.ask(p.Resend(2, 0)).code == p.NackCode.FRAME_GONE
    reliable.send(p.Release(0))
    assert reliable.ask(p.Resend(0, 0)).code == p.NackCode.FRAME_GONE


def test_a_chunk_that_the_frame_has_not_is_refused(reliable):
    reliable.ask(p.Start(1))
    reliable.run(1_000_000)
    assert reliable.ask(p.Resend(0, 8)) == p.Nack(p.Resend.TYPE, p.NackCode.BAD_CHUNK, 8)


def test_requests_beyond_the_queue_are_refused_and_the_oldest_kept(reliable):
    reliable.ask(p.Start(3))
    reliable.run(1_000_000)
    reliable.packets.clear()
    sequences = [reliable.send(p.Resend(1, i % 8)) for i in range(100)]
    reliable.drain()
    refused = [reliable.answers(s)[0] for s in sequences if reliable.answers(s)]
    served = [chunk.first_row // 8 for chunk in reliable.of(p.FrameChunk)]
    assert {answer.code for answer in refused} == {p.NackCode.BUSY}
    assert len(served) + len(refused) == 100
    assert len(served) >= 64
    assert served == [i % 8 for i in range(len(served))]


def test_a_request_whose_frame_goes_before_it_is_served_is_refused(reliable):
    reliable.ask(p.Start(3))
    reliable.run_stalled(1_000_000)
    while len(numbers(reliable)) < 3:
        reliable.take(1)
    for i in range(40):
        reliable.send(p.Resend(0, i % 8))
    sequence = reliable.send(p.Resend(0, HEADER))
    reliable.send(p.Release(0))
    reliable.drain()
    assert reliable.answers(sequence) == [p.Nack(p.Resend.TYPE, p.NackCode.FRAME_GONE, 0)]


def test_start_gives_up_the_frames_held_from_before(reliable):
    reliable.ask(p.Start(3))
    reliable.run(1_000_000)
    reliable.ask(p.Start(3))
    assert reliable.ask(p.Resend(0, 0)).code == p.NackCode.FRAME_GONE
    reliable.packets.clear()
    reliable.run(2_000_000)
    assert whole(reliable) == [3, 4, 5]


def test_a_frame_stays_held_after_the_last_one_was_acquired(reliable):
    reliable.ask(p.Start(1))
    reliable.run(60_000_000)
    reliable.packets.clear()
    reliable.send(p.Resend(0, HEADER))
    reliable.drain()
    assert numbers(reliable) == [0]


def test_answers_overtake_frame_data_between_packets(live):
    live.ask(p.Start(5))
    live.run_stalled(1_000_000)
    live.take(100)
    sequence = live.send(p.Get(EXPOSURE))
    live.packets.clear()
    live.take(2400)
    assert len(live.answers(sequence)) == 1


def test_numbers_wrap(board):
    board.start()
    board.set_next_frame(2**32 - 1)
    board.set(DELIVERY, p.Delivery.RELIABLE)
    board.ask(p.Start(0))
    board.run(100_000)
    assert numbers(board) == [2**32 - 1, 0]
    board.send(p.Release(2**32 - 1))
    board.run(200_000)
    assert numbers(board) == [2**32 - 1, 0, 1]
    board.send(p.Release(1))
    board.run(300_000)
    assert numbers(board)[-2:] == [2, 3]
