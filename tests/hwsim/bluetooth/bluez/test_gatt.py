"""bleak's own client reads, writes and listens."""

import asyncio
import contextlib
import os

import pytest
from bleak import BleakClient
from bleak.exc import BleakDBusError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
from dbus_fast import Variant

ADDRESS = "E0:E1:E2:E3:E4:E5"


def uuid(number):
    return f"f0f0{number:04x}-0000-4000-8000-00000000f0f0"


OPEN, LONG, INBOX, STREAM, BROKEN = uuid(2), uuid(3), uuid(4), uuid(5), uuid(9)
LONG_VALUE = bytes(range(256)) * 2
GATT = "org.bluez.GattCharacteristic1"


@contextlib.asynccontextmanager
async def connected(world, **arguments):
    async with BleakClient(await world.find(), **arguments) as client:
        yield client


def path_of(client, identifier):
    return client.services.get_characteristic(identifier).obj[0]


def test_values_short_and_long_are_read_whole(play):
    async def scenario(world):
        async with connected(world) as client:
            assert await client.read_gatt_char(OPEN) == b"open"
            assert await client.read_gatt_char(LONG) == LONG_VALUE

    play(scenario)


def test_the_link_begins_with_the_kernels_parameters_and_the_longest_mtu(play):
    async def scenario(world):
        async with connected(world) as client:
            asked = world.controller.asked
            assert (asked.connection_interval_min, asked.connection_interval_max) == (24, 40)
            assert (asked.max_latency, asked.supervision_timeout) == (0, 42)
            characteristic = client.services.get_characteristic(INBOX)
            assert characteristic.max_write_without_response_size == 517 - 3

    play(scenario)


@pytest.mark.parametrize("response", [True, False])
def test_writes_arrive_in_order(play, response):
    async def scenario(world):
        values = [bytes([number]) * (number + 1) for number in range(40)]
        async with connected(world) as client:
            for value in values:
                await client.write_gatt_char(INBOX, value, response=response)
            while len(world.peripheral.written) < len(values):
                await asyncio.sleep(0.01)
        assert world.peripheral.written == values

    play(scenario)


def test_a_command_longer_than_the_mtu_is_refused(play):
    async def scenario(world):
        async with connected(world) as client:
            with pytest.raises(BleakDBusError, match="Failed to initiate write"):
                await client.write_gatt_char(INBOX, bytes(515), response=False)

    play(scenario)


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (0x02, "NotPermitted", "Read not permitted"),
        (0x03, "NotPermitted", "Write not permitted"),
        (0x06, "NotSupported", "Operation is not supported"),
        (0x07, "InvalidArguments", "Invalid offset"),
        (0x08, "NotAuthorized", "Operation Not Authorized"),
        (0x0C, "NotPermitted", "Not paired"),
        (0x0D, "InvalidArguments", "Invalid Length"),
        (0x0E, "Failed", "Operation failed with ATT error: 0x0e"),
        (0x11, "Failed", "Operation failed with ATT error: 0x11"),
    ],
)
def test_what_an_attribute_refuses_is_answered_in_bluezs_words(play, caller, code, kind, text):
    async def scenario(world):
        world.peripheral.error_code = code
        async with connected(world) as client, caller() as one:
            for member, signature, body in (
                ("ReadValue", "a{sv}", [{}]),
                ("WriteValue", "aya{sv}", [b"x", {"type": Variant("s", "request")}]),
            ):
                reply = await one.call(path_of(client, BROKEN), GATT, member, signature, *body)
                assert reply.error_name == f"org.bluez.Error.{kind}"
                assert reply.body == [text]

    play(scenario)


def test_bleak_names_the_att_error(play):
    async def scenario(world):
        world.peripheral.error_code = 0x0E
        async with connected(world) as client:
            with pytest.raises(BleakGATTProtocolError) as refused:
                await client.read_gatt_char(BROKEN)
            assert refused.value.code == BleakGATTProtocolErrorCode.UNLIKELY_ERROR

    play(scenario)


def test_descriptors_are_read_and_written_but_not_the_one_that_switches_notifications(play, caller):
    async def scenario(world):
        async with connected(world) as client, caller() as one:
            (label,) = client.services.get_characteristic(OPEN).descriptors
            assert await client.read_gatt_descriptor(label.handle) == b"a label"
            await client.write_gatt_descriptor(label.handle, b"another")
            assert await client.read_gatt_descriptor(label.handle) == b"another"
            (switch,) = client.services.get_characteristic(STREAM).descriptors
            refused = await one.call(
                switch.obj[0], "org.bluez.GattDescriptor1", "WriteValue", "aya{sv}", b"\1\0", {}
            )
            assert refused.error_name == "org.bluez.Error.NotPermitted"
            assert refused.body == ["Write not permitted"]

    play(scenario)


