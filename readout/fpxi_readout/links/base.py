"""What a link to a device is, and the errors of every kind of link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fpxi_readout.errors import FpxiError

PORT_REMEDY = (
    "check the name and the cable, and that no other program uses it "
    "(`fpxi devices` lists what is there)"
)
CABLE_REMEDY = "check cable and power, then connect again"


class LinkError(FpxiError):
    """The way to the device failed."""


class LinkOpenError(LinkError):
    """A link could not be opened."""

    def __init__(self, url: str, reason: str, remedy: str = PORT_REMEDY) -> None:
        super().__init__(f"cannot open {url}: {reason}; {remedy}")
        self.url = url
        self.reason = reason
        self.remedy = remedy


class LinkUrlError(LinkOpenError):
    """A URL says something that no link has: trying again will not help."""


class LinkLostError(LinkError):
    """An open link broke: unplugged, switched off, out of reach, or closed by the other end."""

    def __init__(self, url: str, reason: str, remedy: str = CABLE_REMEDY) -> None:
        super().__init__(f"lost {url}: {reason}; {remedy}")
        self.url = url
        self.reason = reason
        self.remedy = remedy


class LinkClosedError(LinkError):
    """A link was used after it had been closed on this side."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} has been closed; open a new link")
        self.url = url


class UnknownSchemeError(LinkError):
    """A URL names no kind of link."""

    def __init__(self, url: str, schemes: tuple[str, ...]) -> None:
        super().__init__(f"{url!r} names no link; it must begin with one of {', '.join(schemes)}")
        self.url = url
        self.schemes = schemes


class Link(Protocol):
    """A stream of bytes to a device and back, used by one thread."""

    @property
    def description(self) -> str:
        """What the user calls this link: its URL."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """Return as soon as any bytes are there; b"" when none came within `timeout_s` seconds.

        Raises
        ------
        LinkLostError
            The link broke.
        LinkClosedError
            `close` was called before.

        """
        ...

    def write(self, data: bytes) -> None:
        """Hand over all of `data`, within a bounded time.

        Raises
        ------
        LinkLostError
            The link broke, or took no bytes for its time limit.
        LinkClosedError
            `close` was called before.

        """
        ...

    def close(self) -> None:
        """Release the link; a second call does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class RadioFacts:
    """Whom a radio link reaches, as far as it was told."""

    name: str
    """as advertised, made fit for display"""
    address: str
    """AA:BB:CC:DD:EE:FF, or on macOS a UUID that this computer alone uses"""
    rssi_dBm: int | None
    """how strongly the panel was received when it was found"""
    battery_percent: int | None
    """when the link was opened; None from a panel that tells no level"""


@runtime_checkable
class RadioLink(Link, Protocol):
    """A link through the air."""

    @property
    def radio(self) -> RadioFacts:
        """Name, address, signal strength and battery of the panel."""
        ...

    def interrupt(self) -> None:
        """Have whatever this link waits for end soon, with LinkClosedError. From any thread."""
        ...
