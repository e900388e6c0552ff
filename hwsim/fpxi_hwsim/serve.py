"""A simulated panel behind a serial line, a TCP port or Bluetooth, for other processes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.errors import BluetoothStackMissingError
from fpxi_hwsim.device import SimulatedDevice
from fpxi_hwsim.loop import DeviceLoop
from fpxi_hwsim.media import Medium, PseudoTerminalMedium, TcpMedium
from fpxi_hwsim.specification import SimulationSpecification

if TYPE_CHECKING:
    from fpxi_hwsim.bluetooth.server import BleServer

DEFAULT_CONDITIONS = RadioConditions()


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


def serve_ble(
    specification: SimulationSpecification,
    *,
    conditions: RadioConditions = DEFAULT_CONDITIONS,
    name: str | None = None,
    hci: str | None = None,
    keys: Path | None = None,
    bus: Path | None = None,
) -> BleServer:
    """Serve a panel over Bluetooth LE; `url` is `ble:<name>`.

    With `hci` (such as `usb:0`) on a real adapter; else on a virtual radio, whose host's adapter
    BlueZ's clients find on the D-Bus `bus_address`. The parameters are those of `BleServer`.

    Raises
    ------
    BluetoothStackMissingError
        The extra `radio` is not installed.
    ServeError
        The panel runs in virtual time, a bus is asked for beside a real adapter, or a virtual
        radio on a system other than Linux.
    AdvertisedNameError
        The name does not fit an advertisement.
    KeysFileError
        The keys file holds no bond.
    AdapterError
        The adapter cannot be opened or does not answer.
    DbusDaemonMissingError, BusPathError, BusStartError
        There is no D-Bus for the virtual radio.

    """
    try:
        from fpxi_hwsim.bluetooth.server import BleServer  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise BluetoothStackMissingError(str(error)) from error
    return BleServer(specification, conditions=conditions, name=name, hci=hci, keys=keys, bus=bus)
