"""How a session comes by its frame source: one connector for each kind of URL."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fpxi.errors import UnsupportedUrlError
from fpxi.replay_url import is_replay
from fpxi.source import FrameSource

if TYPE_CHECKING:
    from fpxi_readout.links.base import Link, RadioFacts


PATIENCE_S = 10.0
"""for a device on an open link to say who it is"""


class Connector(Protocol):
    """Connects, again and again if need be. Used by the link thread alone, but for `scene`."""

    @property
    def scene(self) -> Any | None:
        """The simulator's scene control, if this is the simulator and it runs."""
        ...

    @property
    def unhurried(self) -> bool:
        """True if the source waits for its reader whatever the delivery: no real time passes."""
        ...

    @property
    def patience_s(self) -> float:
        """How long the first `connect` may take where all is well."""
        ...

    @property
    def radio(self) -> RadioFacts | None:
        """Whom an open radio link reaches. From any thread."""
        ...

    def connect(self) -> FrameSource:
        """Return a connected source, or raise a named error."""
        ...

    def interrupt(self) -> None:
        """End what `connect` or its source waits for long, now or later. From any thread.

        It ends with LinkClosedError; afterwards there is only `close`.
        """
        ...

    def drop(self, source: FrameSource, *, link_lost: bool) -> None:
        """Let go of a source that failed, before the next `connect`."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class LinkConnector:
    """A device on a serial port, TCP or Bluetooth, the link opened anew for each connection."""

    scene: None = None
    unhurried = False

    def __init__(self, url: str) -> None:
        self._url = url
        self._address: str | None = None
        """by which the same panel is found again: several on the air may carry the name"""
        self._link: Link | None = None
        self._interrupted = threading.Event()

    @property
    def patience_s(self) -> float:
        """The time that a panel on Bluetooth may be searched for comes to that of any device."""
        from fpxi_readout.links.base import LinkUrlError  # noqa: PLC0415
        from fpxi_readout.links.ble_url import SCHEME, BleTarget  # noqa: PLC0415

        if not self._url.startswith(SCHEME):
            return PATIENCE_S
        try:
            return BleTarget.from_url(self._url).timeout_s + PATIENCE_S
        except LinkUrlError:
            return PATIENCE_S  # `connect` says so

    @property
    def radio(self) -> RadioFacts | None:
        """Name, address, signal strength and battery of a panel on Bluetooth."""
        from fpxi_readout.links.base import RadioLink  # noqa: PLC0415

        link = self._link  # looked at once: the link thread may be closing it
        return link.radio if isinstance(link, RadioLink) else None

    def connect(self) -> FrameSource:
        """Open the link and identify the panel."""
        from fpxi_readout.links import open_link  # noqa: PLC0415 - pyserial only when wanted
        from fpxi_readout.panel import Panel  # noqa: PLC0415

        self.close()
        self._link = open_link(self._url, stop=self._interrupted, address=self._address)
        if self._interrupted.is_set():
            self.interrupt()  # which may have come before there was a link to be told
        panel = Panel.connect(self._link)
        radio = self.radio
        if radio is not None:
            self._address = radio.address
        return panel

    def interrupt(self) -> None:
        """End an attempt to open, or what an open radio link waits for."""
        from fpxi_readout.links.base import RadioLink  # noqa: PLC0415

        self._interrupted.set()
        link = self._link
        if isinstance(link, RadioLink):
            link.interrupt()

    def drop(self, source: FrameSource, *, link_lost: bool) -> None:  # noqa: ARG002
        """Close the link: even after a mere reset of the device the port may be a new one."""
        self.close()

    def close(self) -> None:
        """Close the link."""
        if self._link is not None:
            self._link.close()
            self._link = None


class SimulatorConnector:
    """The simulator in this process; the simulated panel outlives a reset or a lost connection."""

    radio: None = None
    patience_s = PATIENCE_S

    def __init__(self, url: str) -> None:
        self._url = url
        self._link: Any | None = None
        self.unhurried = False

    @property
    def scene(self) -> Any | None:
        """Beam, object and dose rate of the running simulation."""
        link = self._link  # looked at once: the link thread may be closing it
        return None if link is None else link.device.scene

    def connect(self) -> FrameSource:
        """Make the simulated panel, unless it is there, and identify it."""
        from fpxi_hwsim import open_link  # noqa: PLC0415 - numba and the simulator only when wanted
        from fpxi_hwsim.specification import SimulationSpecification  # noqa: PLC0415
        from fpxi_readout.panel import Panel  # noqa: PLC0415

        if self._link is None:
            self.unhurried = SimulationSpecification.from_url(self._url).time == "virtual"
            self._link = open_link(self._url)
        return Panel.connect(self._link)

    def interrupt(self) -> None:
        """Nothing here waits long."""

    def drop(self, source: FrameSource, *, link_lost: bool) -> None:  # noqa: ARG002
        """Keep the link after a reset of the device; give it up if it broke."""
        if link_lost:
            self.close()

    def close(self) -> None:
        """End the simulation."""
        if self._link is not None:
            self._link.close()
            self._link = None


class ReplayConnector:
    """A recording played back as a device."""

    radio: None = None
    scene: None = None
    patience_s = PATIENCE_S

    def __init__(self, url: str) -> None:
        self._url = url
        self.unhurried = False

    def connect(self) -> FrameSource:
        """Open the recording."""
        from fpxi.replay import ReplayPanel  # noqa: PLC0415 - h5py only when wanted
        from fpxi.replay_url import ReplaySpecification  # noqa: PLC0415

        panel = ReplayPanel(ReplaySpecification.from_url(self._url))
        self.unhurried = True
        return panel

    def interrupt(self) -> None:
        """Nothing here waits long."""

    def drop(self, source: FrameSource, *, link_lost: bool) -> None:  # noqa: ARG002
        """Close the recording."""
        source.close()

    def close(self) -> None:
        """Nothing is kept between connections."""


def connector_for(url: str) -> Connector:
    """Return the connector of a URL. Raises `UnsupportedUrlError`."""
    if url.startswith("sim:"):
        return SimulatorConnector(url)
    if url.startswith(("serial:", "socket://", "ble:")):
        return LinkConnector(url)
    if is_replay(url):
        return ReplayConnector(url)
    raise UnsupportedUrlError(url, _what_is_there(url))


def _what_is_there(name: str) -> str:
    """Say what was named where a URL is wanted, if it looks like a file; else nothing."""
    path = Path(name)
    if path.is_dir():
        return "it is a folder, and no URL"
    if path.is_file():
        return f"it is a file, and no URL: a recording is played back as file:{name}"
    return "" if ":" in name else "there is no such file, and it is no URL"
