"""Panels behind slow links, in a time of their own: nothing waits, and all is repeatable."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from fpxi.device_state import DeviceState
from fpxi.link_pace import LinkPace
from fpxi.link_pace_sizes import Coding, link_sizes
from fpxi.paced_source import PacedSource
from fpxi.statistics import NOTHING
from fpxi_readout.frame import Frame, Sampling
from fpxi_readout.identity import DeviceIdentity
from fpxi_readout.protocol.dictionary import (
    Dictionary,
    EnumerationInfo,
    EnumerationValue,
    ParameterInfo,
)
from fpxi_readout.protocol.generated import Delivery, Encoding, FrameFlag
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry
from fpxi_readout.statistics import LinkStatistics

SIDE = 64
SLOTS = 16
STEP_S = 0.001
DEFAULTS = {
    "exposure_us": 10_000,
    "frame_period_us": 0,
    "readout_us": 2_150,
    "encoding": 0,
    "rows_per_chunk": 8,
    "trigger_mode": 0,
    "average_log2": 0,
    "key_frame_interval": 256,
    "delivery": 0,
}
PANEL = PanelGeometry("model", SIDE, SIDE, 200.0, 0, 16, 33.0, (GainSetting("one", 130.0),))


def _dictionary() -> Dictionary:
    values = {each.name.lower(): EnumerationValue(each.value, "") for each in Encoding}
    parameters = {
        name: ParameterInfo(
            name, number, "u32", "", 0, 2**31, value, "rw", True, None, "of the model"
        )
        for number, (name, value) in enumerate(DEFAULTS.items())
    }
    parameters["encoding"] = replace(parameters["encoding"], enumeration="encoding")
    enumerations = {"encoding": EnumerationInfo("encoding", "packing", values)}
    return Dictionary((1, 1), PANEL, parameters, enumerations, {})


_RANDOM = np.random.default_rng(7)
_FIXED = _RANDOM.normal(3000, 400, (SIDE, SIDE))
_NOISE = _RANDOM.normal(0, 1, SIDE * SIDE)


def samples(number: int, *, exposed: bool) -> np.ndarray:
    """Return a frame's samples; no two of 4096 frames are alike."""
    noise = np.roll(_NOISE, 97 * number).reshape(SIDE, SIDE)
    return (_FIXED + (120.0 if exposed else 12.0) * noise).astype(np.uint16)


SIZES = {
    exposed: link_sizes(
        samples(1, exposed=exposed), samples(0, exposed=exposed), Coding(rows_per_chunk=16)
    )
    for exposed in (False, True)
}
"""bytes of a frame on the link, by scene and encoding"""


@dataclass
class _Stored:
    frame: Frame
    bytes_left: float
    ends_s: float


