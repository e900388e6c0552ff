"""How many bytes per second of frames to have a device make, so that they hardly queue."""

from __future__ import annotations

START_Bps = 20_000.0
"""Until the first frame: a flood would fill the device's frame store before anything is known."""
START_SHARE = 0.8
"""What of the first frame's own rate the search begins with."""
START_STEP = 0.5
"""Growth until the first queue."""
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
        self.searching = True
        """No queue has been seen yet."""
        self._after_Bps: float | None = None  # the rate to go on with when a queue has drained
        self._before_Bps: float | None = None  # the rate that a queue, if it was one, came from
        self._calm = 0
        self._standing_s = 0.0

    def first_frame(self, burst_Bps: float) -> None:
        """Take the rate at which the bytes of the first frame came."""
        if self.searching:
            self.rate_Bps = START_SHARE * burst_Bps

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
            self.searching = False
            self._calm = 0
        elif self._after_Bps is not None:
            # What does not shrink any more, though less comes than goes, is no queue.
            shrinks = standing_s < self._standing_s - LEAST_SHRINKING * target_s
            if standing_s <= DRAINED * target_s or not shrinks:
                self.rate_Bps, self._after_Bps = self._after_Bps, None
        elif self.rate_Bps is not None:
            step = min(FIRST_STEP * 2 ** (self._calm // CALM_STEPS), LARGEST_STEP)
            self.rate_Bps *= 1 + (START_STEP if self.searching else step)
            self._calm += 1
        self._standing_s = standing_s

    def take_back(self) -> None:
        """Return to the rate of before: what was taken for a queue was none."""
        self.rate_Bps, self._after_Bps = self._before_Bps, None

    def limit_to(self, wanted_Bps: float) -> None:
        """Hold the rate no longer once it is all that is wanted."""
        if self.rate_Bps is not None and self.rate_Bps >= wanted_Bps:
            self.rate_Bps = None
