"""Packets in a stream."""

from __future__ import annotations

import itertools
import zlib

import pytest
from cobs import cobs
from fpxi_readout.protocol import framing
from fpxi_readout.protocol.framing import (
    LONGEST_ENCODED,
    Packet,
    PacketDecoder,
    SlowCodecWarning,
    encode_packet,
)
from fpxi_readout.protocol.generated import MAX_PAYLOAD
from hypothesis import given
from hypothesis import strategies as st

packets = st.builds(Packet, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=600))


def encoded(items: list[Packet]) -> bytes:
    return b"".join(encode_packet(*packet) for packet in items)


@given(st.lists(packets, max_size=8), st.lists(st.integers(0, 5000), max_size=12))
def test_any_chunking_gives_the_same_packets(items: list[Packet], cuts: list[int]) -> None:
    stream = encoded(items)
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    decoder = PacketDecoder()
    found: list[Packet] = []
    for begin, end in itertools.pairwise(places):
        found += decoder.feed(stream[begin:end])
    assert found == items
    assert decoder.counters.bytes_received == len(stream)
    assert decoder.counters.crc_errors == decoder.counters.resyncs == 0


@given(packets, packets, st.data())
def test_a_damaged_packet_is_never_accepted_and_costs_no_other(
    damaged: Packet, whole: Packet, data: st.DataObject
) -> None:
    stream = bytearray(encode_packet(*damaged))
    place = data.draw(st.integers(0, len(stream) - 2))
    stream[place] ^= 1 << data.draw(st.integers(0, 7))
    decoder = PacketDecoder()
    # A bit flipped to make a zero cuts the packet in two: more than one piece may be counted.
    found = decoder.feed(bytes(stream) + encode_packet(*whole))
    assert found == [whole]
    assert decoder.counters.crc_errors + decoder.counters.resyncs >= 1


@given(st.binary(max_size=4000))
def test_noise_is_taken_without_an_error(noise: bytes) -> None:
    whole = Packet(1, 2, b"after")
    assert PacketDecoder().feed(noise + b"\0" + encode_packet(*whole))[-1] == whole


@pytest.mark.parametrize("piece", [1, 700, 100_000])
def test_a_stream_without_terminators_is_dropped_and_counted_once(piece: int) -> None:
    decoder = PacketDecoder()
    for _ in range(3):
        for _ in range(-(-3 * LONGEST_ENCODED // piece)):
            decoder.feed(b"\x01" * piece)
            assert len(decoder._rest) <= LONGEST_ENCODED
        assert decoder.feed(b"\x01\0" + encode_packet(7, 7, b"x")) == [Packet(7, 7, b"x")]
    assert decoder.counters.resyncs == 3


def test_a_whole_piece_that_is_too_long_is_dropped_and_counted() -> None:
    content = bytes(MAX_PAYLOAD + 7)
    content += zlib.crc32(content).to_bytes(4, "little")
    decoder = PacketDecoder()
    assert decoder.feed(cobs.encode(content + b"\xff" * 300) + b"\0") == []
    assert decoder.counters.resyncs == 1


def test_the_largest_packet_passes() -> None:
    payload = b"\xff" * MAX_PAYLOAD
    data = encode_packet(255, 255, payload)
    assert len(data) - 1 <= LONGEST_ENCODED
    assert PacketDecoder().feed(data) == [Packet(255, 255, payload)]


def test_a_payload_over_the_limit_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="over the limit"):
        encode_packet(1, 1, bytes(MAX_PAYLOAD + 1))


def test_a_packet_too_short_for_its_crc_counts_as_resync() -> None:
    decoder = PacketDecoder()
    assert decoder.feed(cobs.encode(b"abc") + b"\0") == []
    assert decoder.counters.resyncs == 1


def test_empty_pieces_are_no_errors() -> None:
    decoder = PacketDecoder()
    assert decoder.feed(b"\0\0\0") == []
    assert decoder.counters.resyncs == 0


def test_the_pure_python_codec_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing.cobs, "decode", lambda data: data)
    framing._warn_if_slow.cache_clear()
    with pytest.warns(SlowCodecWarning, match="install"):
        PacketDecoder()
    PacketDecoder()
    framing._warn_if_slow.cache_clear()
