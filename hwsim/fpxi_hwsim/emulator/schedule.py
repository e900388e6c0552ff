"""Virtual time and the events due in it."""

from __future__ import annotations

import heapq
from collections.abc import Callable

TICKS_PER_SECOND = 168_000_000
TICKS_PER_US = 168

_NEVER = 1 << 62


class Event:
    """Something due at a tick; the handle by which it is cancelled."""

    __slots__ = ("function", "time")

    def __init__(self, time: int, function: Callable[[], None]) -> None:
        self.time = time
        self.function: Callable[[], None] | None = function


class Schedule:
    """The clock of the machine: ticks of 168 MHz, and events in the order of time, then of entry.

    `now` is exact wherever models run: in events, and in register accesses by the core.
    """

    __slots__ = ("_heap", "_order", "horizon", "now", "on_earlier")

    def __init__(self) -> None:
        self.now = 0
        # Tuples, since these are compared without a call into Python; the order is unique.
        self._heap: list[tuple[int, int, Event]] = []
        self._order = 0
        # The core executes freely up to the horizon; an event before it must cut that short.
        self.horizon = 0
        self.on_earlier: Callable[[int], None] | None = None

    def at(self, time: int, function: Callable[[], None]) -> Event:
        """Have `function` called at tick `time`; a past time means as soon as possible."""
        time = max(time, self.now)
        self._order += 1
        event = Event(time, function)
        heapq.heappush(self._heap, (time, self._order, event))
        if time < self.horizon and self.on_earlier is not None:
            self.horizon = time
            self.on_earlier(time)
        return event

    def after(self, ticks: int, function: Callable[[], None]) -> Event:
        """Have `function` called `ticks` from now."""
        return self.at(self.now + ticks, function)

    @staticmethod
    def cancel(event: Event | None) -> None:
        """Forget an event; one that is already past, or None, is ignored."""
        if event is not None:
            event.function = None

    def next_time(self) -> int:
        """Tick of the earliest event, or a time beyond all others if none is due."""
        heap = self._heap
        while heap and heap[0][2].function is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else _NEVER

    def has_events(self) -> bool:
        """Whether anything is due at all."""
        return self.next_time() < _NEVER

    def run_due(self) -> None:
        """Call everything that is due by now, in order, each with `now` at its own tick.

        The core may have gone on for some ticks: an instruction is not cut in two.
        """
        heap, reached = self._heap, self.now
        while heap and heap[0][0] <= reached:
            time, _, event = heapq.heappop(heap)
            function = event.function
            if function is not None:
                event.function = None
                self.now = time
                function()
        self.now = reached

    def clear(self) -> None:
        """Drop every event: the power went."""
        for _, _, event in self._heap:
            event.function = None
        self._heap.clear()
