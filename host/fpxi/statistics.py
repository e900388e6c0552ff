"""Counters of a session, and the measured frame rate."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from fpxi_readout.statistics import LinkStatistics

from fpxi.frame_rate_limit import FrameRateLimit

if TYPE_CHECKING:
    from fpxi_readout.links.base import RadioFacts

NOTHING = LinkStatistics(**dict.fromkeys(LinkStatistics.__dataclass_fields__, 0))
"""Every counter at 0."""

_WINDOW_S = 2.0


@dataclass(frozen=True, slots=True)
class SessionStatistics:
    """A snapshot of everything counted; link losses and preview skips are different things."""

    link: LinkStatistics
    """Counters of the link, summed over reconnections."""
    frame_rate_hz: float
    """Frames per second received over the last seconds; 0 while none come."""
    frames_previewed: int
    preview_skipped: int
    """Frames received but overtaken by a newer one before they were shown; nothing is lost."""
    preview_missed: int
    """Of these, frames that came too fast for averages, lag and zingers of the preview, which
    should have had them; since the preview was last set otherwise."""
    preview_reached: int
    """Frames received up to the one that the preview shows, those that it skipped included."""
    frames_recorded: int
    """Frames handed to the disk by this session's recordings."""
    recording_queue_frames: int
    """Frames waiting for the disk."""
    recording_dropped_frames: int
    """Frames that recordings which failed could not write any more."""
    reconnections: int
    away_s: float
    """Time for which the device was lost, all outages together."""
    last_frame_at: float | None
    """`time.monotonic()` at the last frame, or None."""
    link_rate_Bps: float
    """Bytes per second received over the last two seconds."""
    link_capacity_Bps: float | None
    """Bytes per second that the link carried last while the device had more to send; None: it
    never had."""
    limit: FrameRateLimit
    """What limits the frame rate."""
    radio: RadioFacts | None
    """What is known of the radio; None: there is none, or it is not connected."""


class RateMeter:
    """Frames per second over a sliding window."""

    def __init__(self, window_s: float = _WINDOW_S) -> None:
        self._window_s = window_s
        self._arrivals: deque[tuple[float, int]] = deque()

    def add(self, now_s: float, frames: int) -> None:
        """Note frames that arrived at a time; times must not go back."""
        self._arrivals.append((now_s, frames))
        self._forget(now_s)

    def rate_hz(self, now_s: float) -> float:
        """Return the rate over the window that ends now."""
        self._forget(now_s)
        if len(self._arrivals) < 2:
            return 0.0
        first, newest = self._arrivals[0][0], self._arrivals[-1][0]
        frames = sum(count for _, count in self._arrivals) - self._arrivals[0][1]
        return frames / (newest - first) if newest > first else 0.0

    def _forget(self, now_s: float) -> None:
        while self._arrivals and self._arrivals[0][0] < now_s - self._window_s:
            self._arrivals.popleft()


def add_statistics(total: LinkStatistics, more: LinkStatistics) -> LinkStatistics:
    """Return the sum of two sets of counters."""
    names = [field.name for field in fields(total)]
    return type(total)(**{name: getattr(total, name) + getattr(more, name) for name in names})
