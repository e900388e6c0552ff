"""Frames from headers and chunks."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.building import HEADER
from fpxi_readout.protocol.counters import FrameCounters
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import Encoding, FrameChunk, FrameFlag, FrameHeader
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry
from hypothesis import given
from hypothesis import strategies as st


def geometry(rows: int = 64, columns: int = 64) -> PanelGeometry:
    return PanelGeometry("test", rows, columns, 200.0, 0, 16, 56.0, (GainSetting("x", 1.0),))


def assembler(*, reliable: bool = False, first_frame: int = 0) -> FrameAssembler:
    return FrameAssembler(geometry(), first_frame=first_frame, reliable=reliable)


def feed(target: FrameAssembler, packets: list[tuple[int, bytes]], **options: bool) -> None:
    for kind, payload in packets:
        add = target.add_header if kind == FrameHeader.TYPE else target.add_chunk
        add(payload, **options)


def give(target: FrameAssembler, packets: list[tuple[int, bytes]], **options: bool) -> list[Frame]:
    feed(target, packets, **options)
    return target.take()


@pytest.mark.parametrize("reliable", [False, True])
def test_a_frame_comes_out_with_its_samples_and_settings(writer: Any, reliable: bool) -> None:
    [frame] = give(assembler(reliable=reliable), writer.packets(0))
    np.testing.assert_array_equal(frame.samples, writer.samples(0))
    assert frame.samples.dtype == np.uint16
    assert frame.row_received.all()
    assert frame.rows_missing == 0
    assert (frame.number, frame.timestamp_us, frame.exposure_us) == (0, 0, 500)
    assert (frame.gain_setting, frame.bias_mV, frame.temperature_mC) == (3, -7000, 25_500)
    assert frame.flags == FrameFlag.SATURATED


def test_frames_do_not_share_memory(writer: Any) -> None:
    first, second = give(assembler(), writer.packets(0) + writer.packets(1))
    assert not np.shares_memory(first.samples, second.samples)
    assert first.samples.flags.writeable


@pytest.mark.parametrize("rows_per_chunk", [1, 5, 8, 16])
def test_any_grid_of_chunks_is_put_together(writer: Any, rows_per_chunk: int) -> None:
    grid = type(writer)(rows_per_chunk=rows_per_chunk)
    [frame] = give(assembler(), grid.packets(0))
    np.testing.assert_array_equal(frame.samples, grid.samples(0))


def test_live_missing_rows_are_marked_and_stay_zero(writer: Any) -> None:
    packets = writer.packets(0)
    del packets[3]  # header, chunk 0, chunk 1, chunk 2
    target = assembler()
    assert give(target, packets) == []
    [frame] = give(target, writer.packets(1)[:1])
    expected = writer.samples(0)
    expected[16:24] = 0
    np.testing.assert_array_equal(frame.samples, expected)
    np.testing.assert_array_equal(np.flatnonzero(~frame.row_received), np.arange(16, 24))
    assert frame.rows_missing == 8
    assert (target.counters.frames_incomplete, target.counters.rows_lost) == (1, 8)


def test_live_a_frame_without_header_waits_and_then_comes_in_order(writer: Any) -> None:
    target = assembler()
    header, *chunks = writer.packets(0)
    assert give(target, chunks + writer.packets(1)) == []
    [waiting] = target.incomplete()
    assert list(waiting.missing()) == [HEADER]
    assert [frame.number for frame in give(target, [header])] == [0, 1]


def test_live_a_frame_whose_header_is_given_up_is_lost_with_all_rows(writer: Any) -> None:
    target = assembler()
    give(target, writer.packets(0)[1:] + writer.packets(1))
    target.give_up(0)
    assert [frame.number for frame in target.take()] == [1]
    assert (target.counters.frames_lost, target.counters.rows_lost) == (1, 64)


def test_live_numbers_left_out_are_skipped_when_no_packet_is_missing(writer: Any) -> None:
    target = assembler()
    give(target, writer.packets(4), contiguous=True)
    give(target, writer.packets(7), contiguous=False)
    assert target.counters.frames_skipped == 4
    assert target.counters.frames_lost == 2
    assert target.absent == 6
    assert target.counters.rows_lost == 128


def test_the_device_explains_which_absent_frames_it_skipped(writer: Any) -> None:
    target = assembler()
    give(target, writer.packets(5), contiguous=False)
    target.explain_skipped(3)
    assert (target.counters.frames_skipped, target.counters.frames_lost) == (3, 2)
    assert target.counters.rows_lost == 2 * 64
    target.explain_skipped(3)
    assert target.counters.frames_skipped == 3
    target.explain_skipped(99)
    assert (target.counters.frames_skipped, target.counters.frames_lost) == (5, 0)
    assert target.counters.rows_lost == 0


def test_the_device_corrects_what_only_looked_skipped(writer: Any) -> None:
    target = assembler()
    give(target, writer.packets(5), contiguous=True)
    target.explain_skipped(2)
    assert (target.counters.frames_skipped, target.counters.frames_lost) == (2, 3)
    assert target.counters.rows_lost == 3 * 64


def test_packets_of_an_earlier_run_are_not_counted(writer: Any) -> None:
    target = assembler(first_frame=5)
    give(target, writer.packets(4))
    assert target.take() == []
    assert target.counters == FrameCounters()


def test_abandoned_frames_are_counted_once(writer: Any) -> None:
    target = assembler()
    taken = [f for n in range(3) for f in give(target, writer.packets(n)[: 5 if n == 1 else None])]
    assert [frame.rows_missing for frame in taken] == [0, 32, 0]
    for kind, payload in writer.packets(3):
        add = target.add_header if kind == FrameHeader.TYPE else target.add_chunk
        add(payload)
    target.add_header(writer.header(4))
    target.abandon(taken[1:], 7)
    counters = target.counters
    assert (counters.frames_received, counters.frames_abandoned) == (1, 6)
    assert (counters.frames_incomplete, counters.rows_lost) == (0, 0)


@given(order=st.permutations(range(27)), data=st.data())
def test_reliable_any_order_with_repeats_gives_every_frame_in_order(
    order: list[int], data: st.DataObject
) -> None:
    packets = [(n, p) for n in range(3) for p in _tiny_packets(n)]
    again = data.draw(st.lists(st.sampled_from(range(27)), max_size=5))
    target = FrameAssembler(geometry(8, 4), first_frame=0, reliable=True)
    frames = give(target, [packets[i % len(packets)][1] for i in [*order, *again]])
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert all(frame.rows_missing == 0 for frame in frames)
    assert all((frame.samples == frame.number).all() for frame in frames)
    assert target.counters.frames_received == 3
    assert target.counters.malformed == 0


def _tiny_packets(number: int) -> list[tuple[int, bytes]]:
    # As protocol 1.0 has it, without what 1.1 appended.
    header = struct.pack("<IQIiiHHHHBB", number, 0, 0, 0, 0, 0, 8, 4, 8, 0, 1)
    rows = number.to_bytes(2, "little") * 4
    chunks = [FrameChunk(number, row, 1, Encoding.RAW16, rows) for row in range(8)]
    return [(FrameHeader.TYPE, header), *((c.TYPE, c.pack()) for c in chunks)]


def test_reliable_a_given_up_frame_comes_out_as_it_is(writer: Any) -> None:
    target = assembler(reliable=True)
    give(target, writer.packets(0)[:-1] + writer.packets(1))
    target.give_up(0)
    frames = target.take()
    assert [frame.rows_missing for frame in frames] == [8, 0]


def test_reliable_a_claim_far_ahead_is_not_believed(writer: Any) -> None:
    target = assembler(reliable=True)
    give(target, writer.packets(4_000_000_000)[:1])
    target.expect(4_000_000_000)
    assert target.counters.malformed == 1
    assert len(list(target.incomplete())) <= 256


def test_live_frames_behind_a_missing_header_are_bounded(writer: Any) -> None:
    target = assembler()
    frames = []
    for number in range(600):
        frames += give(target, writer.packets(number)[1:2])
        assert len(list(target.incomplete())) <= 257
    assert frames == []
    assert target.counters.frames_lost >= 600 - 257


def test_close_accounts_for_every_number(writer: Any) -> None:
    target = assembler()
    give(target, writer.packets(0) + writer.packets(1)[1:3] + writer.packets(2)[:4])
    target.close(10)
    assert [frame.rows_missing for frame in target.take()] == [40]
    assert target.next_due == 10
    assert (target.counters.frames_received, target.counters.frames_lost) == (2, 8)


def test_late_packets_of_a_delivered_frame_are_duplicates(writer: Any) -> None:
    target = assembler()
    give(target, writer.packets(0) + writer.packets(0))
    assert target.counters.duplicates == 9
    assert target.counters.frames_received == 1


def test_an_asked_for_chunk_counts_as_recovered(writer: Any) -> None:
    target = assembler(reliable=True)
    packets = writer.packets(0)
    give(target, packets[:2] + packets[3:])
    [frame] = target.incomplete()
    frame.asked_again.add(1)
    assert len(give(target, [packets[2]])) == 1
    assert target.counters.chunks_recovered == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 65},
        {"rows": 0, "chunks": 0},
        {"columns": 65},
        {"columns": 0},
        {"rows": 65535, "columns": 65535},
        {"chunks": 9},
        {"rows_per_chunk": 0},
        {"rows_per_chunk": 17, "chunks": 4},
    ],
)
def test_a_header_that_contradicts_the_panel_is_refused(
    writer: Any, changes: dict[str, int]
) -> None:
    target = assembler()
    target.add_header(writer.header(0, **changes))
    assert target.counters.malformed == 1
    assert len(give(target, writer.packets(0))) == 1


def test_a_second_header_that_says_otherwise_is_malformed(writer: Any) -> None:
    target = assembler()
    target.add_header(writer.header(0))
    target.add_header(writer.header(0, exposure_us=1))
    assert target.counters.malformed == 1


@pytest.mark.parametrize(
    ("first_row", "row_count", "samples"),
    [
        (4, 8, 8 * 128),  # off the grid
        (0, 7, 7 * 128),  # too few rows
        (0, 8, 8 * 128 - 1),  # too short
        (0, 8, 8 * 128 + 2),  # too long
        (64, 0, 0),  # after the last row
        (64, 8, 8 * 128),
        (65528, 8, 8 * 128),
        (0, 0, 0),
    ],
)
def test_a_chunk_that_contradicts_the_header_is_refused(
    writer: Any, first_row: int, row_count: int, samples: int
) -> None:
    target = assembler()
    target.add_header(writer.header(0))
    bad = FrameChunk(0, first_row, row_count, Encoding.RAW16, bytes(samples))
    target.add_chunk(bad.pack())
    assert target.counters.malformed == 1
    assert len(give(target, writer.packets(0)[1:])) == 1


def test_an_unknown_encoding_is_malformed(writer: Any) -> None:
    target = assembler()
    target.add_header(writer.header(0))
    target.add_chunk(FrameChunk(0, 0, 8, 9, bytes(1024)).pack())
    assert target.counters.malformed == 1


def test_short_messages_are_malformed() -> None:
    target = assembler()
    target.add_header(b"123")
    target.add_chunk(b"123")
    assert target.counters.malformed == 2


def test_chunks_before_the_header_are_bounded() -> None:
    target = FrameAssembler(geometry(4, 4), first_frame=0, reliable=False)
    for row in range(100):
        target.add_chunk(FrameChunk(0, row, 1, Encoding.RAW16, bytes(8)).pack())
    [frame] = target.incomplete()
    assert len(frame.early) == 4
    assert target.counters.malformed == 96


def test_a_smaller_frame_than_the_panel_is_taken(writer: Any) -> None:
    small = type(writer)(rows=20, columns=30, rows_per_chunk=8)
    [frame] = give(assembler(), small.packets(0))
    np.testing.assert_array_equal(frame.samples, small.samples(0))


def test_fields_that_a_newer_device_appends_are_passed_over(writer: Any) -> None:
    target = assembler()
    target.add_header(writer.header(0) + b"new")
    assert len(give(target, writer.packets(0)[1:])) == 1


def test_the_geometry_knows_its_process_ring(dictionary: Dictionary) -> None:
    assert not dictionary.panel.not_imaging.any()
    ringed = PanelGeometry("test", 4, 5, 150.0, 1, 14, 40.0, (GainSetting("x", 1.0),))
    assert ringed.full_scale == 16383
    assert ringed.not_imaging.sum() == 20 - 6
    assert not ringed.not_imaging[1:3, 1:4].any()


def absent_before(frames: list[Any]) -> dict[int, tuple[int, int]]:
    return {
        frame.number: (frame.absent_before.lost, frame.absent_before.skipped) for frame in frames
    }


def test_a_frame_tells_what_is_absent_before_it_and_not_after(writer: Any) -> None:
    target = assembler()
    feed(target, writer.packets(2), contiguous=True)
    feed(target, writer.packets(6)[:1], contiguous=True)
    feed(target, writer.packets(9), contiguous=False)
    assert absent_before(target.take()) == {2: (0, 2), 6: (0, 3), 9: (2, 0)}


def test_what_is_absent_is_told_with_its_own_frame_when_taken_one_by_one(writer: Any) -> None:
    target = assembler()
    [two, *_] = give(target, writer.packets(2), contiguous=True)
    give(target, writer.packets(6)[:1], contiguous=True)
    [six] = give(target, writer.packets(9)[:1], contiguous=False)
    target.close(12)
    [nine] = target.take()
    assert absent_before([two, six, nine]) == {2: (0, 2), 6: (0, 3), 9: (2, 0)}
    assert (target.absent_at_end.lost, target.absent_at_end.skipped) == (2, 0)
    assert target.counters.frames_lost == 2 + 2


def test_a_frame_without_header_is_told_with_the_gap_around_it(writer: Any) -> None:
    target = assembler()
    feed(target, writer.packets(0))
    feed(target, writer.packets(3)[1:], contiguous=True)
    feed(target, writer.packets(6), contiguous=True)
    target.give_up(3)
    assert absent_before(target.take()) == {0: (0, 0), 6: (1, 4)}


def test_gaps_are_joined_however_many_frames_are_lost(writer: Any) -> None:
    target = assembler()
    for number in range(3000):
        give(target, writer.packets(2 * number)[1:2], contiguous=True)
    target.close(6000)
    assert len(target._absent._gaps) == 1
    assert sum(absent_before(give(target, writer.packets(6000)))[6000]) == 6000


@pytest.mark.parametrize("contiguous", [False, True])
def test_what_the_device_explains_is_told_of_the_gap_it_was_asked_about(
    writer: Any, contiguous: bool
) -> None:
    target = assembler()
    [first] = give(target, writer.packets(4), contiguous=False)
    feed(target, writer.packets(10), contiguous=contiguous)
    target.explain_skipped(3)
    assert absent_before([first, *target.take()]) == {4: (4, 0), 10: (2, 3)}
    assert (target.counters.frames_lost, target.counters.frames_skipped) == (6, 3)
