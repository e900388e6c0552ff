"""bleak's own scanner hears the virtual peripheral."""

import asyncio

import pytest
from bleak import BleakScanner

ADDRESS = "E0:E1:E2:E3:E4:E5"
SERVICE = "f0f00001-0000-4000-8000-00000000f0f0"


def test_a_scan_tells_name_address_services_and_strength(play):
    async def scenario(world):
        await world.peripheral.advertise()
        found = await BleakScanner.discover(timeout=0.3, return_adv=True)
        device, heard = found[ADDRESS]
        assert device.name == "FPXI-64"
        assert heard.local_name == "FPXI-64"
        assert heard.service_uuids == [SERVICE]
        assert -127 < heard.rssi < 20

    play(scenario)


def test_a_filter_of_services_leaves_others_out(play):
    async def scenario(world):
        await world.peripheral.advertise()
        other = "0000180f-0000-1000-8000-00805f9b34fb"
        assert await BleakScanner.discover(timeout=0.2, service_uuids=[other]) == []
        (found,) = await BleakScanner.discover(timeout=0.2, service_uuids=[SERVICE])
        assert found.address == ADDRESS

    play(scenario)


def test_manufacturer_data_are_told(play):
    async def scenario(world):
        await world.peripheral.advertise(manufacturer=b"\xff\xff\x01\x02")
        found = await BleakScanner.discover(timeout=0.2, return_adv=True)
        assert found[ADDRESS][1].manufacturer_data == {0xFFFF: b"\x01\x02"}

    play(scenario)


@pytest.mark.parametrize(
    ("on_the_air", "told"),
    [
        (b"\x1b[31mred\x07\n2", "\x1b[31mred\x07\n2"),
        (b"  spaces\t", "spaces"),
        (b"cut\xff here", "cut"),
        (b"end\0after", "end"),
        ("Röhre".encode(), "Röhre"),
    ],
)
def test_a_hostile_name_is_passed_on_as_bluez_passes_it(play, on_the_air, told):
    async def scenario(world):
        await world.peripheral.advertise(on_the_air, manufacturer=b"\xff\xff")
        found = await BleakScanner.discover(timeout=0.2, return_adv=True)
        assert found[ADDRESS][1].local_name == told

    play(scenario)


def test_a_device_without_a_name_has_its_address_for_an_alias(play):
    async def scenario(world):
        await world.peripheral.advertise(b"\xff", manufacturer=b"\xff\xff")
        found = await BleakScanner.discover(timeout=0.2, return_adv=True)
        device, heard = found[ADDRESS]
        assert heard.local_name is None
        assert device.name is None
        assert device.details["props"]["Alias"] == ADDRESS.replace(":", "-")

    play(scenario)


def test_a_second_scan_hears_a_device_that_is_known_already(play):
    async def scenario(world):
        await world.peripheral.advertise()
        for _ in range(2):
            assert ADDRESS in await BleakScanner.discover(timeout=0.2, return_adv=True)

    play(scenario)


def test_discovery_is_counted_for_each_client(play, caller):
    async def scenario(world):
        adapter, interface = "/org/bluez/hci0", "org.bluez.Adapter1"
        async with caller() as one, caller() as other:
            assert (await one.call(adapter, interface, "StartDiscovery")).error_name is None
            assert (await other.call(adapter, interface, "StartDiscovery")).error_name is None
            again = await one.call(adapter, interface, "StartDiscovery")
            assert again.error_name == "org.bluez.Error.InProgress"
            assert again.body == ["Operation already in progress"]
            await one.call(adapter, interface, "StopDiscovery")
            assert world.central.is_scanning
            stopped = await one.call(adapter, interface, "StopDiscovery")
            assert stopped.error_name == "org.bluez.Error.Failed"
            assert stopped.body == ["No discovery started"]
            await other.call(adapter, interface, "StopDiscovery")
            assert not world.central.is_scanning

    play(scenario)


def test_discovery_ends_with_the_client_that_started_it(play, caller):
    async def scenario(world):
        async with caller() as one:
            await one.call("/org/bluez/hci0", "org.bluez.Adapter1", "StartDiscovery")
            assert world.central.is_scanning
        while world.central.is_scanning:
            await asyncio.sleep(0.01)

    play(scenario)


def test_the_strength_is_not_known_once_discovery_has_stopped(play, caller):
    async def scenario(world):
        await world.peripheral.advertise()
        (found,) = await BleakScanner.discover(timeout=0.2)
        async with caller() as one:
            path = found.details["path"]
            reply = await one.call(
                path, "org.freedesktop.DBus.Properties", "GetAll", "s", "org.bluez.Device1"
            )
            assert "RSSI" not in reply.body[0]
            assert reply.body[0]["Name"].value == "FPXI-64"

    play(scenario)


def test_a_device_that_nobody_wanted_vanishes(play, caller):
    async def scenario(world):
        await world.peripheral.advertise()
        (found,) = await BleakScanner.discover(timeout=0.2)
        async with caller() as one:
            while (await one.call(found.details["path"], None, "Introspect")).error_name is None:
                await asyncio.sleep(0.01)
            gone = await one.call(found.details["path"], None, "Introspect")
            assert gone.error_name == "org.freedesktop.DBus.Error.UnknownObject"

    play(scenario, temporary_timeout_s=0.1)


def test_a_client_that_listens_later_hears_of_a_device_known_to_another(play, caller):
    async def scenario(world):
        adapter, interface = "/org/bluez/hci0", "org.bluez.Adapter1"
        await world.peripheral.advertise()
        async with caller() as one:
            await one.call(adapter, interface, "StartDiscovery")
            for _ in range(2):
                assert (await world.find()).address == ADDRESS
            assert world.central.is_scanning

    play(scenario)
