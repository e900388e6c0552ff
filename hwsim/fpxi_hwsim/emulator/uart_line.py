"""Bytes on a serial line as levels in time: what a receiver at another rate makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """One received frame.

    Attributes:
        value: data bits, parity bit left out.
        framing_error: the stop bit was low.
        parity_error: the parity bit was wrong.
        end: when it was complete, in bit times of the receiver from the first start bit.

    """

    value: int
    framing_error: bool
    parity_error: bool
    end: float


@dataclass(frozen=True)
class LineFormat:
    """Rate in baud, and whether an even parity bit follows the eight data bits."""

    baud: float
    even_parity: bool = False

    @property
    def frame_bits(self) -> int:
        """Bits of a frame: start, data, parity, one stop bit."""
        return 11 if self.even_parity else 10


def _levels(data: bytes, sender: LineFormat) -> list[int]:
    levels = []
    for value in data:
        bits = [0, *(value >> bit & 1 for bit in range(8))]
        if sender.even_parity:
            bits.append(value.bit_count() & 1)
        levels += [*bits, 1]
    return levels


def receive(data: bytes, sender: LineFormat, receiver: LineFormat) -> Iterator[Frame]:
    """Sample what `sender` sends at the middle of the bits that `receiver` expects.

    Rates that agree give the bytes back; others give what the levels happen to say.
    """
    levels = _levels(data, sender)
    ratio = sender.baud / receiver.baud

    def level(bit_time: float) -> int:
        index = int(bit_time * ratio)
        return levels[index] if index < len(levels) else 1

    length = len(levels) / ratio
    time = 0.0
    while time < length:
        if level(time):
            # Idle or a stop bit: the next start bit is where the level falls.
            index = int(time * ratio)
            while index < len(levels) and levels[index]:
                index += 1
            if index >= len(levels):
                return
            time = index / ratio + 1e-9
        bits = [level(time + 0.5 + bit) for bit in range(receiver.frame_bits)]
        value = sum(bit << place for place, bit in enumerate(bits[1:9]))
        parity_error = receiver.even_parity and (value.bit_count() & 1) != bits[9]
        end = time + receiver.frame_bits
        yield Frame(value, not bits[-1], parity_error, end)
        # The receiver looks for the next start bit from the middle of the stop bit on.
        time = end - 0.5
