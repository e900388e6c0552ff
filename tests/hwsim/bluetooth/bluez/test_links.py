"""Links that come, are given up, break, and are shared."""

import asyncio
import signal
import subprocess
import sys

import pytest
from bleak import BleakClient
from bleak.exc import BleakDBusError, BleakError
from bumble import att, gatt_client
from bumble.core import UUID
from bumble.gatt import Service

ADDRESS = "E0:E1:E2:E3:E4:E5"
DEVICE = "org.bluez.Device1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OPEN, INBOX, STREAM, SILENT = (
    f"f0f0{number:04x}-0000-4000-8000-00000000f0f0" for number in (2, 4, 5, 8)
)

# A client that takes hold of the peripheral and then waits to be killed.
HOLDER = """
import asyncio, sys
from bleak import BleakClient, BleakScanner

async def main():
    found = asyncio.get_running_loop().create_future()
    async with BleakScanner(lambda device, _: found.done() or found.set_result(device)):
        client = BleakClient(await found)
    await client.connect()
    await client.start_notify(sys.argv[1], lambda *_: None)
    scanner = BleakScanner()
    await scanner.start()
    print("ready", flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("end", ["remote", "supervision"])
def test_a_link_that_breaks_is_told_and_made_again(play, caller, end):
    async def scenario(world):
        device = await world.find()
        reasons = []
        async with caller() as one:
            await one.listen(DEVICE, "Disconnected", reasons)
            for _ in range(3):
                gone = asyncio.Event()
                async with BleakClient(device, lambda _, gone=gone: gone.set()) as client:
                    assert await client.read_gatt_char(OPEN) == b"open"
                    if end == "remote":
                        await world.peripheral.connection.disconnect()
                    else:
                        world.lose_link()
                    await gone.wait()
                    assert not client.is_connected
            await until(lambda: len(reasons) == 3)
        reason = "Remote" if end == "remote" else "Timeout"
        assert [body[0] for body in reasons] == [f"org.bluez.Reason.{reason}"] * 3

    play(scenario)


def test_the_end_of_a_link_is_told_in_bluezs_order(play, caller):
    async def scenario(world):
        device = await world.find()
        changes = []
        async with caller() as one, BleakClient(device):
            await one.listen(PROPERTIES, "PropertiesChanged", changes)
            world.lose_link()
            await until(lambda: any("Connected" in body[1] for body in changes))
        told = [name for body in changes if body[0] == DEVICE for name in body[1]]
        assert told == ["ServicesResolved", "Connected"]

    play(scenario)


def test_the_objects_of_a_device_stay_when_its_link_ends(play, caller):
    async def scenario(world):
        device = await world.find()
        async with BleakClient(device) as client:
            path = client.services.get_characteristic(OPEN).obj[0]
        async with caller() as one:
            reply = await one.call(path, "org.bluez.GattCharacteristic1", "ReadValue", "a{sv}", {})
            assert reply.error_name == "org.bluez.Error.Failed"
            assert reply.body == ["Not connected"]

    play(scenario)


def test_a_read_that_waits_ends_with_the_link(play):
    async def scenario(world):
        async with BleakClient(await world.find()) as client:
            reading = asyncio.create_task(client.read_gatt_char(SILENT))
            await asyncio.sleep(0.05)
            world.lose_link()
            with pytest.raises(BleakDBusError, match="Operation failed"):
                await reading

    play(scenario)


def test_a_connection_that_does_not_come_is_given_up_and_the_next_one_comes(play):
    async def scenario(world):
        device = await world.find()
        await world.peripheral.device.stop_advertising()
        with pytest.raises(TimeoutError):
            await BleakClient(device, timeout=0.2).connect()
        await until(lambda: not world.central.is_le_connecting)
        await world.peripheral.advertise()
        async with BleakClient(device) as client:
            assert await client.read_gatt_char(OPEN) == b"open"

    play(scenario)


def test_disconnect_answers_a_connect_that_waits(play, caller):
    async def scenario(world):
        path = (await world.find()).details["path"]
        await world.peripheral.device.stop_advertising()
        async with caller() as one, caller() as other:
            connecting = asyncio.create_task(one.call(path, DEVICE, "Connect"))
            await until(lambda: world.central.is_le_connecting)
            busy = await other.call(path, DEVICE, "Connect")
            assert busy.error_name == "org.bluez.Error.InProgress"
            assert (await other.call(path, DEVICE, "Disconnect")).error_name is None
            reply = await connecting
            assert reply.error_name == "org.bluez.Error.Failed"
            assert reply.body == ["br-connection-canceled"]

    play(scenario)


@pytest.mark.parametrize("steps", range(0, 60, 5))
def test_cancelling_a_connection_at_any_moment_leaves_no_link(play, steps):
    async def scenario(world):
        device = await world.find()
        connecting = asyncio.create_task(BleakClient(device).connect())
        for _ in range(steps):
            await asyncio.sleep(0)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await until(lambda: not world.peripheral.device.connections)
        async with BleakClient(device) as client:
            assert await client.read_gatt_char(OPEN) == b"open"

    play(scenario)


def test_a_client_that_is_killed_leaves_the_link_but_neither_discovery_nor_notifications(play):
    async def scenario(world):
        await world.peripheral.advertise()
        holder = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLDER, STREAM, stdout=subprocess.PIPE
        )
        assert await holder.stdout.readline() == b"ready\n"
        assert world.central.is_scanning
        holder.send_signal(signal.SIGKILL)
        await holder.wait()
        server = world.peripheral.device.gatt_server
        connection = world.peripheral.connection
        await until(lambda: not world.central.is_scanning)
        descriptor = world.peripheral.stream
        await until(lambda: server.subscribers[connection][descriptor.handle] == b"\0\0")
        assert world.peripheral.connection is connection
        device = await world.find()
        async with BleakClient(device) as client:
            assert world.peripheral.connection is connection
            assert await client.read_gatt_char(OPEN) == b"open"

    play(scenario)


def test_two_clients_share_one_link(play):
    async def scenario(world):
        device = await world.find()
        first, second = BleakClient(device), BleakClient(device)
        await first.connect()
        await second.connect()
        assert len(world.peripheral.device.connections) == 1
        await first.disconnect()
        await until(lambda: not second.is_connected)
        with pytest.raises(BleakError):
            await second.read_gatt_char(OPEN)
        await second.disconnect()

    play(scenario)


def test_a_listener_that_stays_hears_again_on_the_next_link(play, caller):
    async def scenario(world):
        device = await world.find()
        gatt = "org.bluez.GattCharacteristic1"
        changes = []

        def heard():
            told = [body[1] for body in changes if body[0] == gatt]
            return [changed["Value"].value for changed in told if "Value" in changed]

        async with caller() as one:
            async with BleakClient(device) as client:
                path = client.services.get_characteristic(STREAM).obj[0]
                await one.call(path, gatt, "StartNotify")
                await one.listen(PROPERTIES, "PropertiesChanged", changes)
            async with BleakClient(device) as client:
                await world.peripheral.notify(b"again", world.peripheral.stream)
                await until(lambda: b"again" in heard())
        assert heard() == [b"again"]

    play(scenario)


def test_many_drops_at_any_moment_leave_the_bridge_whole(play):
    async def scenario(world):
        device = await world.find()
        for number in range(20):
            client = BleakClient(device, timeout=30)
            connecting = asyncio.create_task(client.connect())
            await until(lambda: bool(world.peripheral.device.connections))
            for _ in range(number * 3):
                await asyncio.sleep(0)
            world.lose_link()
            await asyncio.wait([connecting])
            if connecting.exception() is not None:
                assert isinstance(connecting.exception(), BleakError)
            await client.disconnect()
        async with BleakClient(device) as client:
            assert await client.read_gatt_char(OPEN) == b"open"

    play(scenario)


def test_services_are_discovered_again_only_when_they_have_changed(play):
    async def scenario(world):
        device = await world.find()
        for added in ([], [], ["f0f0f0f0-0000-4000-8000-00000000f0f0"], []):
            for identifier in added:
                world.peripheral.device.add_service(Service(UUID(identifier), []))
            async with BleakClient(device) as client:
                known = {service.uuid for service in client.services}
                assert set(added) <= known
                assert await client.read_gatt_char(OPEN) == b"open"
        assert world.peripheral.discoveries == 2

    play(scenario)


def test_a_peripheral_that_never_answers_a_request_loses_its_link(play, monkeypatch):
    async def scenario(world):
        async with BleakClient(await world.find()) as client:
            monkeypatch.setattr(gatt_client, "GATT_REQUEST_TIMEOUT", 0.1)
            with pytest.raises(BleakDBusError, match="Operation failed"):
                await client.read_gatt_char(SILENT)
            await until(lambda: not client.is_connected)

    play(scenario)


def test_services_that_cannot_be_discovered_count_as_resolved(play):
    async def scenario(world):
        def refuse(bearer, request):
            raise att.ATT_Error(error_code=att.ErrorCode.UNLIKELY_ERROR)

        device = await world.find()
        world.peripheral.device.gatt_server.on_att_read_by_group_type_request = refuse
        async with BleakClient(device) as client:
            assert list(client.services) == []

    play(scenario)


def test_a_peripheral_without_mtu_exchange_keeps_the_shortest(play):
    async def scenario(world):
        def refuse(bearer, request):
            raise att.ATT_Error(error_code=att.ErrorCode.REQUEST_NOT_SUPPORTED)

        device = await world.find()
        world.peripheral.device.gatt_server.on_att_exchange_mtu_request = refuse
        async with BleakClient(device) as client:
            characteristic = client.services.get_characteristic(INBOX)
            assert characteristic.max_write_without_response_size == 20
            await client.write_gatt_char(INBOX, bytes(100), response=True)
            assert world.peripheral.written == [bytes(100)]

    play(scenario)


def test_a_link_that_ends_at_once_is_told_and_made_again(play):
    async def scenario(world):
        device = await world.find()
        ends = [world.lose_link]
        world.central.on("connection", lambda _: ends and ends.pop()())
        async with BleakClient(device) as client:
            assert ends == []
            assert await client.read_gatt_char(OPEN) == b"open"

    play(scenario)
