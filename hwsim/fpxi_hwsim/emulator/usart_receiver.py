"""The receiving half of a USART: bytes from outside arrive in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from fpxi_hwsim.emulator.schedule import TICKS_PER_SECOND
from fpxi_hwsim.emulator.uart_line import LineFormat, receive

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.dma_stream import Stream
    from fpxi_hwsim.emulator.schedule import Event, Schedule

PARITY_ERROR, FRAMING_ERROR, NOISE, OVERRUN, IDLE, NOT_EMPTY = 1, 2, 4, 8, 16, 32
_GROUP = 64
# Rates closer than this are received without error (RM0090, 30.3.5: 3 to 4 %).
_TOLERANCE = 0.03


@dataclass
class _Block:
    """Bytes on their way: byte i is complete at start + (i + 1) * frame."""

    start: int
    frame: Fraction
    data: bytes
    sender: LineFormat
    taken: int = 0

    def end_of(self, index: int) -> int:
        return self.start + -int(-(index + 1) * self.frame // 1)

    def arrived(self, now: int) -> int:
        return min(int((now - self.start) // self.frame), len(self.data))


class Receiver:
    """Shift register and data register.

    Attributes:
        enabled: UE and RE are set.
        format: rate and parity that the firmware set.
        stream: the enabled DMA stream that empties the data register, if any.
        flags: PE, FE, NF, ORE, IDLE, RXNE as in SR.
        data: the data register.

    """

    def __init__(self, schedule: Schedule, changed: Callable[[], None]) -> None:
        self._schedule = schedule
        self._changed = changed
        self._event: Event | None = None
        self._blocks: list[_Block] = []
        self._line_free = 0
        self._idle_event: Event | None = None
        self.clear()

    def clear(self) -> None:
        """Return to the reset state; bytes on the line keep coming."""
        self.enabled = False
        self.format = LineFormat(1.0)
        self.stream: Stream | None = None
        self.flags = 0
        self.data = 0
        self._schedule.cancel(self._idle_event)

    def send(self, data: bytes, sender: LineFormat | None) -> int:
        """Put bytes on the line, after those already there; returns the tick of their end."""
        sender = sender or self.format
        frame = Fraction(TICKS_PER_SECOND * sender.frame_bits) / Fraction(sender.baud)
        start = max(self._schedule.now, self._line_free)
        if data:
            block = _Block(start, frame, data, sender)
            self._blocks.append(block)
            self._line_free = block.end_of(len(data) - 1)
            self._plan()
        return self._line_free

    def set_format(self, new: LineFormat) -> None:
        """Take over a rate and parity; what has arrived so far was received with the old ones."""
        if new != self.format:
            self.update()
            self.format = new

    def attach(self, stream: Stream) -> None:
        """Let a DMA stream empty the data register."""
        self.update()
        self.stream = stream
        if self.flags & NOT_EMPTY:
            self._store(bytes((self.data,)))
            self.flags &= ~NOT_EMPTY
        self._plan()

    def detach(self) -> None:
        """Stop DMA requests."""
        self.update()
        self.stream = None
        self._plan()

    def read(self) -> int:
        """Read the data register."""
        self.flags &= ~NOT_EMPTY
        return self.data

    # ---- progress

    def update(self) -> None:
        """Receive what has arrived by now."""
        while self._blocks:
            block = self._blocks[0]
            count = block.arrived(self._schedule.now)
            if count > block.taken:
                data = block.data[block.taken : count]
                block.taken = count
                self._receive(block, data)
            if block.taken < len(block.data):
                return
            del self._blocks[0]

    def _receive(self, block: _Block, data: bytes) -> None:
        if not self.enabled:
            return
        same_rate = abs(block.sender.baud / self.format.baud - 1) < _TOLERANCE
        if same_rate and block.sender.even_parity == self.format.even_parity:
            self._arrive(data, 0)
        else:
            # What the levels of these bytes say at the receiver's own rate.
            for frame in receive(data, block.sender, self.format):
                errors = frame.framing_error * FRAMING_ERROR | frame.parity_error * PARITY_ERROR
                self._arrive(bytes((frame.value,)), errors)
        self._schedule.cancel(self._idle_event)
        idle_at = block.end_of(block.taken - 1) + -int(-block.frame // 1)
        self._idle_event = self._schedule.at(idle_at, self._idle)

    def _arrive(self, data: bytes, errors: int) -> None:
        if self.stream is not None and not self.flags & NOT_EMPTY:
            self.flags |= errors
            data = data[self._store(data) :]
        for value in data:
            if self.flags & NOT_EMPTY:
                self.flags |= OVERRUN
            else:
                self.data = value
                self.flags |= NOT_EMPTY | errors

    def _store(self, data: bytes) -> int:
        stream = self.stream
        if stream is None:
            return 0
        stored = stream.put(data)
        if not stream.enabled:
            self.stream = None
        return stored

    def _idle(self) -> None:
        self.update()
        started = self._blocks and self._blocks[0].start < self._schedule.now
        if self.enabled and not started:
            self.flags |= IDLE
            self._changed()

    def _plan(self) -> None:
        self._schedule.cancel(self._event)
        self._event = None
        if self._blocks:
            block = self._blocks[0]
            count = 1
            if self.stream is not None:
                count = min(_GROUP, max(self.stream.items_to_flag(), 1))
            last = min(block.taken + count, len(block.data)) - 1
            self._event = self._schedule.at(block.end_of(last), self._wake)

    def _wake(self) -> None:
        self.update()
        self._changed()
        self._plan()
