"""What a frame source around another one passes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi.source import FrameSource

if TYPE_CHECKING:
    from fpxi_readout.explanation import DeviceEvent
    from fpxi_readout.frame import Absence
    from fpxi_readout.identity import DeviceIdentity
    from fpxi_readout.protocol.dictionary import Dictionary
    from fpxi_readout.protocol.geometry import PanelGeometry
    from fpxi_readout.run import Run
    from fpxi_readout.statistics import LinkStatistics


class WrappedSource:
    """Base of sources around another one. They themselves do what is not here."""

    def __init__(self, source: FrameSource) -> None:
        self._source = source

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

    @property
    def absent_at_end(self) -> Absence:
        """Frames of the run that were lost or skipped after the last one that was taken."""
        return self._source.absent_at_end

    def software_trigger(self) -> int:
        """Begin a burst of exposures."""
        return self._source.software_trigger()

    def save(self) -> None:
        """Keep the saved parameters in non-volatile memory."""
        self._source.save()

    def leave_run(self) -> Run | None:
        """Let go of an unfinished run."""
        return self._source.leave_run()

    def resume(self, run: Run) -> bool:
        """Go on with a run that another connection left."""
        return self._source.resume(run)

    def keep_alive(self) -> None:
        """Tell the device that its host is there."""
        self._source.keep_alive()

    def take_events(self) -> list[DeviceEvent]:
        """Return what the device reported since the last call."""
        return self._source.take_events()

    def close(self) -> None:
        """Let go of the link."""
        self._source.close()