@dataclass
class ModelPanel:
    """A frame source. `capacity_Bps` is a function of the time in seconds.

    Frames and bytes arrive in bursts `burst_s` apart, and up to `jitter_s` late; `detour_s`, of
    the time too, is a delay that is no queue. A setting is answered after `answer_s`.
    """

    capacity_Bps: Callable[[float], float]
    burst_s: float = 0.0
    jitter_s: float = 0.0
    detour_s: Callable[[float], float] = lambda now_s: 0.0
    answer_s: float = 0.0
    clock_offset_s: float = 1234.5
    exposed: bool = True
    values: dict[str, int] = field(default_factory=lambda: dict(DEFAULTS))
    dictionary: Dictionary = field(default_factory=_dictionary)
    geometry: PanelGeometry = PANEL
    now_s: float = 0.0
    asked: list[tuple[str, int]] = field(default_factory=list)
    saved: dict[str, int] = field(default_factory=dict)
    arrivals: list[tuple[float, Frame]] = field(default_factory=list)
    periods: list[tuple[float, int]] = field(default_factory=list)
    failure: Exception | None = None

    def __post_init__(self) -> None:
        self.identity: Any = DeviceIdentity((1, 1), (1, 0, 0), "MODEL", bytes(32), 0, 0, 0)
        self.acquiring = False
        self._store: deque[_Stored] = deque()
        self._sent: list[tuple[float, Frame]] = []
        self._unread: list[Frame] = []
        self._carried = 0.0
        self._total = self._skipped = self._number = self._left = 0
        self._next_exposure_s = self._delivered_s = 0.0
        self._waited = False
        self._random = np.random.default_rng(3)

    @property
    def statistics(self) -> LinkStatistics:
        return replace(NOTHING, bytes_received=self._total, frames_skipped=self._skipped)

    @property
    def queueing_s(self) -> float:
        """How long a frame taken now would wait for those before it."""
        return sum(each.bytes_left for each in self._store) / self.capacity_Bps(self.now_s)

    def get(self, name: str) -> int:
        return self.values[name]

    def set(self, name: str, value: int | str) -> int:
        self.asked.append((name, int(value)))
        self.values[name] = int(value)
        answered_s = self.now_s + self.answer_s
        while self.now_s < answered_s:
            self._unread += self._step()
        return int(value)

    def read_parameters(self) -> dict[str, int]:
        return dict(self.values)

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:
        self.values["delivery"] = Delivery.RELIABLE if reliable else Delivery.LIVE
        self.acquiring, self._left = True, frames or 2**31
        self._store.clear()
        self._next_exposure_s = self.now_s
        return self._number

    def stop(self) -> None:
        self.acquiring = False

    def software_trigger(self) -> int:
        return self._number

    def save(self) -> None:
        self.saved = dict(self.values)

    def reset(self) -> None:
        self.values = dict(DEFAULTS) | self.saved

    def keep_alive(self) -> None:
        self.now_s += STEP_S  # nobody reads, so the link carries nothing
        if self.acquiring and self.now_s >= self._next_exposure_s:
            self._expose()

    def take_events(self) -> list[Any]:
        return []

    def take_ready(self) -> list[Frame]:
        return []

    def resume(self, run: Any) -> bool:
        return True

    def close(self) -> None:
        pass

    def poll(self, timeout_s: float) -> list[Frame]:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        end_s = self.now_s + timeout_s
        while self.now_s < end_s:
            total = self._total
            frames, self._unread = self._unread + self._step(), []
            if frames or self._total > total:
                self.arrivals += [(self.now_s, frame) for frame in frames]
                return frames
        return []

    def _step(self) -> list[Frame]:
        self.now_s += STEP_S
        if self.acquiring and self.now_s >= self._next_exposure_s:
            self._expose()
        self._carry()
        return self._deliver()

    def _expose(self) -> None:
        if len(self._store) >= SLOTS:
            if self.values["delivery"] == Delivery.RELIABLE:
                self._waited = True
                return
            del self._store[1]
            self._skipped += 1
        values = self.values
        exposures = 1 << values["average_log2"]
        period_us = values["exposure_us"]
        if values["frame_period_us"] > period_us:
            period_us = max(values["frame_period_us"], period_us + values["readout_us"])
        self.periods.append((self.now_s, period_us))
        self._left -= 1
        flags = FrameFlag.HELD if self._waited else FrameFlag(0)
        self._waited = False
        frame = Frame(
            number=self._number,
            timestamp_us=round(1e6 * (self.now_s + self.clock_offset_s)),
            exposure_us=values["exposure_us"],
            gain_setting=0,
            bias_mV=0,
            temperature_mC=25_000,
            flags=flags if self._left else flags | FrameFlag.LAST,
            samples=samples(self._number, exposed=self.exposed),
            row_received=np.ones(SIDE, np.bool_),
            sampling=Sampling(averaged=exposures),
        )
        size = SIZES[self.exposed][Encoding(values["encoding"])]
        ends_s = self.now_s + 1e-6 * ((exposures - 1) * period_us + values["exposure_us"])
        self._store.append(_Stored(frame, size, ends_s))
        self._number += 1
        self._next_exposure_s = max(self._next_exposure_s, self.now_s - STEP_S)
        self._next_exposure_s += 1e-6 * period_us * exposures
        self.acquiring = self._left > 0

    def _carry(self) -> None:
        budget = self.capacity_Bps(self.now_s) * STEP_S
        while budget > 0 and self._store and self.now_s >= self._store[0].ends_s:
            first = self._store[0]
            part = min(budget, first.bytes_left)
            first.bytes_left -= part
            self._carried += part
            budget -= part
            if first.bytes_left <= 0:
                arrives_s = self.now_s + self.detour_s(self.now_s)
                self._sent.append((arrives_s, self._store.popleft().frame))

    def _deliver(self) -> list[Frame]:
        if self.now_s < self._delivered_s:
            return []
        self._delivered_s = self.now_s + self.burst_s + self.jitter_s * self._random.random()
        self._total = int(self._carried)
        frames = [frame for at_s, frame in self._sent if at_s <= self.now_s]
        self._sent = [sent for sent in self._sent if sent[0] > self.now_s]
        return frames


POLL_S = 0.02


@dataclass
class Rig:
    """A model panel, followed."""

    panel: ModelPanel
    pace: LinkPace
    device: DeviceState
    source: PacedSource

    def run(self, duration_s: float) -> None:
        """Read for a time, as the link thread does."""
        end_s = self.panel.now_s + duration_s
        while self.panel.now_s < end_s:
            self.source.poll(POLL_S)

    def size(self, encoding: Encoding) -> float:
        """Return the bytes of a frame of the panel's scene."""
        return SIZES[self.panel.exposed][encoding]

    def frames_per_s(self, duration_s: float) -> float:
        """Return the frames per second of the time up to now."""
        since_s = self.panel.now_s - duration_s
        return sum(at_s > since_s for at_s, _ in self.panel.arrivals) / duration_s

    def latencies_s(self, since_s: float) -> list[float]:
        """Return the times from the end of each exposure to the arrival."""
        offset_s = self.panel.clock_offset_s
        return [
            at_s + offset_s - 1e-6 * (frame.timestamp_us + frame.exposure_us)
            for at_s, frame in self.panel.arrivals
            if at_s >= since_s
        ]


Follow = Callable[..., Rig]


def connect(panel: ModelPanel, pace: LinkPace, device: DeviceState) -> PacedSource:
    """Connect as the link thread does."""
    source = PacedSource(panel, pace, device, clock=lambda: panel.now_s)
    device.connected(source)
    return source


@pytest.fixture
def follow() -> Follow:
    """Follow a panel; further arguments are the model's."""

    def make(
        capacity_Bps: float | Callable[[float], float], *, follow: bool = True, **about
    ) -> Rig:
        carried = capacity_Bps if callable(capacity_Bps) else lambda now_s: capacity_Bps
        panel, pace, device = ModelPanel(carried, **about), LinkPace(), DeviceState()
        pace.follow = follow
        return Rig(panel, pace, device, connect(panel, pace, device))

    return make


@pytest.fixture
def connect_again() -> Callable[[Rig], None]:
    """Connect a rig's panel again, as after an outage."""

    def again(rig: Rig) -> None:
        rig.source = connect(rig.panel, rig.pace, rig.device)

    return again
