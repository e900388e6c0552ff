"""Bluetooth hosts on a virtual radio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from bumble import hci
from bumble.core import AdvertisingData
from bumble.device import Connection, ConnectionParametersPreferences, Device
from bumble.gatt import Characteristic, Service
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.controller import RadioController
from fpxi_hwsim.bluetooth.radio import Radio

NAME = "FPXI-64"
ADVERTISEMENT = bytes(AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, NAME.encode())]))
SERVICE = "6E400001-B5A3-F393-E0A9-E50E24DCCA9E"
STREAM = "6E400003-B5A3-F393-E0A9-E50E24DCCA9E"
PATIENCE_S = 20.0
"""after which a scenario has hung"""


@dataclass
class Bench:
    """A peripheral that advertises and a central; `device` makes further ones."""

    radio: Radio
    stream: Characteristic[bytes] = field(init=False)
    peripheral: Device = field(init=False)
    central: Device = field(init=False)

    async def open(self) -> None:
        """Switch both on, and advertise fast."""
        self.peripheral = await self.device("F0:F1:F2:F3:F4:F5")
        self.central = await self.device("F9:F8:F7:F6:F5:F4")
        self.stream = Characteristic(
            STREAM,
            Characteristic.Properties.NOTIFY | Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
            Characteristic.WRITEABLE,
            b"",
        )
        self.peripheral.add_service(Service(SERVICE, [self.stream]))
        await self.advertise()

    async def device(self, address: str) -> Device:
        """Return a host that is switched on, with a controller of its own."""
        controller = RadioController(address, self.radio)
        device = Device(
            name=address, address=hci.Address(address), host=Host(controller, controller)
        )
        device.keystore = MemoryKeyStore()
        device.pairing_config_factory = lambda _: PairingConfig(
            sc=True,
            mitm=False,
            bonding=True,
            delegate=PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT),
        )
        await device.power_on()
        return device

    async def advertise(self) -> None:
        """Let the peripheral advertise, also after each connection."""
        await self.peripheral.start_advertising(
            auto_restart=True,
            advertising_data=ADVERTISEMENT,
            advertising_interval_min=20,
            advertising_interval_max=20,
        )

    async def connect(
        self, central: Device | None = None, *, supervision_ms: int = 200
    ) -> tuple[Connection, Connection]:
        """Return a connection at 7.5 ms, as seen by central and peripheral."""
        known = list(self.peripheral.connections.values())
        parameters = ConnectionParametersPreferences(
            connection_interval_min=7.5,
            connection_interval_max=7.5,
            supervision_timeout=supervision_ms,
        )
        at_central = await (central or self.central).connect(
            self.peripheral.random_address,
            connection_parameters_preferences={hci.Phy.LE_1M: parameters},
        )
        while True:
            for at_peripheral in self.peripheral.connections.values():
                if all(at_peripheral is not one for one in known):
                    return at_central, at_peripheral
            await asyncio.sleep(0)

    @staticmethod
    def ended(connection: Connection) -> asyncio.Future[int]:
        """Return the reason for which a connection will end."""
        reason: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        connection.once("disconnection", reason.set_result)
        return reason

    @staticmethod
    def next_event(connection: Connection, name: str) -> asyncio.Future[object]:
        """Return what comes with the next event of this name, None if nothing does."""
        came: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        connection.once(name, lambda *values: came.set_result(values[0] if values else None))
        return came


Scenario = Callable[[Bench], Awaitable[None]]
RunOnBench = Callable[..., None]


@pytest.fixture
def run_on_bench() -> RunOnBench:
    """Run a scenario on a bench, and close it."""

    def run(scenario: Scenario, conditions: RadioConditions | None = None) -> None:
        async def on_bench() -> None:
            bench = Bench(Radio(conditions))
            await bench.open()
            try:
                await asyncio.wait_for(scenario(bench), PATIENCE_S)
            finally:
                bench.radio.close()

        asyncio.run(on_bench())

    return run
