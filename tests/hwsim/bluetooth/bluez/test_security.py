"""Pairing, bonds, and what a peripheral that forgot or refuses looks like."""

import asyncio

import pytest
from bleak import BleakClient
from bleak.exc import BleakDBusError, BleakGATTProtocolError
from fpxi_hwsim.bluetooth.bluez import BluezBridge, security

ADDRESS = "E0:E1:E2:E3:E4:E5"


def uuid(number):
    return f"f0f0{number:04x}-0000-4000-8000-00000000f0f0"


SECRET = uuid(6)
DEVICE = "org.bluez.Device1"
PROPERTIES = "org.freedesktop.DBus.Properties"


async def bonded(world):
    device = await world.find()
    async with BleakClient(device) as client:
        await client.pair()
    return device


async def flag(one, device, name):
    reply = await one.call(device.details["path"], PROPERTIES, "Get", "ss", DEVICE, name)
    return reply.body[0].value


def test_pairing_makes_a_bond_with_secure_connections(play, caller):
    async def scenario(world):
        device = await world.find()
        async with BleakClient(device) as client, caller() as one:
            assert not await flag(one, device, "Paired")
            await client.pair()
            for name in ("Paired", "Bonded", "Trusted"):
                assert await flag(one, device, name)
            assert world.peripheral.connection.sc
            assert await client.read_gatt_char(SECRET) == b"secret"
            again = await one.call(device.details["path"], DEVICE, "Pair")
            assert again.error_name == "org.bluez.Error.AlreadyExists"

    play(scenario)


def test_pairing_while_connecting_returns_with_the_services(play):
    async def scenario(world):
        async with BleakClient(await world.find(), pair=True) as client:
            assert await client.read_gatt_char(SECRET) == b"secret"

    play(scenario)


def test_an_attribute_that_needs_encryption_has_the_link_paired_and_is_read_again(play, caller):
    async def scenario(world):
        device = await world.find()
        async with BleakClient(device) as client, caller() as one:
            assert await client.read_gatt_char(SECRET) == b"secret"
            assert await flag(one, device, "Bonded")

    play(scenario)


def test_a_pairing_that_an_attribute_asks_for_and_one_by_the_client_are_one(play):
    async def scenario(world):
        started = []
        async with BleakClient(await world.find()) as client:
            world.peripheral.connection.on("pairing_start", lambda: started.append(1))
            value, _ = await asyncio.gather(client.read_gatt_char(SECRET), client.pair())
        assert value == b"secret"
        assert started == [1]

    play(scenario)


def test_connect_is_under_way_until_a_bonded_link_is_encrypted(play, caller):
    async def scenario(world):
        device = await bonded(world)
        path = device.details["path"]
        looking_up, found_it = asyncio.Event(), asyncio.Event()
        look_up = world.central.keystore.get

        async def slowly(name):
            looking_up.set()
            await found_it.wait()
            return await look_up(name)

        world.central.keystore.get = slowly
        async with caller() as one, caller() as other:
            connecting = asyncio.create_task(one.call(path, DEVICE, "Connect"))
            await looking_up.wait()
            busy = await other.call(path, DEVICE, "Connect")
            assert busy.error_name == "org.bluez.Error.InProgress"
            found_it.set()
            assert (await connecting).error_name is None
            assert world.peripheral.connection.is_encrypted

    play(scenario)


def test_a_bonded_device_is_encrypted_before_connect_returns(play):
    async def scenario(world):
        device = await bonded(world)
        started = []
        world.peripheral.device.on("pairing_start", started.append)
        async with BleakClient(device) as client:
            assert world.peripheral.connection.is_encrypted
            assert await client.read_gatt_char(SECRET) == b"secret"
        assert started == []

    play(scenario)


def test_a_peripheral_that_asks_for_security_gets_it(play):
    async def scenario(world):
        async with BleakClient(await world.find()):
            world.peripheral.connection.request_pairing()
            while not await world.central.keystore.get_all():  # told once the link is encrypted
                await asyncio.sleep(0.01)
            assert world.peripheral.connection.is_encrypted
            assert len(await world.central.keystore.get_all()) == 1

    play(scenario)


def test_a_peripheral_that_refuses_to_pair_is_told_and_left(play, caller):
    async def scenario(world):
        world.peripheral.decide = world.peripheral.refuse
        device = await world.find()
        async with caller() as one:
            async with BleakClient(device) as client:
                with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
                    await client.pair()
                while client.is_connected:
                    await asyncio.sleep(0.01)
            assert not await flag(one, device, "Paired")

    play(scenario)


def test_a_secret_stays_one_when_the_peripheral_refuses_to_pair(play):
    async def scenario(world):
        world.peripheral.decide = world.peripheral.refuse
        async with BleakClient(await world.find()) as client:
            with pytest.raises((BleakDBusError, BleakGATTProtocolError)):
                await client.read_gatt_char(SECRET)

    play(scenario)


