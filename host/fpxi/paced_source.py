"""A frame source whose link is measured and, if wanted, followed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fpxi_readout.device_errors import DeviceFaultError
from fpxi_readout.protocol.generated import FrameFlag

from fpxi.device_state import DeviceState
from fpxi.link_pace import LinkPace
from fpxi.source import FrameSource
from fpxi.wrapped_source import WrappedSource

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame
    from fpxi_readout.run import Run

LOOK_S = 0.01
"""The counters are collected this often, however fast frames come."""


class PacedSource(WrappedSource):
    """Passes everything on to a source, tells `LinkPace` of it, and sets what that wants set.

    What is set so is no wish of the user: it is given back when the run ends, and before `save`.
    """

    def __init__(
        self,
        source: FrameSource,
        pace: LinkPace,
        device: DeviceState,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(source)
        self._pace = pace
        self._device = device
        self._clock = clock
        self._ready: list[Frame] = []
        """Frames that were polled when a setting failed."""
        self._looked_s = self._turned_s = clock()
        self._counters = source.statistics
        pace.connected(clock(), source.dictionary)

    def get(self, name: str) -> int:
        """Read a parameter."""
        value = self._source.get(name)
        self._pace.settings.note(name, value)
        return value

    def set(self, name: str, value: int | str) -> int:
        """Set a parameter; the pace leaves it alone from now on."""
        in_force = self._source.set(name, value)
        self._pace.settings.choose(name, in_force)
        return in_force

    def read_parameters(self) -> dict[str, int]:
        """Read every parameter."""
        values = self._source.read_parameters()
        for name, value in values.items():
            self._pace.settings.note(name, value)
        return values

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:
        """Begin acquiring, with what suits the link as far as it is known."""
        self._lend(self._pace.begin(self._clock(), reliable=reliable))
        return self._source.start(frames, reliable=reliable)

    def stop(self) -> None:
        """End acquiring."""
        self._source.stop()
        self._give_back()

    def save(self) -> None:
        """Keep the saved parameters in non-volatile memory, the user's own.

        A run whose last frame was lost may be over without anyone knowing: it is all given back.
        """
        self._lend(self._pace.settings.borrowed)
        self._source.save()

    def reset(self) -> None:
        """Restart the device; its parameters are the saved ones then."""
        self._pace.end()
        self._pace.settings.forget()
        self._source.reset()

    def poll(self, timeout_s: float) -> list[Frame]:
        """Return frames complete by now, and set what is due."""
        try:
            self._ready += self._source.poll(timeout_s)
        except DeviceFaultError:
            self._give_back()
            raise
        self._look(self._ready)
        frames, self._ready = self._ready, []
        return frames

    def take_ready(self) -> list[Frame]:
        """Return frames that are ready, without touching the link."""
        frames, self._ready = self._ready, []
        return frames + self._source.take_ready()

    def resume(self, run: Run) -> bool:
        """Go on with a run that another connection left, at the pace that it had.

        Unless it was to be stopped: then all is given back, as by `stop`.
        """
        goes_on = self._source.resume(run)
        if goes_on and run.stop_asked:
            self._give_back()
        return goes_on

    def keep_alive(self) -> None:
        """Tell the device that its host is there; frames wait in it meanwhile."""
        now_s = self._clock()
        self._pace.held_back(now_s - self._turned_s)
        self._source.keep_alive()
        self._settle(now_s)

    def _look(self, frames: list[Frame]) -> None:
        now_s = self._clock()
        if now_s >= self._looked_s + LOOK_S:
            self._looked_s = now_s
            self._counters = self._source.statistics
        self._pace.received(
            now_s,
            frames,
            total_bytes=self._counters.bytes_received,
            skipped=self._counters.frames_skipped,
        )
        if frames and frames[-1].flags & FrameFlag.LAST:
            self._give_back()
        self._settle(now_s)

    def _settle(self, now_s: float) -> None:
        """Do what is due, and tell what is known."""
        self._turned_s = now_s
        wanted = self._pace.due(now_s)
        if wanted is not None:
            self._lend(wanted)
            self._device.link_view = self._pace.view(now_s)

    def _give_back(self) -> None:
        self._lend(self._pace.end())

    def _lend(self, settings: Mapping[str, int]) -> None:
        for name, value in settings.items():
            in_force = self._source.set(name, value)
            self._pace.settings.borrow(name, in_force)
            self._device.note_value(name, in_force)
