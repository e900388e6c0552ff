"""The bus's own conventions: unknown things, properties, introspection, names."""

import asyncio
from xml.etree import ElementTree

import pytest
from dbus_fast import Variant
from fpxi_hwsim.bluetooth.bluez import BluezBridge
from fpxi_hwsim.bluetooth.bluez.server import BusNameTakenError

ADAPTER, INTERFACE = "/org/bluez/hci0", "org.bluez.Adapter1"
PROPERTIES = "org.freedesktop.DBus.Properties"
ERROR = "org.freedesktop.DBus.Error"


@pytest.mark.parametrize(
    ("path", "interface", "member", "signature", "body", "error"),
    [
        ("/org/bluez/hci1", INTERFACE, "StartDiscovery", "", [], f"{ERROR}.UnknownObject"),
        (ADAPTER, INTERFACE, "Dance", "", [], f"{ERROR}.UnknownMethod"),
        (ADAPTER, "org.bluez.Dancer1", "Dance", "", [], f"{ERROR}.UnknownMethod"),
        (ADAPTER, INTERFACE, "StartDiscovery", "s", ["now"], f"{ERROR}.UnknownMethod"),
        (ADAPTER, PROPERTIES, "Get", "ss", [INTERFACE, "Mood"], f"{ERROR}.InvalidArgs"),
        (ADAPTER, PROPERTIES, "GetAll", "s", ["org.bluez.Dancer1"], f"{ERROR}.InvalidArgs"),
        (
            ADAPTER,
            PROPERTIES,
            "Set",
            "ssv",
            [INTERFACE, "Address", Variant("s", "x")],
            f"{ERROR}.PropertyReadOnly",
        ),
        (
            ADAPTER,
            PROPERTIES,
            "Set",
            "ssv",
            [INTERFACE, "Mood", Variant("s", "x")],
            f"{ERROR}.UnknownProperty",
        ),
        (
            ADAPTER,
            PROPERTIES,
            "Set",
            "ssv",
            [INTERFACE, "Alias", Variant("b", True)],
            f"{ERROR}.InvalidArgs",
        ),
        (
            ADAPTER,
            INTERFACE,
            "SetDiscoveryFilter",
            "a{sv}",
            [{"Mood": Variant("s", "x")}],
            "org.bluez.Error.InvalidArguments",
        ),
        (
            ADAPTER,
            INTERFACE,
            "SetDiscoveryFilter",
            "a{sv}",
            [{"Transport": Variant("s", "pigeon")}],
            "org.bluez.Error.InvalidArguments",
        ),
        (
            ADAPTER,
            INTERFACE,
            "RemoveDevice",
            "o",
            ["/org/bluez/hci0/dev_00"],
            "org.bluez.Error.DoesNotExist",
        ),
    ],
)
def test_what_does_not_exist_is_answered_as_d_bus_does(
    play, caller, path, interface, member, signature, body, error
):
    async def scenario(world):
        async with caller() as one:
            reply = await one.call(path, interface, member, signature, *body)
            assert reply.error_name == error

    play(scenario)


def test_the_tree_can_be_walked_by_introspection(play, caller):
    async def scenario(world):
        async with caller() as one:
            path, seen = "/", []
            while True:
                reply = await one.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
                node = ElementTree.fromstring(reply.body[0])
                below = [child.attrib["name"] for child in node.findall("node")]
                if not below:
                    break
                path = f"{path.rstrip('/')}/{below[0]}"
                seen.append(path)
            assert seen == ["/org", "/org/bluez", ADAPTER]
            (interface,) = node.findall("interface")
            methods = {method.attrib["name"] for method in interface.findall("method")}
            assert {"StartDiscovery", "StopDiscovery", "SetDiscoveryFilter"} <= methods

    play(scenario)


def test_properties_are_read_and_set(play, caller):
    async def scenario(world):
        async with caller() as one:
            changed = await one.call(
                ADAPTER, PROPERTIES, "Set", "ssv", INTERFACE, "Alias", Variant("s", "mine")
            )
            assert changed.error_name is None
            reply = await one.call(ADAPTER, PROPERTIES, "Get", "ss", INTERFACE, "Alias")
            assert reply.body[0].value == "mine"
            reply = await one.call(ADAPTER, PROPERTIES, "GetAll", "s", INTERFACE)
            assert reply.body[0]["Roles"].value == ["central"]

    play(scenario)


def test_an_agent_registers_once_and_leaves_with_its_client(play, caller):
    async def scenario(world):
        manager = ("/org/bluez", "org.bluez.AgentManager1")
        for _ in range(2):
            async with caller() as one:
                register = ("RegisterAgent", "os", "/agent", "NoInputNoOutput")
                assert (await one.call(*manager, *register)).error_name is None
                again = await one.call(*manager, *register)
                assert again.error_name == "org.bluez.Error.AlreadyExists"
                default = await one.call(*manager, "RequestDefaultAgent", "o", "/agent")
                assert default.error_name is None
                other = await one.call(*manager, "UnregisterAgent", "o", "/other")
                assert other.error_name == "org.bluez.Error.DoesNotExist"
                assert (await one.call(*manager, "UnregisterAgent", "o", "/agent")).body == []

    play(scenario)


def test_a_second_bridge_on_a_bus_is_refused(play):
    async def scenario(world):
        second = BluezBridge(world.peripheral.device, world.bus.address)
        with pytest.raises(BusNameTakenError, match=r"has an org\.bluez already"):
            await second.start()
        await second.close()

    play(scenario)


def test_a_bridge_closes_links_and_may_be_closed_twice(play):
    async def scenario(world):
        await world.bridge.close()
        await world.bridge.close()
        assert world.losses == []

    play(scenario)


def test_a_bus_that_ends_by_itself_is_told(play):
    async def scenario(world):
        world.bus.close()
        while not world.losses:
            await asyncio.sleep(0.01)
        assert world.bus.address in str(world.losses[0])

    play(scenario)
