"""What is known of the device, as snapshots that any thread may look at."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from fpxi.link_view import NOTHING_KNOWN, LinkView
from fpxi.source import FrameSource
from fpxi.statistics import NOTHING, RateMeter, add_statistics

if TYPE_CHECKING:
    from fpxi_readout.explanation import DeviceEvent
    from fpxi_readout.frame import Frame
    from fpxi_readout.identity import DeviceIdentity
    from fpxi_readout.protocol.dictionary import Dictionary
    from fpxi_readout.protocol.geometry import PanelGeometry

EVENTS_KEPT = 1000


class DeviceState:
    """Written by the link thread alone; reading never waits for the device."""

    def __init__(self) -> None:
        self.identity: DeviceIdentity | None = None
        self.dictionary: Dictionary | None = None
        self.geometry: PanelGeometry | None = None
        self.link = NOTHING
        """Counters summed over all connections."""
        self.link_view: LinkView = NOTHING_KNOWN
        """How fast the link is, and what limits the frame rate."""
        self.connections = 0
        self.last_outage_s = 0.0
        self._away_s = 0.0
        self._lost_at: float | None = None
        self.last_frame_at: float | None = None
        self.last_frame: Frame | None = None
        self._past = NOTHING
        self._lock = threading.Lock()
        self._parameters: Mapping[str, int] = MappingProxyType({})
        self._events: deque[DeviceEvent] = deque(maxlen=EVENTS_KEPT)
        self._rate = RateMeter()
        self._refreshed = 0

    @property
    def parameters(self) -> Mapping[str, int]:
        """Last known value of every parameter; never changes once handed out."""
        return self._parameters

    def events(self) -> list[DeviceEvent]:
        """Return the newest events, oldest first."""
        with self._lock:
            return list(self._events)

    def rate_hz(self) -> float:
        """Return the frame rate over the last seconds."""
        with self._lock:
            return self._rate.rate_hz(time.monotonic())

    @property
    def away_s(self) -> float:
        """Time without the device since the first connection, an outage that is on included."""
        lost_at = self._lost_at  # looked at once: the link thread may change it
        return self._away_s + (0.0 if lost_at is None else time.monotonic() - lost_at)

    def connected(self, source: FrameSource, *, unchanged: bool = False) -> None:
        """Take note of a device that has just answered; `unchanged`: and went on as it was."""
        self.identity = source.identity
        self.dictionary = source.dictionary
        self.geometry = source.geometry
        if not unchanged:
            self._parameters = MappingProxyType(source.read_parameters())
        self.connections += 1
        if self._lost_at is not None:
            self.last_outage_s = time.monotonic() - self._lost_at
            self._away_s += self.last_outage_s
            self._lost_at = None

    def disconnected(self, source: FrameSource) -> None:
        """Keep the counters of a connection that is over."""
        self._past = self.link = add_statistics(self._past, source.statistics)
        self.link_view = NOTHING_KNOWN

    def lost(self) -> None:
        """Take note that an outage begins."""
        self._lost_at = time.monotonic()

    def note_value(self, name: str, value: int) -> None:
        """Take note of a parameter's value."""
        self._parameters = MappingProxyType({**self._parameters, name: value})

    def received(
        self, source: FrameSource, frames: Sequence[Frame], events: Sequence[DeviceEvent]
    ) -> None:
        """Take note of what was read."""
        self.link = add_statistics(self._past, source.statistics)
        if not frames and not events:
            return
        with self._lock:
            self._events.extend(events)
            if frames:
                self.last_frame, self.last_frame_at = frames[-1], time.monotonic()
                self._rate.add(self.last_frame_at, len(frames))

    def refresh_one(self, source: FrameSource) -> None:
        """Read the next of the read-only parameters; also shows whether the device still answers.

        Raises whatever reading a parameter raises.
        """
        if self.dictionary is None:
            return
        names = [info.name for info in self.dictionary.parameters.values() if info.access == "ro"]
        if names:
            source.get(names[self._refreshed % len(names)])
            self._refreshed += 1
