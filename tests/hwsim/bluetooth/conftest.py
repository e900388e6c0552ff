"""A Bluetooth module in this process, and hosts on the same radio."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from bumble import hci
from bumble.core import UUID
from bumble.device import Device, DeviceConfiguration, Peer
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from fpxi_hwsim.bluetooth.bond import BondStore
from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.controller import RadioController
from fpxi_hwsim.bluetooth.medium import BluetoothMedium
from fpxi_hwsim.bluetooth.module import BluetoothModule, ModuleSetup
from fpxi_hwsim.bluetooth.peripheral import PanelFacts, static_address
from fpxi_hwsim.bluetooth.radio import Radio
from fpxi_readout.links import bluetooth_profile as profile

SERIAL_NUMBER = "TFT64-S00000001"
HOST, SECOND_HOST = "F0:00:00:00:00:01", "F0:00:00:00:00:02"
FACTS = PanelFacts("FPXI-64", "tft64", SERIAL_NUMBER, "0.1.0")

FAST = RadioConditions(interval_ms=7.5)


class Host:
    """A host's computer: a central, its keys, and what it has received."""

    def __init__(self, radio: Radio, address: str = HOST, *, sc: bool = True) -> None:
        controller = RadioController(f"host {address}", radio)
        self.device = Device.from_config_with_hci(
            DeviceConfiguration(name="host", address=hci.Address(address)),
            controller,
            controller,
        )
        self.device.keystore = MemoryKeyStore()
        self.device.smp_manager.pairing_config_factory = lambda _: PairingConfig(
            sc=sc, mitm=False, bonding=True, delegate=PairingDelegate()
        )
        self.received = bytearray()
        self.notified: list[int] = []
        self._arrived = asyncio.Event()

    async def connect(self, *, mtu: int = 517) -> Host:
        if not self.device.powered_on:
            await self.device.power_on()
        self.connection = await self.device.connect(static_address(SERIAL_NUMBER))
        self.gone = asyncio.get_running_loop().create_future()
        self.connection.on("disconnection", self.gone.set_result)
        self.peer = Peer(self.connection)
        negotiating = asyncio.ensure_future(self.peer.request_mtu(mtu))
        await asyncio.wait({negotiating, self.gone}, return_when=asyncio.FIRST_COMPLETED)
        assert not self.gone.done(), f"the connection has ended: {self.gone.result():#x}"
        await self.peer.discover_services()
        await self.peer.discover_characteristics()
        self.to_panel = self.characteristic(profile.UART_TO_PANEL)
        self.to_host = self.characteristic(profile.UART_TO_HOST)
        await self.to_host.discover_descriptors()
        (self.cccd,) = self.to_host.descriptors
        return self

    def characteristic(self, uuid: str):
        (found,) = self.peer.get_characteristics_by_uuid(UUID(uuid))
        return found

    async def secure(self) -> Host:
        """Encrypt with the key of the bond, or pair when there is none."""
        keys = await self.device.keystore.get(str(self.connection.peer_address))
        await (self.connection.pair() if keys is None else self.connection.encrypt())
        return self

    async def subscribe(self) -> Host:
        await self.peer.subscribe(self.to_host, self._take)
        return self

    async def ready(self) -> Host:
        await self.connect()
        await self.secure()
        return await self.subscribe()

    def _take(self, value: bytes) -> None:
        self.received += value
        self.notified.append(len(value))
        self._arrived.set()

    async def receive(self, count: int) -> bytes:
        """Return all that was received, `count` bytes or more."""
        while len(self.received) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return bytes(self.received)


class Board:
    """The device's end of the module's line, used as a DeviceLoop does."""

    def __init__(self, medium: BluetoothMedium) -> None:
        self._medium = medium
        self.received = bytearray()

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._medium.send(rest) :]
            await asyncio.sleep(0)

    async def receive(self, count: int) -> bytes:
        while len(self.received) < count:
            self.received += self._medium.receive()
            await asyncio.sleep(0)
        return bytes(self.received)

    def is_listened_to(self) -> bool:
        return self._medium.connected

    def switch_off(self) -> None:
        self._medium.close()

    def has_received(self) -> bytes:
        self.received += self._medium.receive()
        return bytes(self.received)


@contextlib.asynccontextmanager
async def module_on_air(
    keys: Path | None = None,
    secure_within_s: float = 10.0,
    conditions: RadioConditions = FAST,
) -> AsyncIterator[SimpleNamespace]:
    """Switch a module on; with `host(address, sc=...)` make hosts near it."""
    radio = Radio(conditions)
    controller = RadioController("module", radio)
    medium = BluetoothMedium("ble:FPXI-64")
    battery = SimpleNamespace(percent=87)
    module = BluetoothModule(
        controller,
        controller,
        medium,
        ModuleSetup(FACTS, BondStore(keys), conditions, lambda: battery.percent, secure_within_s),
    )
    await module.start()

    def host(address: str = HOST, *, sc: bool = True) -> Host:
        return Host(radio, address, sc=sc)

    try:
        board = Board(medium)
        yield SimpleNamespace(module=module, board=board, host=host, battery=battery, radio=radio)
    finally:
        await module.close()
        medium.dispose()
        radio.close()


Scenario = Callable[[SimpleNamespace], "asyncio.Future[None]"]


@pytest.fixture
def on_air() -> Callable[..., None]:
    """Run a scenario with a module on the air, within the time of a test."""

    def run(scenario: Scenario, **setup: object) -> None:
        async def whole() -> None:
            async with asyncio.timeout(30), module_on_air(**setup) as air:
                await scenario(air)

        asyncio.run(whole())

    return run


@pytest.fixture
def make_host() -> type[Host]:
    """Make a host on a radio: `make_host(radio, address)`."""
    return Host
