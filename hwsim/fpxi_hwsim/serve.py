"""A simulated panel behind a real serial line or TCP port, for hosts in other processes."""

from __future__ import annotations

from typing import Self

from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.loop import DeviceLoop
from fpxi_hwsim.media import Medium, PseudoTerminalMedium, TcpMedium
from fpxi_hwsim.specification import SimulationSpecification


class Server:
    """A device at work in its own thread until `close`; also a context manager."""

    def __init__(self, device: SimulatedDevice, medium: Medium) -> None:
        self.device = device
        self.url = medium.url
        """how a host opens it"""
        self._loop = DeviceLoop(device, medium)

    @property
    def failure(self) -> Exception | None:
        """What stopped the device before `close`; None: it is at work."""
        return self._loop.failure

    def close(self) -> None:
        """Stop the device and release port or terminal; a second call does nothing."""
        self._loop.close()

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the server."""
        self.close()


def serve_serial(specification: SimulationSpecification) -> Server:
    """Serve a panel on a new pseudo-terminal; `url` is `serial:<path>`.

    Raises
    ------
    ServeError
        This system has no pseudo-terminals.

    """
    device = SimulatedDevice(specification)
    return Server(device, PseudoTerminalMedium())


def serve_tcp(
    specification: SimulationSpecification, host: str = "127.0.0.1", port: int = 0
) -> Server:
    """Serve a panel on a TCP port, 0 for a free one; `url` is `socket://<host>:<port>`.

    One host is served at a time; the next is let in when it has left.

    Raises
    ------
    ServeError
        The port cannot be listened on.

    """
    device = SimulatedDevice(specification)
    return Server(device, TcpMedium(host, port))
