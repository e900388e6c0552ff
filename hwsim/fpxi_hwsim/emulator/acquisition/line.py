"""What a stretch of the acquisition does to a panel: all edges, judged once and remembered.

A stretch begins with a slot's word (or at the timers' start) and ends before the table's next
round. Everything its verdict depends on is in its key: the table's words, the timers' settings
and counters, and the state of all parts, in times relative to its begin.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.emulator.acquisition.panel import Effect, Panel, Sampled
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.part import State

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


@dataclass(frozen=True, slots=True)
class Reading:
    """One pass of the multiplexer over a source of values."""

    source: int
    number: int


@dataclass(slots=True)
class Verdict:
    """What a stretch did."""

    effects: tuple[Effect, ...]
    readings: tuple[Reading, ...]
    passes: dict[int, int]
    """by source: passes of the multiplexer that this stretch began to sample"""
    index: npt.NDArray[np.intp]
    """for each word: place in the readings' values laid end to end, each with an idle value last"""
    landings: npt.NDArray[np.int64]
    """for each word: when it is in memory"""
    last_landing: int
    row_ends: tuple[int, ...]
    """when a word lands that completes a reading, and the last"""
    state: State
    state_number: int
    carried: tuple[tuple[int, int], ...]
    error: PinError | None
    error_tick: int


CACHE_ENTRIES = 4096


class Judge:
    """Judges stretches on one panel, and remembers.

    Stretches and states go by numbers, given once: to compare them all over again in each line
    would take longer than all the rest.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._numbers: dict[Hashable, int] = {}
        self._verdicts: dict[tuple[int, int], Verdict] = {}
        self.judged = 0

    def number(self, thing: Hashable) -> int:
        """Return the number of a stretch or a state: the same for equal ones."""
        return self._numbers.setdefault(thing, len(self._numbers))

    def judge(self, stretch: Stretch, number: int, state: State, state_number: int) -> Verdict:
        """Return what a stretch does to a panel in a state, both with their numbers."""
        verdict = self._verdicts.get((number, state_number))
        if verdict is None:
            if len(self._verdicts) >= CACHE_ENTRIES:
                self._verdicts.clear()
            verdict = self._play(stretch, state)
            self._verdicts[number, state_number] = verdict
            self.judged += 1
        return verdict

    def _play(self, stretch: Stretch, state: State) -> Verdict:
        panel = self.panel
        panel.restore(0, state)
        panel.begin()
        error: PinError | None = None
        tick = 0
        carried: list[tuple[int, int]] = []
        starts: list[int] = []
        try:
            for tick, _, signal, level in stretch.edges():
                if signal != "bit":
                    panel.drive(tick, signal, bool(level))
                elif tick >= stretch.length and not stretch.last:
                    carried.append((tick - stretch.length, level))
                else:
                    panel.clock_bit(tick, level)
                    if level == 0:
                        starts.append(tick)
        except PinError as problem:
            error = problem
        return self._conclude(stretch, starts, carried, error, tick)

    def _conclude(
        self,
        stretch: Stretch,
        starts: list[int],
        carried: list[tuple[int, int]],
        error: PinError | None,
        tick: int,
    ) -> Verdict:
        panel = self.panel
        effects, words = tuple(panel.effects), panel.words
        panel.begin()
        state = panel.snapshot(stretch.length)
        readings, index = _lay_out(words, panel.columns)
        duration = (BITS - 1) * stretch.spi_period + stretch.spi_period // 2 + LANDING_LATENCY
        passes: dict[int, int] = {}
        for reading in readings:
            passes[reading.source] = max(passes.get(reading.source, 0), reading.number + 1)
        landings = np.array(starts[: len(words)], np.int64) + duration
        return Verdict(
            effects=effects,
            readings=readings,
            passes=passes,
            index=index,
            landings=landings,
            last_landing=int(landings[-1]) if len(landings) else 0,
            row_ends=tuple(int(landings[place]) for place in _row_ends(words)),
            state=state,
            state_number=self.number(state),
            carried=tuple(carried),
            error=error,
            error_tick=tick,
        )


def _lay_out(
    words: list[Sampled], columns: int
) -> tuple[tuple[Reading, ...], npt.NDArray[np.intp]]:
    readings: dict[Reading, int] = {}
    index = np.empty(len(words), np.intp)
    for place, word in enumerate(words):
        if word.column is None:
            index[place] = -1
            continue
        reading = Reading(word.source, word.reading)
        number = readings.setdefault(reading, len(readings))
        index[place] = number * (columns + 1) + word.column
    index[index < 0] = columns  # the first reading's idle value; all are alike
    return tuple(readings), index


def _row_ends(words: list[Sampled]) -> tuple[int, ...]:
    """Return the numbers of the words after which a reading is complete, and of the last."""
    ends: dict[Sampled, int] = {}
    for place, word in enumerate(words):
        if word.column is not None:
            ends[Sampled(word.source, word.reading, None)] = place
    last = {len(words) - 1} if words else set()
    return tuple(sorted(set(ends.values()) | last))
