"""A frame source that remembers what was asked of it, so that a reconnection can ask again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_readout.device_errors import DeviceFaultError
from fpxi_readout.protocol.generated import FrameFlag

from fpxi.device_state import DeviceState
from fpxi.source import FrameSource

if TYPE_CHECKING:
    from fpxi_readout.explanation import DeviceEvent
    from fpxi_readout.frame import Frame
    from fpxi_readout.identity import DeviceIdentity
    from fpxi_readout.protocol.dictionary import Dictionary
    from fpxi_readout.protocol.geometry import PanelGeometry
    from fpxi_readout.statistics import LinkStatistics


class Wishes:
    """What the user asked of the device; outlives a connection. The link thread's own."""

    def __init__(self) -> None:
        self.settings: dict[str, int] = {}
        """Parameters set, with the value in force, in the order they were set last."""
        self.endless = False
        """An acquisition without end is wanted."""
        self.reliable = False
        """The acquisition asked for last was in reliable delivery."""
        self.running = False
        """An acquisition was started, and neither was stopped nor brought its last frame."""

    def apply(self, source: FrameSource) -> None:
        """Ask a newly connected device for the same again."""
        for name, value in self.settings.items():
            source.set(name, value)
        if self.endless:
            source.start(0, reliable=self.reliable)


class TrackedSource:
    """Passes everything on to a source, and notes settings, starts and stops in `Wishes`.

    Values and the identity that a reset changes go to `DeviceState`.
    """

    def __init__(self, source: FrameSource, wishes: Wishes, device: DeviceState) -> None:
        self._source = source
        self._wishes = wishes
        self._device = device

    @property
    def identity(self) -> DeviceIdentity:
        """Who the device is."""
        return self._source.identity

    @property
    def dictionary(self) -> Dictionary:
        """What the device understands."""
        return self._source.dictionary

    @property
    def geometry(self) -> PanelGeometry:
        """Rows, columns, pitch and process ring."""
        return self._source.geometry

    @property
    def statistics(self) -> LinkStatistics:
        """Counters since this source was connected."""
        return self._source.statistics

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
        """Begin acquiring; an acquisition without end is begun again after a reconnection."""
        first = self._source.start(frames, reliable=reliable)
        if "delivery" in self._source.dictionary.parameters:
            self.get("delivery")  # starting may have changed it, and recordings tell it
        self._wishes.running = True
        self._wishes.endless = frames == 0
        self._wishes.reliable = reliable
        return first

    def stop(self) -> None:
        """End acquiring."""
        self._wishes.running = self._wishes.endless = False
        self._source.stop()

    def software_trigger(self) -> int:
        """Begin a burst of exposures."""
        return self._source.software_trigger()

    def save(self) -> None:
        """Keep the saved parameters in non-volatile memory."""
        self._source.save()

    def reset(self) -> None:
        """Restart the device; what was set before is forgotten, as the device does."""
        self._wishes.settings.clear()
        self._wishes.running = self._wishes.endless = False
        self._source.reset()
        self._device.identity = self._source.identity
        self.read_parameters()

    def poll(self, timeout_s: float) -> list[Frame]:
        """Return frames complete by now."""
        try:
            frames = self._source.poll(timeout_s)
        except DeviceFaultError:
            self._wishes.running = self._wishes.endless = False
            raise
        if frames and frames[-1].flags & FrameFlag.LAST:
            self._wishes.running = False
        return frames

    def keep_alive(self) -> None:
        """Tell the device that its host is there."""
        self._source.keep_alive()

    def take_events(self) -> list[DeviceEvent]:
        """Return what the device reported since the last call."""
        return self._source.take_events()

    def close(self) -> None:
        """Let go of the link."""
        self._source.close()
