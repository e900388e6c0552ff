"""Words on their way from the converters to memory: each lands in its own time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fpxi_hwsim.emulator.acquisition.charges import Charges, Counts
from fpxi_hwsim.emulator.acquisition.panel import Effect
from fpxi_hwsim.emulator.acquisition.verdict import Verdict


@dataclass(slots=True)
class _Batch:
    """The words of one stretch."""

    start: int
    verdict: Verdict
    landed: int = 0
    rest: Counts | None = None
    """values of all that have not landed, where they had to be found before their time"""


class Landing:
    """Words of the stretches, the last of which may still be cut short.

    Parameters
    ----------
    charges
        Give the words their values.
    deliver
        Takes the words that have landed.

    """

    def __init__(self, charges: Charges, deliver: Callable[[Counts], None]) -> None:
        self._charges = charges
        self._deliver = deliver
        self._batches: deque[_Batch] = deque()
        self._latest: _Batch | None = None
        """of the stretch that began last, also when all its words have landed"""

    def begin(self, start: int, verdict: Verdict) -> None:
        """Let a stretch that began at `start` happen to the pixels, and await its words."""
        if self._batches:
            # Once the next stretch has happened, the pixels no longer tell what these words are.
            self._evaluate_rest(self._batches[-1])
        self._charges.apply(verdict.effects, start)
        self._latest = None
        if len(verdict.index):
            self._latest = _Batch(start, verdict)
            self._batches.append(self._latest)

    def follow(self, effects: Sequence[Effect]) -> None:
        """Let happen to the pixels what happened outside of a stretch, in absolute times."""
        if effects:
            if self._batches:
                self._evaluate_rest(self._batches[-1])
            self._charges.apply(effects, 0)

    def cut(self, start: int, verdict: Verdict) -> None:
        """Replace the stretch that began last by what was played of it."""
        self._charges.take_back()
        whole, self._latest = self._latest, None
        self._charges.apply(verdict.effects, start)
        if whole is None:
            return
        if self._batches and self._batches[-1] is whole:
            self._batches.pop()
        if whole.landed < len(verdict.index):
            self._batches.append(_Batch(start, verdict, whole.landed))

    def land(self, now: int, latest: int | None = None) -> None:
        """Deliver the words that are in memory by now, of stretches that began by `latest`."""
        while self._batches:
            batch = self._batches[0]
            if latest is not None and batch.start > latest:
                return
            landings = batch.verdict.landings
            count = len(landings)
            if batch.start + batch.verdict.last_landing > now:
                count = int(np.searchsorted(landings, now - batch.start, "right"))
            if count > batch.landed:
                self._deliver(self._take(batch, count))
            if count < len(landings):
                return
            self._batches.popleft()

    def forget(self) -> None:
        """Drop the words that are on their way: nothing takes them after a reset."""
        self._batches.clear()
        self._latest = None

    def _take(self, batch: _Batch, count: int) -> Counts:
        """Return the values of the words that land next, up to so many of the batch."""
        first, batch.landed = batch.landed, count
        if batch.rest is None:
            return self._charges.words(batch.verdict, first, count)
        words, batch.rest = batch.rest[: count - first], batch.rest[count - first :]
        return words

    def _evaluate_rest(self, batch: _Batch) -> None:
        if batch.rest is None:
            batch.rest = self._charges.words(batch.verdict, batch.landed, len(batch.verdict.index))
