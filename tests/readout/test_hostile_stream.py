"""Bytes of a peripheral that means no good: memory stays bounded whatever it sends."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from fpxi_readout.inbox import MOST_EVENTS, Inbox
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.framing import LONGEST_ENCODED, Packet, PacketDecoder, encode_packet
from fpxi_readout.protocol.generated import Event, FrameChunk, FrameHeader
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry

PANEL = PanelGeometry("test", 64, 64, 200.0, 0, 16, 56.0, (GainSetting("x", 1.0),))
HEADER = FrameHeader(0, 0, 0, 0, 0, 0, 64, 64, 8, 0, 8, 0, 0, 1, 1, 1, 8, 128, 1, 0)
NOTIFICATION_BYTES = 244
FRAMES_BYTES = 256 * 64 * 64 * 3
"""as many frames in progress as there may be, of this panel, and half as much beside them"""


def notifications(packets: Iterable[bytes]) -> Iterator[bytes]:
    """Cut packets into the pieces that a radio link delivers."""
    waiting = b""
    for packet in packets:
        waiting += packet
        while len(waiting) >= NOTIFICATION_BYTES:
            yield waiting[:NOTIFICATION_BYTES]
            waiting = waiting[NOTIFICATION_BYTES:]
    yield waiting


def peak_bytes(take: Callable[[Packet], None], packets: Iterable[bytes]) -> int:
    """Return the most memory that decoding and taking packets needed at once."""
    decoder = PacketDecoder()
    tracemalloc.start()
    try:
        for piece in notifications(packets):
            for packet in decoder.feed(piece):
                take(packet)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def assembling(assembler: FrameAssembler) -> Callable[[Packet], None]:
    def take(packet: Packet) -> None:
        if packet.type == FrameHeader.TYPE:
            assembler.add_header(packet.payload)
        else:
            assembler.add_chunk(packet.payload)
        assembler.take()

    return take


def test_fragments_that_never_end_are_not_collected() -> None:
    fragments = (b"\7" * NOTIFICATION_BYTES for _ in range(20_000))
    assert peak_bytes(lambda _: None, fragments) < 8 * LONGEST_ENCODED


@pytest.mark.parametrize("claim", [{"rows": 65535}, {"columns": 65535}, {"chunks": 65535}])
@pytest.mark.parametrize("reliable", [False, True])
def test_a_giant_claim_takes_no_memory(claim: dict[str, int], reliable: bool) -> None:
    assembler = FrameAssembler(PANEL, first_frame=0, reliable=reliable)
    payload = replace(HEADER, **claim).pack()
    headers = (encode_packet(FrameHeader.TYPE, n % 256, payload) for n in range(500))
    assert peak_bytes(assembling(assembler), headers) < 1_000_000
    assert assembler.counters.malformed == 500


@pytest.mark.parametrize("reliable", [False, True])
@pytest.mark.parametrize("stride", [1, 1_000_000])
def test_frames_that_never_become_whole_are_bounded(reliable: bool, stride: int) -> None:
    assembler = FrameAssembler(PANEL, first_frame=0, reliable=reliable)

    def packets() -> Iterator[bytes]:
        for n in range(1000):
            chunk = FrameChunk(n * stride, 8, 8, 0, bytes(2 * 8 * 64)).pack()
            yield encode_packet(FrameChunk.TYPE, n % 256, chunk)
            if n % 2:
                header = replace(HEADER, frame=n * stride).pack()
                yield encode_packet(FrameHeader.TYPE, n % 256, header)

    assert peak_bytes(assembling(assembler), packets()) < FRAMES_BYTES


def test_events_without_end_keep_the_newest() -> None:
    inbox = Inbox()

    def packets() -> Iterator[bytes]:
        for n in range(2 * MOST_EVENTS):
            yield encode_packet(Event.TYPE, n % 256, Event(n, 1, 200, n).pack())

    assert peak_bytes(inbox.packet, packets()) < MOST_EVENTS * 1000
    events = inbox.take_events()
    assert [events[0].detail, events[-1].detail] == [MOST_EVENTS, 2 * MOST_EVENTS - 1]
    assert inbox.events_dropped == MOST_EVENTS
