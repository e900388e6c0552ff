"""How many bytes per second of frames to have a device make, so that they hardly queue."""

from __future__ import annotations

import math

START_Bps = 20_000.0
"""Until frames have come: a flood would fill the device's frame store before anything is known."""
START_SHARE = 0.8
"""What of a frame's own rate the search begins with."""
SEARCH_SHARE = 1.2
"""What of it the search ends with, unless a queue ends it before."""
START_STEP = 0.5
"""Growth in the search."""
FIRST_STEP = 0.02
LARGEST_STEP = 0.25
CALM_STEPS = 8
"""Steps after which the next ones are twice as large."""
BACK_OFF = 0.95
LEAST_SHARE = 0.3
DRAIN_S = 1.0
DRAINED = 0.3
LEAST_SHRINKING = 0.1


class RateControl:
    """Follows the capacity from the queueing delay.

    While a queue stands, what arrives is what the link carries: the rate goes a little below that
    until the queue has gone. Then it rises, slowly at first: to the next queue, or to the wish.
    """

    def __init__(self) -> None:
        self.rate_Bps: float | None = START_Bps
        """None: as many as the user wishes."""
        self._no_queue_yet = True
        self._after_Bps: float | None = None  # the rate to go on with when a queue has drained
        self._before_Bps: float | None = None  # the rate that a queue, if it was one, came from
        self._burst_Bps: float | None = None
        self._calm = 0
        self._standing_s = 0.0

    @property
    def searching(self) -> bool:
        """Whether the rate is held down, and no queue has told yet how far it may rise."""
        return self._no_queue_yet and self.rate_Bps is not None

    def expect(self, burst_Bps: float, *, first: bool) -> bool:
        """Take the rate at which the bytes of a frame came; return whether it is news.

        The first frame's may be less than assumed; the highest of all is what to search up to.
        """
        if self.rate_Bps is None:
            return False
        self._burst_Bps = max(self._burst_Bps or 0.0, burst_Bps)
        expected_Bps = START_SHARE * burst_Bps
        news = first or self.rate_Bps < expected_Bps
        if news:
            self.rate_Bps = expected_Bps
        return news

    def update(
        self,
        standing_s: float,
        target_s: float,
        capacity_Bps: float | None,
        *,
        overflowing: bool = False,
    ) -> None:
        """Take the queueing delay of one interval; `capacity_Bps` as measured while a queue stood.

        A delay beyond `target_s` is a queue that stands; so is one that overflows, whatever the
        delay: it may be as long as it has ever been.
        """
        if (overflowing or standing_s > target_s) and capacity_Bps is not None:
            if self._after_Bps is None:
                self._before_Bps = self.rate_Bps
            excess = max(standing_s - target_s, 0.0) / DRAIN_S
            self.rate_Bps = capacity_Bps * max(LEAST_SHARE, BACK_OFF - excess)
            self._after_Bps = capacity_Bps * BACK_OFF
            self._no_queue_yet = False
            self._calm = 0
        elif self._after_Bps is not None:
            # What does not shrink any more, though less comes than goes, is no queue.
            shrinks = standing_s < self._standing_s - LEAST_SHRINKING * target_s
            if standing_s <= DRAINED * target_s or not shrinks:
                self.rate_Bps, self._after_Bps = self._after_Bps, None
        elif self.rate_Bps is not None:
            self.rate_Bps = self._risen(self.rate_Bps)
        self._standing_s = standing_s

    def _risen(self, rate_Bps: float) -> float:
        """Return a higher rate: in the search fast, up to a little more than frames came with."""
        expected_Bps = SEARCH_SHARE * (self._burst_Bps or math.inf)
        if self.searching and rate_Bps < expected_Bps:
            return min(rate_Bps * (1 + START_STEP), expected_Bps)
        self._calm += 1
        doublings = self._calm // CALM_STEPS
        return rate_Bps * (1.0 + min(FIRST_STEP * 2.0**doublings, LARGEST_STEP))

    def take_back(self) -> None:
        """Return to the rate of before: what was taken for a queue was none."""
        self.rate_Bps, self._after_Bps = self._before_Bps, None

    def limit_to(self, wanted_Bps: float) -> None:
        """Hold the rate no longer once it is all that is wanted."""
        if self.rate_Bps is not None and self.rate_Bps >= wanted_Bps:
            self.rate_Bps = None
