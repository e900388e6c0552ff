"""Frames that are coded relative to a key frame, of which packets may be missing."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
import pytest
from fpxi_readout.frame import Frame, Sampling
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.building import HEADER
from fpxi_readout.protocol.generated import (
    Encoding,
    FrameChunk,
    FrameFlag,
    FrameHeader,
    Nack,
    NackCode,
    Resend,
)
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry
from fpxi_readout.resend import REFERENCE_TRIES, ResendScheduler
from numpy.typing import NDArray

PANEL = PanelGeometry("test", 64, 64, 200.0, 0, 16, 56.0, (GainSetting("x", 1.0),))
ROWS, COLUMNS, ROWS_PER_CHUNK = 24, 32, 8
CHUNKS = ROWS // ROWS_PER_CHUNK
Packet = tuple[int, bytes]


def samples(number: int) -> NDArray[np.uint16]:
    random = np.random.default_rng(number)
    return random.normal(1000, 5, (ROWS, COLUMNS)).astype(np.uint16)


def packets(number: int, key: int, **changes: int) -> list[Packet]:
    """Return a frame's packets, header first: coded relative to frame `key`, or a key frame."""
    fields: dict[str, int] = {
        **dict.fromkeys(FrameHeader.__slots__, 0),
        "frame": number,
        "rows": ROWS,
        "columns": COLUMNS,
        "chunks": CHUNKS,
        "rows_per_chunk": ROWS_PER_CHUNK,
        "flags": FrameFlag.KEY if key == number else 0,
        "binning": 1,
        "aec_block_size": 16,
        "aec_reference_interval": 128,
        "reference_frame": key,
    }
    header = FrameHeader(**fields | changes)
    return [(FrameHeader.TYPE, header.pack()), *(chunk(number, key, i) for i in range(CHUNKS))]


def chunk(number: int, key: int, index: int) -> Packet:
    first = index * ROWS_PER_CHUNK
    rows = slice(first, first + ROWS_PER_CHUNK)
    values = samples(number)[rows]
    encoding = Encoding.AEC if key == number else Encoding.AEC_REFERENCE
    if encoding == Encoding.AEC_REFERENCE:
        signed = (values - samples(key)[rows]).astype(np.int16).astype(np.int32)
        values = np.where(signed < 0, -2 * signed - 1, 2 * signed).astype(np.uint16)
    flags = 8 if encoding == Encoding.AEC else 0
    coded = imagecodecs.aec_encode(
        values.tobytes(), bitspersample=16, flags=flags, blocksize=16, rsi=128
    )
    message = FrameChunk(number, first, ROWS_PER_CHUNK, encoding, coded)
    return FrameChunk.TYPE, message.pack()


def give(target: FrameAssembler, given: list[Packet]) -> list[Frame]:
    for kind, payload in given:
        add = target.add_header if kind == FrameHeader.TYPE else target.add_chunk
        add(payload)
    return target.take()


def assembler(*, reliable: bool = False) -> FrameAssembler:
    return FrameAssembler(PANEL, first_frame=0, reliable=reliable)


def expected(number: int, lost: slice) -> NDArray[np.uint16]:
    values = samples(number)
    values[lost] = 0
    return values


@pytest.mark.parametrize("reliable", [False, True])
def test_frames_come_out_of_their_differences(reliable: bool) -> None:
    target = assembler(reliable=reliable)
    keys = [0, 0, 0, 3, 3]
    given = [packet for number, key in enumerate(keys) for packet in packets(number, key)]
    frames = give(target, given)
    assert [frame.rows_missing for frame in frames] == [0] * 5
    for frame in frames:
        np.testing.assert_array_equal(frame.samples, samples(frame.number))
    assert target.counters.malformed == 0


def test_writing_to_a_delivered_key_frame_does_not_change_later_ones() -> None:
    target = assembler()
    [key] = give(target, packets(0, 0))
    key.samples[:] = 7
    [frame] = give(target, packets(1, 0))
    np.testing.assert_array_equal(frame.samples, samples(1))


def test_rows_whose_reference_is_missing_are_marked_lost_and_counted() -> None:
    target = assembler()
    key = packets(0, 0)
    del key[2]  # rows 8 to 15
    first, second = give(target, key + packets(1, 0) + packets(2, 0)[:1])
    assert [first.rows_missing, second.rows_missing] == [8, 8]
    np.testing.assert_array_equal(second.samples, expected(1, slice(8, 16)))
    np.testing.assert_array_equal(np.flatnonzero(~second.row_received), np.arange(8, 16))
    assert (target.counters.frames_incomplete, target.counters.rows_lost) == (2, 16)


