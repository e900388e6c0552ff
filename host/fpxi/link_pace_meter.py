"""How fast a link delivers, and whether frames queue before it. No thread, no clock of its own."""

from __future__ import annotations

import bisect
import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

RATE_WINDOW_S = 2.0
SHORTEST_MEASURE_S = 0.2
GRAIN_S = 0.01
"""Arrivals closer than this are noted together."""
GAP_S = 0.3
"""A link from which nothing comes for so long has an outage, or nothing to carry."""
BURST_S = 0.045
"""Three connection events of a quick radio link."""
BASE_BUCKET_S = 5.0
BASE_BUCKETS = 6


class FlowMeter:
    """Bytes, or frames, per second over a sliding window."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()
        self._resumed_s = -math.inf

    def add(self, now_s: float, total: int) -> None:
        """Note that so many have arrived by now, ever; times must not go back."""
        points = self._points
        if points and total <= points[-1][1]:
            return
        if points and now_s - points[-1][0] > GAP_S:
            self._resumed_s = now_s
        if len(points) > 1 and now_s - points[-2][0] < GRAIN_S:
            points[-1] = (now_s, total)
            return
        points.append((now_s, total))
        while points[0][0] < now_s - 2 * RATE_WINDOW_S:
            points.popleft()

    def per_s(self, now_s: float) -> float:
        """Return the rate over the window that ends now."""
        seen = [point for point in self._points if point[0] >= now_s - RATE_WINDOW_S]
        if len(seen) < 2:
            return 0.0
        return (seen[-1][1] - seen[0][1]) / max(now_s - seen[0][0], GRAIN_S)

    def flowing_per_s(self, since_s: float) -> float | None:
        """Return the rate from `since_s` on, at most over the window, without earlier gaps.

        None: too little time for a measurement.
        """
        if not self._points:
            return None
        newest_s, newest = self._points[-1]
        since_s = max(since_s, self._resumed_s, newest_s - RATE_WINDOW_S)
        first_s, first = next(point for point in self._points if point[0] >= since_s)
        if newest_s - first_s < SHORTEST_MEASURE_S:
            return None
        return (newest - first) / (newest_s - first_s)

    def peak_per_s(self, since_s: float) -> float | None:
        """Return the highest rate over the time of a burst, of those that ended after `since_s`.

        None: nothing was known before the first of them.
        """
        times = [at_s for at_s, _ in self._points]
        totals = [total for _, total in self._points]
        peak = None
        for last in range(bisect.bisect_left(times, since_s), len(times)):
            before = bisect.bisect_right(times, times[last] - BURST_S) - 1
            if before >= 0:
                peak = max(peak or 0.0, (totals[last] - totals[before]) / BURST_S)
        return peak

    def reset(self) -> None:
        """Forget what arrived: a new connection counts from zero."""
        self._points.clear()


class DelayMeter:
    """How much longer than at best frames are under way: the time they queue.

    The time from a frame's exposure to its arrival, by two clocks, has an unknown constant part,
    which is the least that was seen in the last half minute (as in LEDBAT, RFC 6817, section
    2.4.2). Clocks that drift apart by 100 ppm change it by 3 ms in that time.
    """

    def __init__(self) -> None:
        self._buckets: deque[tuple[int, float]] = deque()
        self._last: tuple[int, int] | None = None
        self._least_s: float | None = None

    def add(self, now_s: float, frame: Frame) -> None:
        """Note a frame that has just arrived."""
        delay_s = now_s - 1e-6 * self._end_of_exposure_us(frame)
        bucket = int(now_s // BASE_BUCKET_S)
        if self._buckets and self._buckets[-1][0] == bucket:
            self._buckets[-1] = (bucket, min(self._buckets[-1][1], delay_s))
        else:
            self._buckets.append((bucket, delay_s))
        while self._buckets[0][0] <= bucket - BASE_BUCKETS:
            self._buckets.popleft()
        self._least_s = delay_s if self._least_s is None else min(self._least_s, delay_s)

    def take_standing_s(self) -> float | None:
        """Return the shortest queueing delay since the last call; None: no frame came.

        Bursts and jitter delay single frames; a queue that stands delays all of them.
        """
        least_s, self._least_s = self._least_s, None
        if least_s is None:
            return None
        return least_s - min(delay_s for _, delay_s in self._buckets)

    def reset(self) -> None:
        """Forget the constant part: the device's clock may have begun anew."""
        self._buckets.clear()
        self._last = self._least_s = None

    def _end_of_exposure_us(self, frame: Frame) -> float:
        """Return when the last exposure of a frame ended, by the device's clock."""
        last, self._last = self._last, (frame.number, frame.timestamp_us)
        averaged = frame.sampling.averaged
        earlier_us = 0.0
        if averaged > 1 and last is not None and frame.number > last[0]:
            interval_us = (frame.timestamp_us - last[1]) / (frame.number - last[0])
            earlier_us = interval_us * (averaged - 1) / averaged
        return frame.timestamp_us + earlier_us + frame.exposure_us