def test_a_read_from_an_offset_gives_the_rest(play, caller):
    async def scenario(world):
        world.peripheral.device.gatt_server.max_mtu = 100
        async with connected(world) as client, caller() as one:
            path = path_of(client, LONG)
            reply = await one.call(path, GATT, "ReadValue", "a{sv}", {"offset": Variant("q", 500)})
            assert reply.body == [LONG_VALUE[500:]]
            beyond = {"offset": Variant("q", 600)}
            reply = await one.call(path, GATT, "ReadValue", "a{sv}", beyond)
            assert reply.error_name == "org.bluez.Error.InvalidArguments"
            assert reply.body == ["Invalid offset"]

    play(scenario)


def test_a_megabyte_of_notifications_arrives_bit_exact(play):
    async def scenario(world):
        sent = [bytes([number % 251]) * 244 for number in range(4300)]
        heard: list[bytes] = []
        async with connected(world) as client:
            await client.start_notify(STREAM, lambda _, value: heard.append(bytes(value)))
            for value in sent:
                await world.peripheral.notify(value, world.peripheral.stream)
            while len(heard) < len(sent):
                await asyncio.sleep(0.01)
            await client.stop_notify(STREAM)
            await world.peripheral.notify(b"unheard", world.peripheral.stream)
        assert heard == sent

    play(scenario)


def test_an_acquired_socket_carries_notifications(play):
    async def scenario(world):
        heard: list[bytes] = []
        async with connected(world) as client:
            await client.start_notify(
                STREAM,
                lambda _, value: heard.append(bytes(value)),
                bluez={"use_start_notify": False},
            )
            for number in range(50):
                await world.peripheral.notify(bytes([number]) * 100, world.peripheral.stream)
            while len(heard) < 50:
                await asyncio.sleep(0.01)
            await client.stop_notify(STREAM)
            await client.start_notify(STREAM, lambda _, value: heard.append(bytes(value)))
        assert heard == [bytes([number]) * 100 for number in range(50)]

    play(scenario)


def test_acquiring_for_writing_tells_the_mtu_and_locks_the_characteristic(play, caller):
    async def scenario(world):
        async with connected(world) as client, caller() as one:
            await client._backend._acquire_mtu()
            assert client.mtu_size == 517
            path = path_of(client, INBOX)
            acquired = await one.call(path, GATT, "AcquireWrite", "a{sv}", {})
            (descriptor,) = acquired.unix_fds
            with pytest.raises(BleakDBusError, match="Write acquired"):
                await client.write_gatt_char(INBOX, b"x", response=True)
            os.write(descriptor, b"through the socket")
            os.close(descriptor)
            while world.peripheral.written != [b"through the socket"]:
                await asyncio.sleep(0.01)
            await client.write_gatt_char(INBOX, b"again", response=True)

    play(scenario)


def test_with_two_listeners_every_value_is_told_twice_as_bluez_does(play, caller):
    async def scenario(world):
        heard: list[bytes] = []
        async with connected(world) as client, caller() as other:
            await client.start_notify(STREAM, lambda _, value: heard.append(bytes(value)))
            path = path_of(client, STREAM)
            assert (await other.call(path, GATT, "StartNotify")).error_name is None
            await world.peripheral.notify(b"x", world.peripheral.stream)
            while len(heard) < 2:
                await asyncio.sleep(0.01)
            await other.call(path, GATT, "StopNotify")
            await world.peripheral.notify(b"y", world.peripheral.stream)
            while len(heard) < 3:
                await asyncio.sleep(0.01)
        assert heard == [b"x", b"x", b"y"]

    play(scenario)


def test_notifications_end_with_the_client_that_asked_for_them(play, caller):
    async def scenario(world):
        async with connected(world) as client:
            path = path_of(client, STREAM)
            async with caller() as other:
                await other.call(path, GATT, "StartNotify")
                again = await other.call(path, GATT, "StartNotify")
                assert again.error_name is None
            async with caller() as one:
                while True:
                    reply = await one.call(
                        path, "org.freedesktop.DBus.Properties", "Get", "ss", GATT, "Notifying"
                    )
                    if not reply.body[0].value:
                        break
                stopped = await one.call(path, GATT, "StopNotify")
                assert stopped.body == ["No notify session started"]
            assert client.is_connected

    play(scenario)
