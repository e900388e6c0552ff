"""The transmitting half of a USART, in virtual time without an event for each byte.

The state is a burst: byte i of it is shifted out from `start + i * frame` on. A byte is written
to the data register as soon as the byte before it has moved on to the shift register. Bytes that
DMA writes are fetched in groups: when somebody looks (NDTR, a flag, the outside), at a flag of the
stream, or 512 at a time. A byte is thus read from memory at its own time or later, never earlier
than the firmware can know: what overwrites it too soon is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpxi_hwsim.emulator.dma_stream import Stream
    from fpxi_hwsim.emulator.schedule import Event, Schedule

Ticks = int | Fraction
_GROUP = 512


class Transmitter:
    """Data register and shift register.

    Attributes:
        frame: length of a frame in ticks.
        stream: the enabled DMA stream that feeds it, if any.
        listeners: called as function(tick, bytes) with bytes whose stop bits have passed.
        complete: whether everything written has been sent (SR.TC).

    """

    def __init__(self, schedule: Schedule, changed: Callable[[], None]) -> None:
        self._schedule = schedule
        self._changed = changed
        self.listeners: list[Callable[[int, bytes], None]] = []
        self.frame: Ticks = 1
        self._event: Event | None = None
        self.clear()

    def clear(self) -> None:
        """Forget what was being sent."""
        self._schedule.cancel(self._event)
        self._event = None
        self.stream: Stream | None = None
        self._start: Ticks = 0
        self._written = 0
        self._sent = 0
        self._waiting = bytearray()
        self._since = 0
        self._held_from: int | None = None
        self.complete = True

    # ---- times

    def _register_free(self) -> Ticks:
        """When the last byte written moves, or moved, on to the shift register."""
        return self._start + (self._written - 1) * self.frame if self._written else 0

    def _line_free(self) -> Ticks:
        """When the last byte written has, or had, passed."""
        return self._start + self._written * self.frame

    @property
    def register_empty(self) -> bool:
        """SR.TXE: the data register takes another byte."""
        if self._held_from is not None and self._written > self._held_from:
            return False
        return self._register_free() <= self._schedule.now

    @property
    def idle(self) -> bool:
        """Whether nothing is being sent or waits to be."""
        return self._sent == self._written and self.stream is None

    # ---- input

    def write(self, value: int) -> None:
        """Write a byte to the empty data register."""
        self.update()
        self._append(bytes((value,)), self._schedule.now)
        self._plan()

    def attach(self, stream: Stream) -> None:
        """Let a DMA stream feed the data register from now on."""
        self.update()
        self.stream = stream
        self._since = self._schedule.now
        self.complete = False
        self.update()
        self._plan()

    def detach(self) -> None:
        """Stop DMA requests; bytes already written are sent."""
        self.update()
        self.stream = None
        self._plan()

    def hold(self, held: bool) -> None:
        """Follow CTS: while held, no further frame begins."""
        if held == (self._held_from is not None):
            return
        self.update()
        now = self._schedule.now
        if held:
            self._held_from = max(-int((self._start - now) // self.frame), 0)
            self._held_from = min(self._held_from, self._written)
        else:
            first = self._held_from or 0
            self._held_from = None
            begin = self._start + first * self.frame
            self._start += max(now - begin, 0) if first < self._written else 0
        self.update()
        self._plan()

    def _append(self, data: bytes, time: Ticks) -> None:
        self.complete = False
        if time >= self._line_free() and self._held_from is None:
            self._flush()
            self._start, self._written, self._sent = time, 0, 0
        self._waiting += data
        self._written += len(data)

    # ---- progress

    def update(self) -> None:
        """Bring fetched and sent bytes up to now."""
        self._fetch()
        self._deliver()

    def _fetch(self) -> None:
        now = self._schedule.now
        while self.stream is not None:
            time = max(self._since, self._register_free())
            if time > now:
                return
            if self._held_from is not None and self._written > self._held_from:
                return
            count = 1
            busy_until = self._line_free()
            if time < busy_until <= now and self._held_from is None:
                count += int((now - busy_until) // self.frame) + 1
            data = self.stream.take(count)
            if data:
                self._append(data, time)
            if len(data) < count or not self.stream.enabled:
                self.stream = None

    def _completed(self) -> int:
        passed = int((self._schedule.now - self._start) // self.frame)
        limit = self._written if self._held_from is None else self._held_from
        return max(min(passed, limit, self._written), 0)

    def _deliver(self) -> None:
        count = self._completed() - self._sent
        if count > 0:
            self._emit(count)
        if self._sent == self._written and self.stream is None and not self.complete:
            self.complete = True
            self._changed()

    def _flush(self) -> None:
        if self._waiting:
            self._emit(len(self._waiting))

    def _emit(self, count: int) -> None:
        data = bytes(self._waiting[:count])
        del self._waiting[:count]
        self._sent += count
        tick = int(self._start + self._sent * self.frame)
        for function in self.listeners:
            function(tick, data)

    def _plan(self) -> None:
        """Wake up when a group of bytes was fetched, a flag is due, or all has been sent."""
        self._schedule.cancel(self._event)
        self._event = None
        if self.stream is not None:
            if self._held_from is not None and self._written > self._held_from:
                return
            count = min(_GROUP, max(self.stream.items_to_flag(), 1))
            first = max(self._since, self._register_free())
            busy_until = max(self._line_free(), first)
            time = first if count == 1 else busy_until + (count - 2) * self.frame
        elif self._sent < self._written and self._held_from is None:
            # The end of the data register's use, then the end of the line's.
            time = self._register_free()
            if time <= self._schedule.now:
                time = self._line_free()
        else:
            return
        self._event = self._schedule.at(_ceil(time), self._wake)

    def _wake(self) -> None:
        self.update()
        self._changed()
        self._plan()


def _ceil(value: Ticks) -> int:
    return -int(-value // 1)
