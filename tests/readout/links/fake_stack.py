"""A Bluetooth library of the tests: it fails, hangs or drops where a test wants it to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bleak.exc import BleakError
from fpxi_readout.links.bluetooth_profile import (
    BATTERY_LEVEL,
    BATTERY_SERVICE,
    DEVICE_INFORMATION_SERVICE,
    FIRMWARE_REVISION,
    MODEL_NUMBER,
    SERIAL_NUMBER,
    UART_SERVICE,
    UART_TO_HOST,
    UART_TO_PANEL,
)

ADDRESS = "F0:F1:F2:F3:F4:F5"


@dataclass
class FakeCharacteristic:
    uuid: str
    properties: Iterable[str] = ("read",)
    value: bytes = b""
    max_write_without_response_size: int = 244
    obj: Any = None


@dataclass
class FakeService:
    uuid: str
    characteristics: list[FakeCharacteristic]


def panel_services() -> list[FakeService]:
    write = FakeCharacteristic(UART_TO_PANEL, ("write", "write-without-response"))
    notify = FakeCharacteristic(UART_TO_HOST, ("notify",))
    facts = [
        FakeCharacteristic(MODEL_NUMBER, value=b"tft64"),
        FakeCharacteristic(SERIAL_NUMBER, value=b"SN\x1b[2J1"),
        FakeCharacteristic(FIRMWARE_REVISION, value=b"0.1.0\0"),
    ]
    return [
        FakeService(UART_SERVICE, [write, notify]),
        FakeService(DEVICE_INFORMATION_SERVICE, facts),
        FakeService(BATTERY_SERVICE, [FakeCharacteristic(BATTERY_LEVEL, value=b"\x57")]),
    ]


@dataclass
class FakeDevice:
    """A peripheral near by: what is heard of it, what it offers, what it was sent."""

    name: str | None = "FPXI-64"
    address: str = ADDRESS
    rssi: int = -60
    paired: bool | None = False
    services: list[FakeService] = field(default_factory=panel_services)
    received: list[bytes] = field(default_factory=list)

    @property
    def local_name(self) -> str | None:
        return self.name


@dataclass
class FakeStack:
    """What happens at a step is `behaviour[step]`, called when the step has begun."""

    devices: list[FakeDevice] = field(default_factory=lambda: [FakeDevice()])
    held_devices: list[tuple[Any, bool]] = field(default_factory=list)
    behaviour: dict[str, Callable[[FakeStack], Awaitable[None]]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    clients: list[FakeClient] = field(default_factory=list)
    scanning: int = 0
    released: int = 0
    tasks_left: int = 0

    async def at(self, step: str) -> None:
        self.steps.append(step)
        behave = self.behaviour.get(step)
        await asyncio.sleep(0)
        if behave is not None:
            await behave(self)

    @property
    def connections(self) -> int:
        """How many connections exist in the air."""
        return sum(client.in_the_air for client in self.clients)

    def prepare(self) -> None:
        self.steps.append("prepare")

    def scanner(self, heard: Callable[[Any, Any], None], adapter: str | None) -> FakeScanner:
        return FakeScanner(self, heard)

    async def held(self, adapter: str | None) -> list[tuple[Any, bool]]:
        await self.at("held")
        return self.held_devices

    def has_key(self, device: FakeDevice) -> bool | None:
        return device.paired

    def client(self, device: Any, lost: Callable[[], None], timeout_s: float) -> FakeClient:
        self.clients.append(FakeClient(self, device, lost))
        return self.clients[-1]

    def release(self) -> None:
        self.released += 1
        self.tasks_left = len(asyncio.all_tasks()) - 1


@dataclass
class FakeScanner:
    stack: FakeStack
    heard: Callable[[Any, Any], None]
    active: bool = False

    async def start(self) -> None:
        self.stack.scanning += not self.active
        self.active = True
        await self.stack.at("scan")
        for device in self.stack.devices:
            self.heard(device, device)

    async def stop(self) -> None:
        self.stack.scanning -= self.active
        self.active = False
        await self.stack.at("stop scan")


@dataclass
class FakeClient:
    """Left to itself a failed or cancelled `connect` leaves a connection in the air."""

    stack: FakeStack
    device: FakeDevice
    lost: Callable[[], None]
    in_the_air: bool = False
    is_connected: bool = False
    notify: Callable[[Any, bytearray], None] | None = None
    loop: asyncio.AbstractEventLoop | None = None
    responses: list[bool] = field(default_factory=list)
    no_services: bool = False

    @property
    def services(self) -> list[FakeService]:
        if self.no_services:
            raise BleakError("Service Discovery has not been performed yet")
        return self.device.services

    async def connect(self) -> None:
        self.in_the_air = True
        self.loop = asyncio.get_running_loop()
        await self.stack.at("connect")
        self.is_connected = True

    async def disconnect(self) -> None:
        await self.stack.at("disconnect")
        self.drop()

    def drop(self) -> None:
        if self.in_the_air:
            self.in_the_air = self.is_connected = False
            self.lost()

    async def pair(self) -> None:
        await self.stack.at("pair")

    async def unpair(self) -> None:
        await self.stack.at("unpair")
        self.device.paired = False

    async def start_notify(
        self, characteristic: Any, callback: Callable[[Any, bytearray], None]
    ) -> None:
        await self.stack.at("subscribe")
        self.notify = callback

    async def read_gatt_char(self, characteristic: Any) -> bytearray:
        await self.stack.at("value")
        return bytearray(characteristic.value)

    async def write_gatt_char(self, characteristic: Any, data: bytes, response: bool) -> None:
        self.responses.append(response)
        await self.stack.at("write")
        self.device.received.append(bytes(data))
        if data == b"echo":
            assert self.notify is not None
            self.notify(characteristic, bytearray(data))


def fails_with(error: Exception) -> Callable[[FakeStack], Awaitable[None]]:
    async def fail(stack: FakeStack) -> None:
        raise error

    return fail


async def hangs(stack: FakeStack) -> None:
    await asyncio.Event().wait()


async def hangs_in_clean_up(stack: FakeStack) -> None:
    """Wait for ever, and again when cancelled, as for a reply that never comes."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.Event().wait()


async def drops(stack: FakeStack) -> None:
    """End the connection, once, and leave the operation waiting for an answer."""
    stack.behaviour.clear()
    stack.clients[-1].drop()
    await asyncio.Event().wait()
