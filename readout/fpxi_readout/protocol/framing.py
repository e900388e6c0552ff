"""Packets in a byte stream: type, sequence, payload, CRC-32; COBS-stuffed; ended by 0x00."""

from __future__ import annotations

import functools
import warnings
from types import BuiltinFunctionType
from typing import NamedTuple
from zlib import crc32

from cobs import cobs

from fpxi_readout.protocol.counters import FramingCounters
from fpxi_readout.protocol.generated import MAX_PAYLOAD

CRC_SIZE = 4
SHORTEST = 2 + CRC_SIZE
# COBS adds one byte, and one more for every 254 bytes without a zero.
LONGEST_ENCODED = (2 + MAX_PAYLOAD + CRC_SIZE) * 255 // 254 + 1
# The CRC-32 of any message followed by its own little-endian CRC-32 is this constant.
CRC_RESIDUE = 0x2144DF1C


class SlowCodecWarning(UserWarning):
    """COBS runs in pure Python: correct, but far slower than a USB link."""


class Packet(NamedTuple):
    """A packet whose CRC was right."""

    type: int
    sequence: int
    payload: bytes


class PacketDecoder:
    """Finds the packets in a stream that arrives in pieces of any size.

    Damaged packets are dropped and counted; the next 0x00 begins a new one. No more than one
    longest packet is kept between calls.
    """

    def __init__(self, counters: FramingCounters | None = None) -> None:
        self.counters = counters or FramingCounters()
        self._rest = b""
        self._oversize = False
        _warn_if_slow()

    @property
    def within_packet(self) -> bool:
        """Whether the beginning of a packet has arrived, and its end has not."""
        return bool(self._rest) or self._oversize

    def feed(self, data: bytes) -> list[Packet]:
        """Take bytes from the link; return the packets that they complete, in order."""
        self.counters.bytes_received += len(data)
        pieces = (self._rest + data).split(b"\0")
        rest = pieces.pop()
        if self._oversize and pieces:
            del pieces[0]
            self._oversize = False
        self._rest = self._bounded(rest)
        return self._decode(pieces)

    def _bounded(self, rest: bytes) -> bytes:
        if self._oversize:
            return b""
        if len(rest) > LONGEST_ENCODED:
            self._oversize = True
            self.counters.resyncs += 1
            return b""
        return rest

    def _decode(self, pieces: list[bytes]) -> list[Packet]:
        packets = []
        unstuff = cobs.decode
        for piece in pieces:
            if not piece:
                continue
            try:
                content = unstuff(piece)
            except cobs.DecodeError:
                content = b""
            if len(content) < SHORTEST or len(piece) > LONGEST_ENCODED:
                self.counters.resyncs += 1
            elif crc32(content) != CRC_RESIDUE:
                self.counters.crc_errors += 1
            else:
                packets.append(Packet(content[0], content[1], content[2:-CRC_SIZE]))
        return packets


def encode_packet(type: int, sequence: int, payload: bytes) -> bytes:  # noqa: A002
    """Return the bytes of one packet on the wire, with its terminator.

    Raises
    ------
    ValueError
        Type or sequence is no u8, or the payload is longer than the protocol allows.

    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload of {len(payload)} bytes is over the limit of {MAX_PAYLOAD}")
    content = bytes((type, sequence)) + payload
    return bytes(cobs.encode(content + crc32(content).to_bytes(CRC_SIZE, "little"))) + b"\0"


def codec_is_native() -> bool:
    """Tell whether COBS runs as compiled code."""
    return isinstance(cobs.decode, BuiltinFunctionType)


@functools.cache
def _warn_if_slow() -> None:
    if not codec_is_native():
        warnings.warn(
            "the compiled part of the package `cobs` is missing, so decoding is slow; install a "
            "build of cobs for this Python (pip install --force-reinstall cobs)",
            SlowCodecWarning,
            stacklevel=3,
        )