def test_a_peripheral_that_lost_the_key_is_refused_until_the_device_is_removed(play, caller):
    async def scenario(world):
        device = await bonded(world)
        await world.peripheral.device.keystore.delete_all()
        reasons = []
        async with caller() as one:
            await one.listen(DEVICE, "Disconnected", reasons)
            with pytest.raises(BleakDBusError, match="br-connection-canceled"):
                await BleakClient(device, timeout=5).connect()
            while not reasons:
                await asyncio.sleep(0.01)
            assert reasons[0][0] == "org.bluez.Reason.Authentication"
            refused = await one.call(device.details["path"], DEVICE, "Pair")
            assert refused.error_name == "org.bluez.Error.AlreadyExists"
        await BleakClient(device).unpair()
        async with BleakClient(await world.find()) as client:
            await client.pair()
            assert await client.read_gatt_char(SECRET) == b"secret"

    play(scenario)


def test_a_device_that_is_removed_is_forgotten(play, caller):
    async def scenario(world):
        device = await world.find()
        async with BleakClient(device) as client:
            await client.pair()
            await client.unpair()
        assert await world.central.keystore.get_all() == []
        async with caller() as one:
            gone = await one.call(device.details["path"], DEVICE, "Connect")
            assert gone.error_name == "org.freedesktop.DBus.Error.UnknownObject"
            again = await one.call(
                "/org/bluez/hci0",
                "org.bluez.Adapter1",
                "RemoveDevice",
                "o",
                device.details["path"],
            )
            assert again.error_name == "org.bluez.Error.DoesNotExist"

    play(scenario)


def test_pairing_ends_with_the_client_that_asked_for_it(play, caller):
    async def scenario(world):
        path = (await world.find()).details["path"]
        waiting = asyncio.Event()

        async def never_decide():
            waiting.set()
            await world.peripheral.never.wait()
            return False

        world.peripheral.decide = never_decide
        async with caller() as one:
            pairing = asyncio.create_task(one.call(path, DEVICE, "Pair"))
            await waiting.wait()
            one.bus.disconnect()
            with pytest.raises((EOFError, ConnectionError)):
                await pairing
        while world.peripheral.device.connections:
            await asyncio.sleep(0.01)

    play(scenario)


def test_a_peripheral_that_never_answers_the_pairing_is_left(play, caller, monkeypatch):
    async def scenario(world):
        path = (await world.find()).details["path"]

        async def never_decide():
            await world.peripheral.never.wait()
            return False

        world.peripheral.decide = never_decide
        monkeypatch.setattr(security, "PAIRING_TIMEOUT_S", 0.1)
        async with caller() as one:
            reply = await one.call(path, DEVICE, "Pair")
            assert reply.error_name == "org.bluez.Error.AuthenticationFailed"
        assert not world.peripheral.device.connections

    play(scenario)


def test_pairing_that_is_cancelled_says_so(play, caller):
    async def scenario(world):
        device = await world.find()
        path = device.details["path"]
        waiting = asyncio.Event()

        async def never_decide():
            waiting.set()
            await world.peripheral.never.wait()
            return False

        world.peripheral.decide = never_decide
        async with caller() as one, caller() as other:
            pairing = asyncio.create_task(one.call(path, DEVICE, "Pair"))
            await waiting.wait()
            busy = await other.call(path, DEVICE, "Pair")
            assert busy.error_name == "org.bluez.Error.InProgress"
            assert (await other.call(path, DEVICE, "CancelPairing")).error_name is None
            reply = await pairing
            assert reply.error_name == "org.bluez.Error.AuthenticationCanceled"
            none = await other.call(path, DEVICE, "CancelPairing")
            assert none.error_name == "org.bluez.Error.DoesNotExist"

    play(scenario)


def test_a_new_bridge_knows_the_bonds_of_its_central(play, caller):
    async def scenario(world):
        device = await bonded(world)
        await world.bridge.close()
        second = BluezBridge(world.central, world.bus.address)
        await second.start()
        async with caller() as one:
            assert await flag(one, device, "Bonded")
            assert (await one.call(device.details["path"], DEVICE, "Connect")).error_name is None
            assert world.peripheral.connection.is_encrypted
        await second.close()

    play(scenario)


def test_pairing_with_a_peripheral_that_is_not_there_ends_with_disconnect(play, caller):
    async def scenario(world):
        path = (await world.find()).details["path"]
        await world.peripheral.device.stop_advertising()
        async with caller() as one, caller() as other:
            pairing = asyncio.create_task(one.call(path, DEVICE, "Pair"))
            while not world.central.is_le_connecting:
                await asyncio.sleep(0.01)
            await other.call(path, DEVICE, "Disconnect")
            assert (await pairing).error_name == "org.bluez.Error.AuthenticationCanceled"

    play(scenario)
