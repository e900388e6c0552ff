"""What a stretch of the acquisition does to a panel: all edges, judged once and remembered.

A stretch begins with a slot's word (or at the timers' start) and ends before a new round of the
table. Everything its verdict depends on is in its key: the table's words, the timers' settings
and counters, and the state of all parts, in times relative to its begin.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.emulator.acquisition.panel import Effect, Panel, Sampled
from fpxi_hwsim.emulator.acquisition.stretch import BITS, LANDING_LATENCY, Stretch
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.part import State


@dataclass(frozen=True, slots=True)
class Reading:
    """One pass of the multiplexer over a source of values."""

    source: int
    number: int


Part = tuple[tuple[Reading, ...], npt.NDArray[np.intp]]


@dataclass(slots=True)
class Verdict:
    """What a stretch did."""

    effects: tuple[Effect, ...]
    readings: tuple[Reading, ...]
    passes: dict[int, int]
    """by source: passes of the multiplexer that this stretch began to sample"""
    columns: int
    index: npt.NDArray[np.intp]
    """for each word: place in the readings' values laid end to end, each with an idle value last;
    -1: nothing was at the output"""
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
    _parts: dict[tuple[int, int], Part] = field(default_factory=dict)

    def of_no_length(self) -> Verdict:
        """Return what a stretch that ends as it begins does: nothing."""
        return replace(
            self,
            effects=(),
            readings=(),
            passes={},
            index=self.index[:0],
            landings=self.landings[:0],
            row_ends=(),
            _parts={},
        )

    def error_at(self, start: int) -> PinError | None:
        """Return the error of a stretch that began at `start`, with its time."""
        error = self.error
        if error is None:
            return None
        found = PinError(error.part, error.signal, error.reason, tick=start + self.error_tick)
        found.required_ns, found.actual_ns = error.required_ns, error.actual_ns
        return found

    def part(self, first: int, beyond: int) -> Part:
        """Return the readings that some of the words are of, and the words' places in these."""
        part = self._parts.get((first, beyond))
        if part is None:
            part = self._parts[first, beyond] = self._cut_out(self.index[first:beyond])
        return part

    def _cut_out(self, index: npt.NDArray[np.intp]) -> Part:
        width = self.columns + 1
        numbers = np.unique(index[index >= 0] // width)
        places = np.searchsorted(numbers, index // width) * width + index % width
        # The first reading's idle value: all are alike.
        places = np.where(index < 0, self.columns, places)
        return tuple(self.readings[number] for number in numbers), places


CACHE_ENTRIES = 1024
"""of verdicts; of numbers given, four times as many"""


class Judge:
    """Judges stretches on one panel, and remembers.

    Stretches and states go by numbers, given once: to compare them all over again in each line
    would take longer than all the rest.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._numbers: dict[Hashable, int] = {}
        self._numbered = 0
        self._verdicts: dict[tuple[int, int], Verdict] = {}
        self.judged = 0

    def number(self, thing: Hashable) -> int:
        """Return the number of a stretch or a state: never the same for unequal ones.

        Equal ones get the same, unless so many others came between that it was forgotten.
        """
        number = self._numbers.get(thing)
        if number is None:
            if len(self._numbers) >= 4 * CACHE_ENTRIES:
                self._numbers.clear()
            number = self._numbers[thing] = self._numbered
            self._numbered += 1
        return number

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
            columns=panel.columns,
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
    return tuple(readings), index


def _row_ends(words: list[Sampled]) -> tuple[int, ...]:
    """Return the numbers of the words after which a reading is complete, and of the last."""
    ends: dict[Sampled, int] = {}
    for place, word in enumerate(words):
        if word.column is not None:
            ends[Sampled(word.source, word.reading, None)] = place
    last = {len(words) - 1} if words else set()
    return tuple(sorted(set(ends.values()) | last))
