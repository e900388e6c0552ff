"""One direction of a serial line: its pace and its faults. No clock, no thread."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from fpxi_hwsim.fault_settings import FaultSpecification
from fpxi_hwsim.faults import BLOCK_BYTES, BitFlipper, BlockFaults, FaultCounts

CLEAR_LINE_BYTES = 1 << 17
"""most bytes under way in a line that is neither faulty nor paced"""


class Line:
    """Bytes on their way in one direction.

    Parameters
    ----------
    faults
        What goes wrong on the way.
    baud
        Bits a second, ten to a byte; None: bytes arrive at once.
    direction
        0 to the host, 1 to the device: separates the random sequences.

    """

    def __init__(self, faults: FaultSpecification, baud: int | None, direction: int) -> None:
        self._byte_us = 1e7 / baud if baud else 0.0
        self._direction = direction
        self._under_way: deque[tuple[int, bytes]] = deque()
        self._busy_until_us = 0.0
        self._waiting = 0
        self.counts = FaultCounts()
        self.set_faults(faults)

    def set_faults(self, faults: FaultSpecification) -> None:
        """Change what goes wrong from now on; the random sequences begin anew."""
        flips, blocks = np.random.default_rng([faults.fault_seed, self._direction]).spawn(2)
        self._flipper = BitFlipper(faults.bit_flips, flips, self.counts)
        self._blocks = BlockFaults(faults, blocks, self.counts)
        self._one_piece_a_time = faults.rechunk

    @property
    def room(self) -> int:
        """Bytes that the line takes now: few when it is slow, as an output register.

        Never less than a block, so that the size of a piece does not follow that of the last.
        """
        free = (2 * BLOCK_BYTES if self._cuts else CLEAR_LINE_BYTES) - self._waiting
        return free if free >= BLOCK_BYTES else 0

    @property
    def due_us(self) -> int | None:
        """When the next bytes arrive; None while the line is empty."""
        return self._under_way[0][0] if self._under_way else None

    def push(self, data: bytes, now_us: int) -> None:
        """Send bytes off."""
        self.counts.bytes += len(data)
        if not self._cuts:
            self._send(data, now_us)
            return
        for block in self._blocks.cut(data):
            for _ in range(self._blocks.copies(block)):
                self._send(block, now_us)

    def pop(self, now_us: int) -> bytes:
        """Return the bytes that have arrived; one piece a call when they are re-chunked."""
        arrived = []
        while self._under_way and self._under_way[0][0] <= now_us:
            arrived.append(self._under_way.popleft()[1])
            if self._one_piece_a_time:
                break
        data = b"".join(arrived)
        self._waiting -= len(data)
        return data

    def clear(self) -> None:
        """Forget the bytes under way."""
        self._under_way.clear()
        self._waiting = 0

    @property
    def _cuts(self) -> bool:
        return self._byte_us > 0 or self._blocks.active

    def _send(self, block: bytes, now_us: int) -> None:
        if not block:
            return
        start_us = max(self._busy_until_us, float(now_us)) + self._blocks.stall_us()
        self._busy_until_us = start_us + self._byte_us * len(block)
        self._under_way.append((math.ceil(self._busy_until_us), self._flipper.apply(block)))
        self._waiting += len(block)
