"""What this package asks of a Bluetooth library, and bleak as that library."""

# ruff: noqa: D102 - the names of the protocols' members, and what they mean, are bleak's

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from fpxi_readout.links.ble_errors import BluetoothMissingError
from fpxi_readout.links.bluetooth_profile import UART_SERVICE

VERSION_LIMIT_S = 10.0
"""for a command that prints a line"""


class Device(Protocol):
    """A peripheral that the system knows (bleak's BLEDevice)."""

    @property
    def address(self) -> str: ...
    @property
    def name(self) -> str | None: ...


class Advertisement(Protocol):
    """What was heard of it (bleak's AdvertisementData)."""

    @property
    def local_name(self) -> str | None: ...
    @property
    def rssi(self) -> int: ...


class Characteristic(Protocol):
    """A value in the peripheral (bleak's BleakGATTCharacteristic)."""

    @property
    def uuid(self) -> str: ...
    @property
    def properties(self) -> Iterable[str]: ...
    @property
    def max_write_without_response_size(self) -> int: ...
    @property
    def obj(self) -> Any: ...


class Service(Protocol):
    """A group of values in the peripheral (bleak's BleakGATTService)."""

    @property
    def uuid(self) -> str: ...
    @property
    def characteristics(self) -> list[Characteristic]: ...


class Client(Protocol):
    """A connection to a peripheral (bleak's BleakClient)."""

    @property
    def is_connected(self) -> bool: ...
    @property
    def services(self) -> Iterable[Service]: ...
    async def connect(self) -> None: ...
    async def disconnect(self) -> None: ...
    async def pair(self) -> None: ...
    async def unpair(self) -> None: ...
    async def start_notify(
        self, characteristic: Any, callback: Callable[[Any, bytearray], None]
    ) -> None: ...
    async def read_gatt_char(self, characteristic: Any) -> bytearray: ...
    async def write_gatt_char(self, characteristic: Any, data: bytes, response: bool) -> None: ...


class Scanner(Protocol):
    """A scan that can be started and stopped (bleak's BleakScanner)."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class Stack(Protocol):
    """A Bluetooth library."""

    def prepare(self) -> None:
        """Do what has to be done once, before any loop runs."""
        ...

    def scanner(self, heard: Callable[[Any, Any], None], adapter: str | None) -> Scanner:
        """Return a scan that calls `heard(device, advertisement)` for peripherals with a UART."""
        ...

    async def held(self, adapter: str | None) -> list[tuple[Device, bool]]:
        """Return peripherals that stay connected to this computer, and whether they are in use.

        They have a UART; one that no program listens to can be taken over.
        """
        ...

    def has_key(self, device: Any) -> bool | None:
        """Return whether the system has a key for the peripheral; None: it does not tell."""
        ...

    def client(self, device: Any, lost: Callable[[], None], timeout_s: float) -> Client:
        """Return a new client; it calls `lost` when the connection ends, whoever ended it."""
        ...

    def release(self) -> None:
        """Let go of what the library keeps for the running loop, whose other tasks have ended."""
        ...


class Bleak:
    """The library bleak: BlueZ on Linux, WinRT on Windows, CoreBluetooth on macOS."""

    _preparing = threading.Lock()

    def __init__(self) -> None:
        try:
            self._bleak: Any = importlib.import_module("bleak")
        except ImportError as error:
            raise BluetoothMissingError(str(error)) from error

    def prepare(self) -> None:
        """Have bleak find out BlueZ's version, in a thread that nothing cancels.

        bleak does it within the first `connect`, once per process; if that is cancelled just
        then, every later `connect` waits for the outcome for ever.
        """
        if sys.platform != "linux":
            return
        features = importlib.import_module("bleak.backends.bluezdbus.version").BlueZFeatures
        with self._preparing:
            if features.checked_bluez_version:
                return
            check = threading.Thread(
                target=lambda: asyncio.run(features.check_bluez_version()),
                name="fpxi-bluez-version",
                daemon=True,
            )
            check.start()
            check.join(VERSION_LIMIT_S)

    def scanner(self, heard: Callable[[Any, Any], None], adapter: str | None) -> Scanner:
        """Return bleak's scanner."""
        scanner: Scanner = self._bleak.BleakScanner(
            heard, service_uuids=[UART_SERVICE], bluez=_on(adapter)
        )
        return scanner

    async def held(self, adapter: str | None) -> list[tuple[Device, bool]]:
        """Return what BlueZ holds connected: it keeps the connections of a program that died.

        Windows and macOS end them with the program.
        """
        if sys.platform != "linux":
            return []
        found = await self._bleak.BleakAdapter.get(bluez=_on(adapter))
        devices = await found.get_connected_devices([UART_SERVICE])
        manager = _bluez_manager()._global_instances[asyncio.get_running_loop()]
        return [(device, _listened_to(manager._properties, device)) for device in devices]

    def has_key(self, device: Any) -> bool | None:
        """Return what BlueZ says of that; Windows and macOS do not tell bleak."""
        if sys.platform != "linux":
            return None
        return bool(device.details["props"].get("Paired", False))

    def client(self, device: Any, lost: Callable[[], None], timeout_s: float) -> Client:
        """Return bleak's client. What a BLEDevice tells of its adapter goes with it."""
        client: Client = self._bleak.BleakClient(
            device, disconnected_callback=lambda _: lost(), timeout=timeout_s
        )
        return client

    def release(self) -> None:
        """Close the D-Bus connection that bleak keeps open for each loop it was used in.

        bleak does so when another loop uses it. Until then that connection would collect every
        signal of BlueZ, other programs' data among them, unread in the bus daemon's memory.
        """
        if sys.platform != "linux":
            return
        kept = _bluez_manager()._global_instances.pop(asyncio.get_running_loop(), None)
        if kept is not None and kept._bus is not None:
            kept._bus._finalize(None)


def _bluez_manager() -> Any:
    return importlib.import_module("bleak.backends.bluezdbus.manager")


def _listened_to(properties: dict[str, dict[str, dict[str, Any]]], device: Any) -> bool:
    """Return whether BlueZ notifies any program of the device's values."""
    inside = f"{device.details['path']}/"
    return any(
        interfaces.get("org.bluez.GattCharacteristic1", {}).get("Notifying", False)
        for path, interfaces in properties.items()
        if path.startswith(inside)
    )


def _on(adapter: str | None) -> dict[str, str]:
    return {} if adapter is None else {"adapter": adapter}
