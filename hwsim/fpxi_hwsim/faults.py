"""Faults of one direction of a line, seeded and counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fpxi_hwsim.fault_settings import FaultSpecification

BLOCK_BYTES = 512
"""most bytes that a faulty or a paced line hands over at once"""


@dataclass(slots=True)
class FaultCounts:
    """What has gone wrong: the truth for tests of the other end."""

    bytes: int = 0
    bits_flipped: int = 0
    blocks: int = 0
    blocks_dropped: int = 0
    bytes_dropped: int = 0
    blocks_duplicated: int = 0
    stalls: int = 0


class BitFlipper:
    """Inverts bits at random; where they lie does not depend on how the stream is cut."""

    def __init__(self, rate: float, random: np.random.Generator, counts: FaultCounts) -> None:
        self._rate = rate
        self._random = random
        self._counts = counts
        self._bits_to_next = self._gap()

    def apply(self, block: bytes) -> bytes:
        """Return the block with its share of inverted bits."""
        bits = 8 * len(block)
        if not self._rate or self._bits_to_next >= bits:
            self._bits_to_next -= bits
            return block
        damaged = bytearray(block)
        while self._bits_to_next < bits:
            damaged[self._bits_to_next >> 3] ^= 1 << (self._bits_to_next & 7)
            self._counts.bits_flipped += 1
            self._bits_to_next += 1 + self._gap()
        self._bits_to_next -= bits
        return bytes(damaged)

    def _gap(self) -> int:
        """Undamaged bits before the next damaged one."""
        return int(self._random.geometric(self._rate)) - 1 if self._rate else 0


class BlockFaults:
    """Loses, doubles, delays and re-cuts blocks."""

    def __init__(
        self, faults: FaultSpecification, random: np.random.Generator, counts: FaultCounts
    ) -> None:
        self._faults = faults
        self._random = random
        self._counts = counts

    @property
    def active(self) -> bool:
        """Whether blocks may suffer at all."""
        faults = self._faults
        return bool(faults.drops or faults.duplicates or faults.stalls or faults.rechunk)

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Cut bytes into blocks, of random sizes if they are to be re-chunked."""
        start = 0
        while start < len(data):
            rechunk = self._faults.rechunk
            size = int(self._random.integers(1, BLOCK_BYTES + 1)) if rechunk else BLOCK_BYTES
            yield data[start : start + size]
            start += size

    def copies(self, block: bytes) -> int:
        """How many times the block arrives."""
        self._counts.blocks += 1
        if self._random.random() < self._faults.drops:
            self._counts.blocks_dropped += 1
            self._counts.bytes_dropped += len(block)
            return 0
        if self._random.random() < self._faults.duplicates:
            self._counts.blocks_duplicated += 1
            return 2
        return 1

    def stall_us(self) -> float:
        """How long the line is silent before the block."""
        if self._random.random() >= self._faults.stalls:
            return 0.0
        self._counts.stalls += 1
        return self._faults.stall_s * 1e6


class ResetFault:
    """Picks exposures whose data are cut off by a reset of the device."""

    def __init__(self, faults: FaultSpecification, frame_bytes: int) -> None:
        self._rate = faults.resets
        self._random = np.random.default_rng([faults.fault_seed, 2])
        self._frame_bytes = frame_bytes
        self.bytes_left: int | None = None
        """bytes that still leave the device before it resets; None: no reset is due"""
        self.resets = 0

    def exposed(self) -> None:
        """Note an exposure; perhaps the device resets while it is sent."""
        if self.bytes_left is None and self._random.random() < self._rate:
            self.bytes_left = int(self._random.integers(1, self._frame_bytes))

    def sent(self, count: int) -> bool:
        """Note bytes that left the device; True when it has to reset now."""
        if self.bytes_left is None:
            return False
        self.bytes_left -= count
        if self.bytes_left > 0:
            return False
        self.bytes_left = None
        self.resets += 1
        return True
