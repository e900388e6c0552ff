"""What a session needs from whatever delivers frames: a panel on a link, or a replayed file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fpxi_readout.explanation import DeviceEvent
    from fpxi_readout.frame import Absence, Frame
    from fpxi_readout.identity import DeviceIdentity
    from fpxi_readout.protocol.dictionary import Dictionary
    from fpxi_readout.protocol.geometry import PanelGeometry
    from fpxi_readout.run import Run
    from fpxi_readout.statistics import LinkStatistics


class FrameSource(Protocol):
    """`fpxi_readout.panel.Panel` and `fpxi.replay.ReplayPanel` are such. One thread owns it."""

    @property
    def identity(self) -> DeviceIdentity:
        """Who the device is."""
        ...

    @property
    def dictionary(self) -> Dictionary:
        """What the device understands."""
        ...

    @property
    def geometry(self) -> PanelGeometry:
        """Rows, columns, pitch and process ring."""
        ...

    @property
    def statistics(self) -> LinkStatistics:
        """Counters since this source was connected."""
        ...

    @property
    def absent_at_end(self) -> Absence:
        """Frames of the run that were lost or skipped after the last one that was taken."""
        ...

    def get(self, name: str) -> int:
        """Read a parameter."""
        ...

    def set(self, name: str, value: int | str) -> int:
        """Set a parameter to a number or the name of an enumeration's member."""
        ...

    def read_parameters(self) -> dict[str, int]:
        """Read every parameter."""
        ...

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:
        """Begin acquiring; 0: until stopped. Returns the number of the first frame."""
        ...

    def stop(self) -> None:
        """End acquiring; frames already read out are still delivered."""
        ...

    def software_trigger(self) -> int:
        """Begin a burst of exposures; returns the number that its first frame will carry."""
        ...

    def save(self) -> None:
        """Keep the saved parameters in non-volatile memory."""
        ...

    def reset(self) -> None:
        """Restart the device."""
        ...

    def poll(self, timeout_s: float) -> list[Frame]:
        """Return frames complete by now, in order; wait at most `timeout_s` for the first."""
        ...

    def take_ready(self) -> list[Frame]:
        """Return frames that are ready, without touching the link: for after an error."""
        ...

    def leave_run(self) -> Run | None:
        """Let go of an unfinished run, so that another connection of the device may resume it."""
        ...

    def resume(self, run: Run) -> bool:
        """Go on with a run that another connection left.

        False: the device has restarted. What had come is then ready, and the run is over.
        """
        ...

    def keep_alive(self) -> None:
        """Tell the device that its host is there; for the time in which nothing is polled."""
        ...

    def take_events(self) -> list[DeviceEvent]:
        """Return what the device reported since the last call."""
        ...

    def close(self) -> None:
        """Let go of the link."""
        ...
