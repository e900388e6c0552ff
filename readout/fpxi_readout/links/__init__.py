"""Links to a device, opened by URL."""

from __future__ import annotations

from fpxi_readout.links.base import (
    Link,
    LinkClosedError,
    LinkError,
    LinkLostError,
    LinkOpenError,
    UnknownSchemeError,
)

__all__ = [
    "Link",
    "LinkClosedError",
    "LinkError",
    "LinkLostError",
    "LinkOpenError",
    "UnknownSchemeError",
    "list_serial_ports",
    "open_link",
]

SCHEMES = ("serial:", "socket://")


def open_link(url: str) -> Link:
    """Open the link that a URL names.

    `serial:PORT[?baud=N]` takes a port name (/dev/ttyACM0, COM3) or any form that pyserial's
    `serial_for_url` takes; `socket://HOST:PORT` is a TCP connection.

    Raises
    ------
    UnknownSchemeError
        The URL names no kind of link.
    LinkOpenError
        The link could not be opened, or an option in the URL is wrong.

    """
    if not url.startswith(SCHEMES):
        raise UnknownSchemeError(url, SCHEMES)
    # pyserial is loaded only when a serial link is wanted.
    from fpxi_readout.links.serial import SerialLink  # noqa: PLC0415

    return SerialLink.open(url)


def list_serial_ports() -> list[tuple[str, str]]:
    """List the serial ports of this computer as (URL, description)."""
    from serial.tools.list_ports import comports  # noqa: PLC0415

    return [(f"serial:{port.device}", port.description) for port in sorted(comports())]
