"""What the viewer needs of a session; `fpxi.Session` satisfies it, and so do the tests' fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from fpxi.connection import ConnectionStatus
from fpxi.preview import PipelineSettings, PreviewImage
from fpxi.source import FrameSource
from fpxi.statistics import SessionStatistics

if TYPE_CHECKING:
    from fpxi_imaging.calibration.calibration import Calibration
    from fpxi_imaging.correction.processing import Processing
    from fpxi_readout.explanation import DeviceEvent
    from fpxi_readout.identity import DeviceIdentity
    from fpxi_readout.protocol.dictionary import Dictionary
    from fpxi_readout.protocol.geometry import PanelGeometry

T = TypeVar("T")


class Recording(Protocol):
    """A recording that runs, or has run."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def frames_written(self) -> int:
        """Frames in the file."""
        ...

    @property
    def finished(self) -> bool:
        """Whether nothing more will be written."""
        ...

    @property
    def error(self) -> Exception | None:
        """What ended it before its time."""
        ...

    def stop(self) -> object:
        """End it; frames already queued are written. Blocks."""
        ...


class Pipeline(Protocol):
    """How the preview is made."""

    @property
    def settings(self) -> PipelineSettings:
        """The settings in force."""
        ...

    @property
    def warm(self) -> bool:
        """Whether frames can be corrected and averaged."""
        ...

    def configure(
        self,
        *,
        corrected: bool | None = None,
        calibration: Calibration | None = None,
        processing: Processing | None = None,
    ) -> None:
        """Change what is given; never waits."""
        ...


class Scene(Protocol):
    """What stands before a simulated panel."""

    beam_on: bool
    object: str
    tube: str
    dose_rate: float

    @property
    def wanted_bias_mV(self) -> int:
        """Bias at which the panel works; 0: it asks for none."""
        ...


class ViewerSession(Protocol):
    """The properties, `preview`, `statistics` and `events` never wait; the other methods may."""

    @property
    def url(self) -> str:
        """Where the device is."""
        ...

    @property
    def connection(self) -> ConnectionStatus:
        """How the link stands."""
        ...

    @property
    def identity(self) -> DeviceIdentity | None:
        """Who the device is; None before the first connection."""
        ...

    @property
    def dictionary(self) -> Dictionary | None:
        """What the device understands; None before the first connection."""
        ...

    @property
    def geometry(self) -> PanelGeometry | None:
        """Rows, columns and pitch; None before the first connection."""
        ...

    @property
    def parameters(self) -> Mapping[str, int]:
        """Last known values."""
        ...

    @property
    def scene(self) -> Scene | None:
        """The simulator's scene; None for a real device."""
        ...

    @property
    def pipeline(self) -> Pipeline:
        """How the preview is made."""
        ...

    def begin(self) -> None:
        """Start connecting."""
        ...

    def close(self) -> None:
        """End everything in bounded time."""
        ...

    def preview(self) -> PreviewImage | None:
        """Return the newest picture."""
        ...

    def statistics(self) -> SessionStatistics:
        """Return the counters."""
        ...

    def events(self) -> Sequence[DeviceEvent]:
        """Return the newest device events, oldest first."""
        ...

    def submit(self, action: Callable[[FrameSource], T]) -> Future[T]:
        """Run an action in the link thread."""
        ...

    def record(
        self, path: Path, *, frames: int | None = None, overwrite: bool = False
    ) -> Recording:
        """Record from now on."""
        ...
