"""A frame source that remembers what was asked of it, so that a reconnection can ask again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_readout.device_errors import DeviceFaultError, StreamTakenError
from fpxi_readout.errors import FpxiError

from fpxi.device_state import DeviceState
from fpxi.failures import may_pass
from fpxi.source import FrameSource
from fpxi.wishes import Wishes
from fpxi.wrapped_source import WrappedSource

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame
    from fpxi_readout.run import Run


class TrackedSource(WrappedSource):
    """Passes everything on to a source, and notes settings, starts and stops in `Wishes`.

    Values and the identity that a reset changes go to `DeviceState`.
    """

    def __init__(self, source: FrameSource, wishes: Wishes, device: DeviceState) -> None:
        super().__init__(source)
        self._wishes = wishes
        self._device = device
        self._rescued: list[Frame] = []

    def get(self, name: str) -> int:
        """Read a parameter."""
        value = self._source.get(name)
        self._device.note_value(name, value)
        return value

    def set(self, name: str, value: int | str) -> int:
        """Set a parameter, and again after a reconnection."""
        in_force = self._source.set(name, value)
        self._wishes.settings.pop(name, None)
        self._wishes.settings[name] = in_force
        self._device.note_value(name, in_force)
        return in_force

    def read_parameters(self) -> dict[str, int]:
        """Read every parameter."""
        values = self._source.read_parameters()
        for name, value in values.items():
            self._device.note_value(name, value)
        return values

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:
        """Begin acquiring; what has not come of it is begun again if the device restarts."""
        self._wishes.stop_first = False  # START stops whatever is on
        try:
            first = self._begin(frames, reliable=reliable)
        except FpxiError:
            self._wishes.running &= not self._wishes.stop_first
            raise
        if "delivery" in self._source.dictionary.parameters:
            self.get("delivery")  # starting may have changed it, and recordings tell it
        self._wishes.started(frames, reliable=reliable)
        return first

    def stop(self) -> None:
        """End acquiring."""
        self._wishes.stopped()
        try:
            self._source.stop()
        except FpxiError as error:
            self._unanswered(error)
            raise
        self._wishes.stop_first = False

    def reset(self) -> None:
        """Restart the device; what was set before is forgotten, as the device does."""
        self._wishes.forget()
        self._source.reset()
        self._device.identity = self._source.identity
        self.read_parameters()

    def poll(self, timeout_s: float) -> list[Frame]:
        """Return frames complete by now."""
        try:
            frames = self._source.poll(timeout_s)
        except (DeviceFaultError, StreamTakenError):
            self._wishes.stopped()
            raise
        return self._wishes.delivered(frames)

    def take_ready(self) -> list[Frame]:
        """Return frames that are ready, without touching the link."""
        rescued = self.take_rescued()
        return rescued + self._wishes.delivered(self._source.take_ready())

    def take_rescued(self) -> list[Frame]:
        """Return frames of the run that the last connection left, and that is over."""
        rescued, self._rescued = self._rescued, []
        return rescued

    def leave_run(self) -> Run | None:
        """Let go of an unfinished run, and keep it among the wishes."""
        absent = self._source.absent_at_end
        left = self._source.leave_run()
        if left is None:
            self._wishes.broke_off(absent)
        self._wishes.run = left or self._wishes.run
        return self._wishes.run

    def take_up(self) -> bool:
        """Go on with what the last connection left, or else ask for the same again.

        Returns whether the acquisition goes on; False also where there was none.
        """
        if self._goes_on():
            return True
        if self._wishes.stop_first:
            self._source.stop()
            self._wishes.stop_first = False
        if self._wishes.settings or self._wishes.running:
            self.read_parameters()  # what is set and begun below depends on them
        for name, value in list(self._wishes.settings.items()):
            self.set(name, value)
        if self._wishes.running:
            self._begin(self._wishes.frames_left, reliable=self._wishes.reliable)
            self._wishes.begun_anew = True
        return False

    def _begin(self, frames: int, *, reliable: bool) -> int:
        try:
            return self._source.start(frames, reliable=reliable)
        except FpxiError as error:
            self._unanswered(error)
            raise

    def _goes_on(self) -> bool:
        run = self._wishes.run
        if run is None:
            return False
        if self._wishes.stop_first:
            self._wishes.stop_first = False
            run.stop_asked = True
        try:
            goes_on = self._source.resume(run)
        except StreamTakenError:
            self._wishes.run = None
            self._wishes.stopped()
            raise
        self._wishes.run = None
        self._rescued = self.take_ready()
        if not goes_on:
            self._wishes.broke_off(run.absent_at_end)
        return goes_on

    def _unanswered(self, error: FpxiError) -> None:
        """Have a device stopped of which it is not known what it did."""
        if may_pass(error):
            self._wishes.stop_first = True
