"""Links to a device, opened by URL."""

from __future__ import annotations

import threading

from fpxi_readout.links.base import (
    Link,
    LinkClosedError,
    LinkError,
    LinkLostError,
    LinkOpenError,
    LinkUrlError,
    RadioFacts,
    RadioLink,
    UnknownSchemeError,
)

__all__ = [
    "Link",
    "LinkClosedError",
    "LinkError",
    "LinkLostError",
    "LinkOpenError",
    "LinkUrlError",
    "RadioFacts",
    "RadioLink",
    "UnknownSchemeError",
    "list_serial_ports",
    "open_link",
]

SCHEMES = ("serial:", "socket://", "ble:")


def open_link(url: str, *, stop: threading.Event | None = None, address: str | None = None) -> Link:
    """Open the link that a URL names.

    `serial:PORT[?baud=N]` takes a port name (/dev/ttyACM0, COM3) or any form that pyserial's
    `serial_for_url` takes; `socket://HOST:PORT` is a TCP connection;
    `ble:NAME|ADDRESS[?adapter=hci1&timeout_s=20]` is a panel on Bluetooth, whose link is a
    `RadioLink`. Setting `stop` ends what takes long, the search through the air, with
    LinkClosedError. A panel on Bluetooth whose `address` is known from its last link is looked for
    by that, and still called by its URL.

    Raises
    ------
    UnknownSchemeError
        The URL names no kind of link.
    LinkOpenError
        The link could not be opened, or an option in the URL is wrong.
    LinkError
        What `fpxi_readout.links.ble_errors` names besides: Bluetooth is not installed, or the
        panel will not talk to this computer.

    """
    # Each library is loaded only when a link of its kind is wanted.
    if url.startswith("ble:"):
        from fpxi_readout.links.ble import BleLink  # noqa: PLC0415

        return BleLink.open(url, stop=stop, address=address)
    if not url.startswith(SCHEMES):
        raise UnknownSchemeError(url, SCHEMES)
    from fpxi_readout.links.serial import SerialLink  # noqa: PLC0415

    return SerialLink.open(url)


def list_serial_ports() -> list[tuple[str, str]]:
    """List the serial ports of this computer as (URL, description)."""
    from serial.tools.list_ports import comports  # noqa: PLC0415

    return [(f"serial:{port.device}", port.description) for port in sorted(comports())]
