"""bleak, the bridge and the paced radio together, in one process and over the air."""

import asyncio
import contextlib
from dataclasses import replace

from bleak import BleakClient
from bumble import hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Device
from bumble.gatt import Attribute, Characteristic, Service
from bumble.host import Host
from bumble.pairing import PairingConfig
from fpxi_hwsim.bluetooth.bluez import BluezBridge
from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.controller import RadioController
from fpxi_hwsim.bluetooth.radio import Radio

ADDRESS, SERVICE = "E0:E1:E2:E3:E4:E5", "f0f00001-0000-4000-8000-00000000f0f0"
SECRET, STREAM = (f"f0f0{number:04x}-0000-4000-8000-00000000f0f0" for number in (2, 3))


def device(radio, name, address):
    controller = RadioController(name, radio)
    return Device(name=name, address=hci.Address(address), host=Host(controller, controller))


@contextlib.asynccontextmanager
async def on_the_air(address, conditions):
    radio = Radio(conditions)
    central = device(radio, "host", "F0:F1:F2:F3:F4:F5")
    peripheral = device(radio, "peripheral", ADDRESS)
    wishes = set()

    def ask(made):
        wish = made.update_parameters(7.5, 7.5, 0, 500, use_l2cap=True)
        return asyncio.get_running_loop().create_task(wish)

    properties, permissions = Characteristic.Properties, Attribute.Permissions
    secret = permissions.READABLE | permissions.READ_REQUIRES_ENCRYPTION
    stream = Characteristic(UUID(STREAM), properties.NOTIFY, permissions.READABLE, b"")
    peripheral.add_service(
        Service(
            UUID(SERVICE),
            [Characteristic(UUID(SECRET), properties.READ, secret, b"secret"), stream],
        )
    )
    peripheral.pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=False, bonding=True)
    peripheral.on(peripheral.EVENT_CONNECTION, lambda made: wishes.add(ask(made)))
    await central.power_on()
    await peripheral.power_on()
    await peripheral.start_advertising(
        auto_restart=True,
        advertising_interval_min=20,
        advertising_interval_max=20,
        advertising_data=bytes(
            AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, b"FPXI-64")])
        ),
    )
    bridge = BluezBridge(central, address)
    await bridge.start()
    try:
        yield radio, central, peripheral, stream
    finally:
        await bridge.close()
        radio.close()


def test_a_bonded_peripheral_that_went_out_of_reach_is_found_again(play_alone, private_bus, find):
    async def scenario():
        conditions = RadioConditions(interval_ms=7.5, packet_errors=0.1, supervision_s=0.5)
        async with on_the_air(private_bus.address, conditions) as (radio, _, peripheral, stream):
            found = await find("FPXI-64")
            gone, heard = asyncio.Event(), []
            async with BleakClient(found, lambda _: gone.set()) as client:
                await client.pair()
                assert await client.read_gatt_char(SECRET) == b"secret"
                (connection,) = peripheral.connections.values()
                assert connection.parameters.connection_interval == 7.5
                await client.start_notify(STREAM, lambda _, value: heard.append(bytes(value)))
                values = [bytes([number]) * 200 for number in range(100)]
                for value in values:
                    await peripheral.notify_subscribers(stream, value)
                while len(heard) < len(values):
                    await asyncio.sleep(0.01)
                assert heard == values
                radio.conditions = replace(radio.conditions, in_reach=False)
                await gone.wait()
            radio.conditions = replace(radio.conditions, in_reach=True)
            async with BleakClient(found) as client:
                (connection,) = peripheral.connections.values()
                assert connection.is_encrypted
                assert await client.read_gatt_char(SECRET) == b"secret"

    play_alone(scenario)
