"""What a session tells of its link's speed."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi.frame_rate_limit import NOTHING_YET, FrameRateLimit


@dataclass(frozen=True, slots=True)
class LinkView:
    """What is known of a link at one moment."""

    rate_Bps: float = 0.0
    """bytes per second received over the last two seconds"""
    capacity_Bps: float | None = None
    """bytes per second that the link carried last while more was to be sent; None: not known"""
    limit: FrameRateLimit = NOTHING_YET


NOTHING_KNOWN = LinkView()
