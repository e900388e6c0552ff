"""What is played on the panel in one go: the timers' waves, the table's words, the SPI's bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

WORD_LATENCY = 4
"""ticks from a timer's update to the level at the pin: request, arbitration, memory, bus"""
SPI_LATENCY = 6
"""ticks from a timer's compare event to SCK's first rise"""
LANDING_LATENCY = 4
"""ticks from a word's last bit to its place in memory"""
BITS = 16

Edge = tuple[int, int, str, int]
"""(tick, order at equal ticks, signal or "bit", level or number of the bit)"""
PIN, CLOCK, TABLE = 0, 1, 2
"""orders: a converter samples before the table's word moves anything"""


@dataclass(frozen=True, slots=True)
class Output:
    """A PWM output."""

    signal: str
    compare: int
    inverted: bool
    """PWM mode 2: high from the compare value on"""

    def level(self, count: int) -> bool:
        """Return the level while the counter stands at `count`."""
        return (count < self.compare) != self.inverted


@dataclass(frozen=True, slots=True)
class TimerWave:
    """A running timer: its counter at the stretch's begin and what follows from it."""

    count: int
    period: int
    outputs: tuple[Output, ...]
    word_at: int | None
    """compare value whose event starts an SPI word"""
    fresh: bool
    """it starts now: the counter stands where it was left, which is no event"""

    def edges(self, length: int) -> Iterator[Edge]:
        """Give the edges of `length` ticks."""
        for output in self.outputs:
            yield (0, PIN, output.signal, output.level(self.count))
            for tick in self.times(0, length):
                yield (tick, PIN, output.signal, output.level(0))
            for tick in self.times(output.compare, length):
                yield (tick, PIN, output.signal, output.level(output.compare))

    def times(self, count: int, length: int) -> range:
        """Return when the counter comes to `count`."""
        first = (count - self.count) % self.period
        if first == 0 and self.fresh:
            first = self.period
        return range(first, length, self.period)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is played."""

    length: int
    """ticks"""
    words: tuple[int, ...]
    """BSRR words, one at each update of `timers[0]`"""
    pins: tuple[tuple[int, str], ...]
    """bit of the port and signal, in the order in which a word's edges are judged"""
    timers: tuple[TimerWave, ...]
    slots: bool
    """whether the first of the timers is the one that plays the words"""
    spi_period: int
    """ticks of one SCK"""
    last: bool = False
    """nothing follows: words begun come to their end"""
    carried: tuple[tuple[int, int], ...] = ()
    """(tick, number) of the bits of a word begun before"""

    def edges(self) -> list[Edge]:
        """Return all edges in their order."""
        edges = [(tick, CLOCK, "bit", bit) for tick, bit in self.carried]
        for timer in self.timers:
            edges += timer.edges(self.length)
            if timer.word_at is not None:
                edges += self._bits(timer)
        if self.slots:
            updates = self.timers[0].times(0, self.length)
            for tick, word in zip(updates, self.words, strict=False):
                edges += self._levels(tick + WORD_LATENCY, word)
        edges.sort(key=lambda edge: edge[:2])
        return edges

    def _bits(self, timer: TimerWave) -> Iterator[Edge]:
        assert timer.word_at is not None
        for tick in timer.times(timer.word_at, self.length):
            for bit in range(BITS):
                yield (tick + SPI_LATENCY + bit * self.spi_period, CLOCK, "bit", bit)

    def _levels(self, tick: int, word: int) -> Iterator[Edge]:
        for bit, signal in self.pins:
            if word >> bit & 1:  # set wins (RM0090, 8.4.7)
                yield (tick, TABLE, signal, 1)
            elif word >> (bit + 16) & 1:
                yield (tick, TABLE, signal, 0)
