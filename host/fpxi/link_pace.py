"""Makes encoding and frame rate follow what the link carries. No thread, no clock of its own.

The link is measured by what arrives (`link_pace_meter`). In reliable delivery a device that had
to wait says that the link is at its limit; in live delivery frames that queue, or that the device
skipped. From that follow the encoding (`link_pace_encoding`, `link_pace_sizes`) and, live only,
the frame period (`link_pace_rate`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fpxi_readout.protocol.generated import Encoding, FrameFlag

from fpxi.frame_rate_limit import NOTHING_YET, FrameRateLimit, FrameTiming, LimitCause
from fpxi.link_pace_encoding import UNMEASURED, choose_encoding
from fpxi.link_pace_meter import DelayMeter, FlowMeter
from fpxi.link_pace_rate import RateControl
from fpxi.link_pace_settings import BorrowedSettings
from fpxi.link_pace_sizes import Coding, SceneSizes
from fpxi.link_view import LinkView

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame
    from fpxi_readout.protocol.dictionary import Dictionary

SHORTEST_INTERVAL_S = 0.25
LONGEST_INTERVAL_S = 2.0
FRAMES_IN_INTERVAL = 3
SHORTEST_TARGET_S = 0.03
"""Jitter and bursts of a link below this are no queue."""
LONGEST_FRAME_S = 5.0
SMALLEST_CHANGE = 0.02
ENCODING_STAYS_S = 1.0
ROWS_PER_CHUNK = 16
"""The fewest headers; a slow link's own error correction leaves few packets to lose."""
PATIENCE_S = 5.0
SILENT_S = 2.0
SILENT_FRAMES = 3.0
HELD_BACK_SHARE = 0.1
PERIOD = "frame_period_us"


