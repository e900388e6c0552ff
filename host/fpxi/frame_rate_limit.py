"""What limits the frame rate, in numbers and in words."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fpxi_readout.protocol.generated import TriggerMode

if TYPE_CHECKING:
    from fpxi_readout.protocol.geometry import PanelGeometry

SLOW_HZ = 0.1
"""below, a rate is told by its frames' distance"""
LONG_US = 10_000_000
"""from here on, durations are told in seconds"""


class LimitCause(enum.Enum):
    """What a higher frame rate would need changed."""

    EXPOSURE = "exposure"
    FRAME_PERIOD = "frame period"
    READ_OUT = "read-out"
    TRIGGER = "trigger"
    LINK = "link"
    COMPUTER = "computer"
    NONE_YET = "nothing yet"


@dataclass(frozen=True, slots=True)
class FrameRateLimit:
    """A cause with the numbers that go with it; `str` says it in words."""

    cause: LimitCause
    duration_us: int = 0
    """exposure, frame period or read-out, if that is the cause"""
    exposures: int = 1
    """exposures averaged in a frame"""
    link_Bps: float = 0.0
    """bytes per second that the link carries, if that is the cause; 0: not yet known"""
    frame_rate_hz: float = 0.0
    """frames per second of this size that the link carries"""
    frame_bytes: float = 0.0
    """bytes of a frame on the link"""

    def __str__(self) -> str:
        if self.cause is LimitCause.NONE_YET:
            return "nothing yet: no frames come"
        if self.cause is LimitCause.TRIGGER:
            return "the trigger: each burst waits for one"
        if self.cause is LimitCause.COMPUTER:
            return "this computer: the panel waits for it"
        if self.cause is LimitCause.LINK and not self.link_Bps:
            return "the link: what it carries is being measured"
        if self.cause is LimitCause.LINK:
            return (
                f"the link: {self.link_Bps / 1000:.3g} kB/s carry {self.frame_rate_hz:.3g} "
                f"frames/s of {self.frame_bytes / 1000:.2g} kB"
            )
        times = f"{self.exposures} x " if self.exposures > 1 else ""
        return f"the {self.cause.value}: {times}{_duration_text(self.duration_us)}"


def rate_text(frame_rate_hz: float, form: str = ".1f") -> str:
    """Write a rate in frames per second, or as a frame's time where that says more."""
    if 0 < frame_rate_hz < SLOW_HZ:
        return f"a frame every {1 / frame_rate_hz:.4g} s"
    return f"{frame_rate_hz:{form}} frames/s"


def _duration_text(duration_us: int) -> str:
    if duration_us < LONG_US:
        return f"{duration_us / 1000:.4g} ms"
    return f"{duration_us / 1e6:.4g} s"


NOTHING_YET = FrameRateLimit(LimitCause.NONE_YET)


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """The settings that decide when frames are taken."""

    exposure_us: int
    frame_period_us: int
    readout_us: int
    exposures: int
    """exposures averaged in a frame"""
    free_running: bool

    @classmethod
    def of(cls, parameters: Mapping[str, int], geometry: PanelGeometry) -> FrameTiming:
        """Read them from parameters; a device that does not tell its read-out time has rows."""
        return cls(
            exposure_us=parameters.get("exposure_us", 0),
            frame_period_us=parameters.get("frame_period_us", 0),
            readout_us=parameters.get("readout_us", round(geometry.rows * geometry.line_time_us)),
            exposures=1 << parameters.get("average_log2", 0),
            free_running=parameters.get("trigger_mode") in (None, TriggerMode.FREE_RUNNING),
        )

    @property
    def shortest_period_us(self) -> int:
        """From one exposure's start to the next without a frame period.

        An exposure that is no shorter than the read-out begins with the one before it being read.
        """
        if self.exposure_us >= self.readout_us:
            return self.exposure_us
        return self.exposure_us + self.readout_us

    @property
    def period_us(self) -> int:
        """From one exposure's start to the next.

        With a frame period of its own the read-out does not overlap the exposure.
        """
        if self.frame_period_us <= self.exposure_us:
            return self.shortest_period_us
        return max(self.frame_period_us, self.exposure_us + self.readout_us)

    @property
    def frame_rate_hz(self) -> float:
        """Frames per second in free-running mode, if nothing else limits it."""
        return 1e6 / max(1, self.period_us * self.exposures)

    @property
    def limit(self) -> FrameRateLimit:
        """What of these settings limits the frame rate."""
        if not self.free_running:
            return FrameRateLimit(LimitCause.TRIGGER)
        if self.frame_period_us > self.exposure_us + self.readout_us:
            cause, duration_us = LimitCause.FRAME_PERIOD, self.frame_period_us
        elif self.exposure_us >= self.readout_us:
            cause, duration_us = LimitCause.EXPOSURE, self.exposure_us
        else:
            cause, duration_us = LimitCause.READ_OUT, self.readout_us
        return FrameRateLimit(cause, duration_us=duration_us, exposures=self.exposures)