def test_a_missing_part_of_the_reference_is_wanted_and_repairs_what_follows() -> None:
    target = assembler()
    key = packets(0, 0)
    [delivered, _] = give(target, [*key[:2], key[3], *packets(1, 0)])
    [wanted] = target.incomplete()
    assert (wanted.number, list(wanted.missing())) == (0, [1])
    give(target, [key[2]])
    assert list(target.incomplete()) == []
    [repaired] = give(target, packets(2, 0))
    np.testing.assert_array_equal(repaired.samples, samples(2))
    # What was delivered stays as it was.
    np.testing.assert_array_equal(delivered.samples, expected(0, slice(8, 16)))
    assert target.counters.rows_lost == 16


def test_a_reference_of_which_nothing_came_is_wanted_whole() -> None:
    target = assembler()
    give(target, packets(1, 0) + packets(2, 0)[:1])
    [wanted, _] = target.incomplete()
    assert (wanted.number, list(wanted.missing())) == (0, [HEADER])
    give(target, packets(0, 0))
    give(target, packets(2, 0)[1:])
    [frame] = give(target, packets(3, 0))
    np.testing.assert_array_equal(frame.samples, samples(3))


def test_an_older_reference_than_the_one_kept_is_not_begun() -> None:
    target = assembler()
    give(target, packets(4, 4))
    [frame] = give(target, packets(5, 2))
    assert frame.rows_missing == ROWS
    assert not frame.samples.any()
    [later] = give(target, packets(6, 4))
    assert later.rows_missing == 0


def test_a_reference_of_another_size_is_no_reference() -> None:
    target = assembler()
    give(target, packets(0, 0))
    [frame] = give(target, packets(1, 0, rows=16, chunks=2)[:3])
    assert (frame.rows_missing, frame.samples.any()) == (16, False)


def test_damaged_samples_are_malformed_and_can_still_come() -> None:
    target = assembler()
    header, *chunks = packets(0, 0)
    kind, payload = chunks[1]
    assert give(target, [header, chunks[0], (kind, payload[:-3]), chunks[2]]) == []
    assert target.counters.malformed == 1
    [frame] = give(target, [chunks[1]])
    np.testing.assert_array_equal(frame.samples, samples(0))


def test_a_region_says_where_it_is() -> None:
    [frame] = give(assembler(), packets(0, 0, first_row=8, first_column=16, oversampling=4))
    assert frame.samples.shape == (ROWS, COLUMNS)
    assert frame.sampling == Sampling(
        first_row=8, first_column=16, cds=False, oversampling=4, averaged=0
    )


@pytest.mark.parametrize("change", [{"first_row": 41}, {"first_column": 33}, {"binning": 3}])
def test_a_region_beyond_the_panel_is_malformed(change: dict[str, int]) -> None:
    target = assembler()
    assert give(target, packets(0, 0, **change)) == []
    assert target.counters.malformed == 1


def test_lost_frames_count_the_rows_that_are_sent() -> None:
    target = assembler()
    for kind, payload in packets(2, 2):
        add = target.add_header if kind == FrameHeader.TYPE else target.add_chunk
        add(payload, contiguous=False)
    assert (target.counters.frames_lost, target.counters.rows_lost) == (2, 2 * ROWS)
    target.explain_skipped(2)
    assert (target.counters.frames_lost, target.counters.rows_lost) == (0, 0)


class Line:
    """A scheduler over an assembler, and what it asks for."""

    def __init__(self) -> None:
        self.assembler = assembler()
        self.asked: list[Any] = []
        self.scheduler = ResendScheduler(self.assembler, self._send, reliable=False)

    def _send(self, resend: Resend) -> int:
        self.asked.append((resend.frame, resend.chunk))
        return len(self.asked)


def test_live_asks_for_what_is_missing_of_the_reference_and_of_no_other_frame() -> None:
    line = Line()
    key, second = packets(0, 0), packets(1, 0)
    give(line.assembler, [*key[:3], *second[:2], *packets(2, 0)[:1]])
    line.scheduler.run(0.0, 0.0)
    assert line.asked == [(0, 2)]
    give(line.assembler, [key[3]])
    line.scheduler.run(0.1, 0.0)
    assert line.asked == [(0, 2)]
    assert line.assembler.counters.chunks_recovered == 1


def test_live_gives_the_reference_up_after_some_tries() -> None:
    line = Line()
    give(line.assembler, [*packets(0, 0)[:3], *packets(1, 0)])
    for second in range(100):
        line.scheduler.run(10.0 * second, 0.0)
    assert line.asked == [(0, 2)] * REFERENCE_TRIES


def test_nothing_more_is_asked_of_a_reference_that_is_gone() -> None:
    line = Line()
    give(line.assembler, [*packets(0, 0)[:2], *packets(1, 0)])
    line.scheduler.run(0.0, 0.0)
    assert line.asked == [(0, 1), (0, 2)]
    assert line.scheduler.refused(1, Nack(Resend.TYPE, NackCode.FRAME_GONE, 0))
    for second in range(100):
        line.scheduler.run(10.0 * second, 0.0)
    assert line.asked == [(0, 1), (0, 2)]