class LinkPace:
    """Follows one device's link through its runs and connections; owned by the link thread.

    Unless told to `follow` it only measures and tells the limit.
    """

    def __init__(self) -> None:
        self.follow = False
        self.settings = BorrowedSettings()
        self.running = False
        self._reliable = False
        self._dictionary: Dictionary | None = None
        self._bytes = FlowMeter()
        self._frames = FlowMeter()
        self._delay = DelayMeter()
        self._control = RateControl()
        self._capacity_Bps: float | None = None
        self._busy_since_s: float | None = None
        self._last_frame_s: float | None = None
        self._scene = SceneSizes()
        self._encoding_set_s = 0.0
        self._frames_in_all = 0
        self._skipped = 0
        self._hurry = False
        self._link_limits = False
        self._computer_limits = False
        self._begin_interval(0.0)

    # --- what happens

    def connected(self, now_s: float, dictionary: Dictionary) -> None:
        """Begin to measure a new connection; what the link carries is assumed as before."""
        self._dictionary = dictionary
        for meter in (self._bytes, self._frames, self._delay):
            meter.reset()
        self._busy_since_s = None
        self._scene.restart()
        self._frames_in_all = self._skipped = 0
        self._begin_interval(now_s)

    def begin(self, now_s: float, *, reliable: bool) -> dict[str, int]:
        """Begin a run; return what to set before it."""
        self.running, self._reliable = True, reliable
        self._busy_since_s = self._last_frame_s = None
        self._scene.restart()
        self._delay.reset()
        self._begin_interval(now_s)
        settings = self._follow(now_s)
        if self.follow and self.settings.may_borrow("rows_per_chunk"):
            settings["rows_per_chunk"] = ROWS_PER_CHUNK
        return settings

    def end(self) -> dict[str, int]:
        """End the run; return what to set after it, so that all is the user's again."""
        self.running = self._link_limits = self._computer_limits = self._hurry = False
        self._busy_since_s = None
        return dict(self.settings.borrowed)

    def received(
        self, now_s: float, frames: Sequence[Frame], *, total_bytes: int, skipped: int
    ) -> None:
        """Take what has arrived by now; `total_bytes` and `skipped` since the connection began."""
        self._bytes.add(now_s, total_bytes)
        self._skipped_here += max(skipped - self._skipped, 0)
        self._skipped = skipped
        if not frames:
            return
        if self.follow and self.running and not self._reliable and self._control.searching:
            self._search()
        self._last_frame_s = now_s
        self._frames_in_all += len(frames)
        self._frames.add(now_s, self._frames_in_all)
        self._frames_here += len(frames)
        for frame in frames:
            self._held_here += bool(frame.flags & FrameFlag.HELD)
            self._delay.add(now_s, frame)
        if self.follow:
            self._scene.add(frames, self.settings.in_force.get("key_frame_interval", 1))

    def held_back(self, duration_s: float) -> None:
        """Take note that frames were left with the device for so long: this computer is behind."""
        self._held_back_s += duration_s

    def due(self, now_s: float) -> dict[str, int] | None:
        """Judge the interval that has passed; return what to set now. None: it goes on."""
        if self._hurry:
            self._hurry = False
            return self._follow(now_s)
        lasted_s = now_s - self._began_s
        enough = self._frames_here >= FRAMES_IN_INTERVAL or lasted_s >= LONGEST_INTERVAL_S
        if lasted_s < SHORTEST_INTERVAL_S or not enough:
            return None
        settings: dict[str, int] = {}
        self._computer_limits = self._held_back_s > HELD_BACK_SHARE * lasted_s
        if self.running and self._frames_here:
            self._judge(now_s)
            settings = self._follow(now_s)
        self._begin_interval(now_s)
        return settings

    def view(self, now_s: float) -> LinkView:
        """Return what is known now."""
        return LinkView(self._bytes.per_s(now_s), self._capacity_Bps, self._limit(now_s))

    # --- measuring

    def _search(self) -> None:
        """Learn from a single frame what to expect of a link that is not known yet."""
        burst_Bps = self._bytes.peak_per_s(self._began_s)
        first = self._last_frame_s is None
        if burst_Bps is not None and self._control.expect(burst_Bps, first=first):
            self._hurry = True

    def _begin_interval(self, now_s: float) -> None:
        self._began_s = now_s
        self._frames_here = self._held_here = self._skipped_here = 0
        self._held_back_s = 0.0

    def _judge(self, now_s: float) -> None:
        """Decide whether the link was at its limit, and what it carried then."""
        standing_s = self._delay.take_standing_s() or 0.0
        target_s = self._target_s()
        overflowing = self._skipped_here > 0
        if self._reliable:
            full = 2 * self._held_here >= self._frames_here
        else:
            full = overflowing or standing_s > target_s
        full = full and not self._computer_limits
        self._measure_capacity(now_s, full=full)
        if not self._reliable:
            self._control.update(
                standing_s, target_s, self._capacity_Bps if full else None, overflowing=overflowing
            )
            if self._busy_since_s is not None and not overflowing:
                self._doubt(now_s - self._busy_since_s, standing_s)
        self._link_limits = full

    def _doubt(self, lasted_s: float, standing_s: float) -> None:
        """Measure delays anew where a queue should long have drained: it may be none."""
        if lasted_s > PATIENCE_S + standing_s:
            self._delay.reset()
            self._control.take_back()
            self._busy_since_s = None

    def _measure_capacity(self, now_s: float, *, full: bool) -> None:
        if not full:
            self._busy_since_s = None
            if self._capacity_Bps is not None:
                self._capacity_Bps = max(self._capacity_Bps, self._bytes.per_s(now_s))
            return
        if self._busy_since_s is None:
            self._busy_since_s = self._began_s
        carried_Bps = self._bytes.flowing_per_s(self._busy_since_s)
        self._capacity_Bps = carried_Bps or self._capacity_Bps

    def _target_s(self) -> float:
        """Return the queueing delay that is taken for a queue: what one frame takes."""
        if self._capacity_Bps is None:
            return SHORTEST_TARGET_S
        return max(SHORTEST_TARGET_S, self._size() / self._capacity_Bps)

    # --- what follows from it

    def _follow(self, now_s: float) -> dict[str, int]:
        """Return what to set, as far as the device and the user let it be set."""
        if not self.follow:
            return {}
        self._scene.measure(Coding.of(self.settings.in_force))
        settings = self._encoding(now_s)
        return settings | self._period(settings.get("encoding"))

    def _own_timing(self) -> FrameTiming | None:
        if self._dictionary is None:
            return None
        return FrameTiming.of(self.settings.own, self._dictionary.panel)

    def _wanted_hz(self) -> float:
        """Return the frames per second that the user wants, as many as can be if triggered."""
        timing = self._own_timing()
        return timing.frame_rate_hz if timing is not None and timing.free_running else math.inf

    def _size(self, encoding: int | None = None) -> float:
        """Return the bytes of a frame in an encoding, by default the one in force.

        Before the first frame, or without a reference: those of the samples as they are.
        """
        wanted = self.settings.in_force.get("encoding") if encoding is None else encoding
        known = {int(each): size for each, size in self._scene.sizes.items()}
        if wanted in known:
            return known[wanted]
        panel = self._dictionary.panel if self._dictionary is not None else None
        raw = 2.0 * panel.rows * panel.columns if panel is not None else math.inf
        return known.get(int(Encoding.RAW16), raw)

    def _encoding(self, now_s: float) -> dict[str, int]:
        """Return the encoding to change to, if any."""
        if not self.settings.may_borrow("encoding") or self._dictionary is None:
            return {}
        info = self._dictionary.parameters["encoding"]
        names = self._dictionary.enumerations.get(info.enumeration or "")
        available = [] if names is None else [entry.value for entry in names.values.values()]
        current = self.settings.in_force["encoding"]
        sizes = self._scene.sizes
        if not sizes:
            chosen = int(UNMEASURED) if UNMEASURED in available else current
        elif now_s < self._encoding_set_s + ENCODING_STAYS_S:
            chosen = current
        else:
            capacity_Bps = self._capacity_Bps
            chosen = choose_encoding(sizes, available, current, self._wanted_hz(), capacity_Bps)
        if chosen == current:
            return {}
        self._encoding_set_s = now_s
        return {"encoding": chosen}

    def _period(self, encoding: int | None = None) -> dict[str, int]:
        """Return the frame period to change to, if any."""
        timing = self._own_timing()
        if self._reliable or timing is None or not self.settings.may_borrow(PERIOD):
            return {}
        wanted_us = timing.frame_period_us
        size = self._size(encoding)
        if timing.free_running:
            self._control.limit_to(timing.frame_rate_hz * size)
            if self._control.rate_Bps is not None:
                frame_s = min(size / self._control.rate_Bps, LONGEST_FRAME_S)
                wanted_us = max(timing.period_us, round(1e6 * frame_s / timing.exposures))
        current_us = self.settings.in_force[PERIOD]
        small = abs(wanted_us - current_us) <= SMALLEST_CHANGE * current_us
        if wanted_us == current_us or (small and wanted_us != timing.frame_period_us):
            return {}
        return {PERIOD: wanted_us}

    def _limit(self, now_s: float) -> FrameRateLimit:
        timing = self._own_timing()
        if not self.running or timing is None:
            return NOTHING_YET
        if self._computer_limits:
            return FrameRateLimit(LimitCause.COMPUTER)
        silent_s = max(SILENT_S, SILENT_FRAMES / timing.frame_rate_hz)
        if self._last_frame_s is None or now_s > self._last_frame_s + silent_s:
            return NOTHING_YET if timing.free_running else timing.limit
        paced = not self._reliable and PERIOD in self.settings.borrowed
        if self._link_limits or paced:
            return self._link_limit(now_s)
        return timing.limit

    def _link_limit(self, now_s: float) -> FrameRateLimit:
        if self._capacity_Bps is None:
            return FrameRateLimit(LimitCause.LINK)
        rate_Bps, rate_hz = self._bytes.per_s(now_s), self._frames.per_s(now_s)
        frame_bytes = rate_Bps / rate_hz if rate_hz > 0 else self._size()
        return FrameRateLimit(
            LimitCause.LINK,
            link_Bps=self._capacity_Bps,
            frame_rate_hz=self._capacity_Bps / frame_bytes if frame_bytes > 0 else rate_hz,
            frame_bytes=frame_bytes,
        )
