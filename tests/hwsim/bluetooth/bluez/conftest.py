"""A virtual radio with a host and a peripheral; clients reach the host through a private bus."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("BlueZ is Linux's own", allow_module_level=True)

from bleak import AdvertisementData, BleakScanner, BLEDevice
from bleak.backends.bluezdbus import manager as bleak_manager
from bleak.backends.bluezdbus.version import BlueZFeatures
from bumble import att, hci
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Attribute, Characteristic, CharacteristicValue, Descriptor, Service
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate
from dbus_fast import Message
from dbus_fast.aio import MessageBus
from fpxi_hwsim.bluetooth.bluez import BluezBridge, PrivateBus
from fpxi_hwsim.bluetooth.bluez.server import BusLostError

HOST_ADDRESS = "F0:F1:F2:F3:F4:F5"
PERIPHERAL_ADDRESS = "E0:E1:E2:E3:E4:E5"
NAME = b"FPXI-64"
ADVERTISING_INTERVAL_ms = 20


class VirtualController(Controller):
    """Bumble's controller, with a connection attempt that can be cancelled and a link to lose."""

    asked: hci.HCI_LE_Create_Connection_Command | None = None

    def on_hci_le_create_connection_command(
        self, command: hci.HCI_LE_Create_Connection_Command
    ) -> None:
        self.asked = command
        super().on_hci_le_create_connection_command(command)

    def on_hci_le_create_connection_cancel_command(
        self, command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        asyncio.get_running_loop().call_soon(
            self.send_hci_packet,
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            ),
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def lose_links(self) -> None:
        """What a controller does when the supervision time-out has passed."""
        for connection in list(self.le_connections.values()):
            self.on_le_disconnected(connection, hci.HCI_CONNECTION_TIMEOUT_ERROR)


def uuid(number: int) -> str:
    return f"f0f0{number:04x}-0000-4000-8000-00000000f0f0"


SERVICE, OPEN, LONG, INBOX, STREAM, SECRET, SECRET_STREAM, SILENT, BROKEN = (
    uuid(number) for number in range(1, 10)
)
LONG_VALUE = bytes(range(256)) * 2


@dataclass
class Peripheral:
    """A GATT server with attributes that are open, secret or broken."""

    device: Device
    controller: VirtualController
    written: list[bytes] = field(default_factory=list)
    error_code: int = 0x0E
    discoveries: int = 0
    decide: Callable[[], Coroutine[Any, Any, bool]] | None = None
    never: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        P, A = Characteristic.Properties, Attribute.Permissions
        self.stream = Characteristic(UUID(STREAM), P.NOTIFY, A.READABLE, b"")
        self.secret_stream = Characteristic(
            UUID(SECRET_STREAM),
            P.NOTIFY | P.READ,
            A.READABLE | A.READ_REQUIRES_ENCRYPTION,
            b"",
            [
                Descriptor(
                    UUID("2902"),
                    A.READABLE | A.WRITEABLE | A.WRITE_REQUIRES_ENCRYPTION,
                    b"\0\0",
                )
            ],
        )
        inbox = Characteristic(
            UUID(INBOX),
            P.WRITE | P.WRITE_WITHOUT_RESPONSE,
            A.WRITEABLE,
            CharacteristicValue(write=lambda _, value: self.written.append(bytes(value))),
        )
        label = Descriptor(UUID("2901"), A.READABLE | A.WRITEABLE, b"a label")
        silent = CharacteristicValue(read=self._never)
        broken = CharacteristicValue(read=self._refuse_value, write=self._refuse_value)
        self.device.add_service(
            Service(
                UUID(SERVICE),
                [
                    Characteristic(UUID(OPEN), P.READ, A.READABLE, b"open", [label]),
                    Characteristic(UUID(LONG), P.READ, A.READABLE, LONG_VALUE),
                    inbox,
                    self.stream,
                    Characteristic(
                        UUID(SECRET), P.READ, A.READABLE | A.READ_REQUIRES_ENCRYPTION, b"secret"
                    ),
                    Characteristic(UUID(SILENT), P.READ, A.READABLE, silent),
                    Characteristic(
                        UUID(BROKEN), P.READ | P.WRITE, A.READABLE | A.WRITEABLE, broken
                    ),
                ],
            )
        )
        self.device.pairing_config_factory = self._pairing
        answer = self.device.gatt_server.on_att_read_by_group_type_request

        def count(bearer: Connection, request: att.ATT_Read_By_Group_Type_Request) -> Any:
            self.discoveries += request.starting_handle == 1
            return answer(bearer, request)

        self.device.gatt_server.on_att_read_by_group_type_request = count  # type: ignore[method-assign]

    def _refuse_value(self, _connection: Connection, _value: bytes = b"") -> bytes:
        raise att.ATT_Error(error_code=att.ErrorCode(self.error_code))

    async def _never(self, _connection: Connection) -> bytes:
        await self.never.wait()
        return b""

    def _pairing(self, _connection: Connection) -> PairingConfig:
        delegate = PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT)
        if self.decide is not None:
            delegate.accept = self.decide
        return PairingConfig(sc=True, mitm=False, bonding=True, delegate=delegate)

    @property
    def connection(self) -> Connection:
        (connection,) = self.device.connections.values()
        return connection

    async def advertise(self, name: bytes = NAME, *, manufacturer: bytes = b"") -> None:
        structures = [(AdvertisingData.COMPLETE_LOCAL_NAME, name)]
        if manufacturer:
            structures.append((AdvertisingData.MANUFACTURER_SPECIFIC_DATA, manufacturer))
        else:
            kind = AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS
            structures.append((kind, bytes(UUID(SERVICE))))
        await self.device.start_advertising(
            auto_restart=True,
            advertising_data=bytes(AdvertisingData(structures)),
            advertising_interval_min=ADVERTISING_INTERVAL_ms,
            advertising_interval_max=ADVERTISING_INTERVAL_ms,
        )

    async def notify(self, value: bytes, characteristic: Characteristic[bytes]) -> None:
        await self.device.notify_subscribers(characteristic, value)

    async def refuse(self) -> bool:
        return False


@dataclass
class World:
    """Everything there is between a client and a peripheral."""

    bus: PrivateBus
    bridge: BluezBridge
    central: Device
    controller: VirtualController
    peripheral: Peripheral
    losses: list[BusLostError]

    async def find(self) -> BLEDevice:
        """Have the peripheral found by a scan, and put on the air before if it is not."""
        if not self.peripheral.device.is_advertising:
            await self.peripheral.advertise()
        return await _find(NAME.decode())

    def lose_link(self) -> None:
        for controller in (self.controller, self.peripheral.controller):
            controller.lose_links()


def _device(link: LocalLink, name: str, address: str) -> tuple[Device, VirtualController]:
    controller = VirtualController(name, link=link)
    controller.le_acl_data_packet_length = 251
    configuration = DeviceConfiguration(name=name, address=hci.Address(address))
    return Device.from_config_with_hci(configuration, controller, controller), controller


@contextlib.asynccontextmanager
async def _world(bus: PrivateBus, temporary_timeout_s: float) -> AsyncIterator[World]:
    link = LocalLink()
    central, controller = _device(link, "host", HOST_ADDRESS)
    device, device_controller = _device(link, "peripheral", PERIPHERAL_ADDRESS)
    peripheral = Peripheral(device, device_controller)
    await central.power_on()
    await device.power_on()
    losses: list[BusLostError] = []
    bridge = BluezBridge(
        central,
        bus.address,
        on_bus_lost=losses.append,
        temporary_timeout_s=temporary_timeout_s,
    )
    await bridge.start()
    try:
        yield World(bus, bridge, central, controller, peripheral, losses)
    finally:
        peripheral.never.set()
        await _leave_bleak()
        await bridge.close()
        if device.is_advertising:
            await device.stop_advertising()


async def _leave_bleak() -> None:
    """Close the connection that bleak keeps for each event loop."""
    kept = bleak_manager._global_instances.pop(asyncio.get_running_loop(), None)
    if kept is not None and kept._bus is not None:
        kept._bus.disconnect()
        with contextlib.suppress(EOFError, ConnectionError):
            await kept._bus.wait_for_disconnect()
        await asyncio.wait([kept._bus_watcher_task])


async def _find(name: str) -> BLEDevice:
    """Scan for a name, with ears open before the scan begins.

    The scanner's own `find_device_by_name` listens once the scan has begun. A device that was told
    in between is not told again as long as its strength stays the same, and here it does.
    """
    found: asyncio.Future[BLEDevice] = asyncio.get_running_loop().create_future()

    def heard(device: BLEDevice, advertisement: AdvertisementData) -> None:
        if advertisement.local_name == name and not found.done():
            found.set_result(device)

    async with BleakScanner(heard):
        return await found


@pytest.fixture
def find() -> Callable[[str], Coroutine[Any, Any, BLEDevice]]:
    """`_find`, for tests: the device of a name."""
    return _find


Play = Callable[..., None]


@pytest.fixture
def private_bus(virtual_radio: None) -> PrivateBus:
    with PrivateBus() as bus:
        yield bus


@pytest.fixture
def play_alone(private_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Run a scenario, a coroutine function that makes its own world on the private bus."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private_bus.address)
    monkeypatch.setattr(BlueZFeatures, "checked_bluez_version", True)

    def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            try:
                await scenario()
            finally:
                await _leave_bleak()

        asyncio.run(whole())

    return run


@pytest.fixture
def play(private_bus: PrivateBus, play_alone: Play) -> Play:
    """Run a scenario, a coroutine function that is given the world."""

    def run(
        scenario: Callable[[World], Coroutine[Any, Any, None]], *, temporary_timeout_s: float = 30.0
    ) -> None:
        async def whole() -> None:
            async with _world(private_bus, temporary_timeout_s) as world:
                await scenario(world)

        play_alone(whole)

    return run


class Caller:
    """A plain client of the bus that calls methods of org.bluez."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus

    async def call(
        self, path: str, interface: str | None, member: str, signature: str = "", *body: Any
    ) -> Message:
        reply = await self.bus.call(
            Message(
                destination="org.bluez",
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )
        assert reply is not None
        return reply

    async def listen(self, interface: str, member: str, heard: list[list[Any]]) -> None:
        """Have the bodies of a signal added to `heard`."""

        def on_message(message: Message) -> None:
            if message.interface == interface and message.member == member:
                heard.append(message.body)

        self.bus.add_message_handler(on_message)
        await self.bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=[f"type='signal',interface='{interface}',member='{member}'"],
            )
        )


@contextlib.asynccontextmanager
async def _caller(address: str) -> AsyncIterator[Caller]:
    bus = await MessageBus(bus_address=address, negotiate_unix_fd=True).connect()
    try:
        yield Caller(bus)
    finally:
        if bus.connected:
            bus.disconnect()
            await bus.wait_for_disconnect()


@pytest.fixture
def caller(private_bus: PrivateBus) -> Callable[[], contextlib.AbstractAsyncContextManager[Caller]]:
    return lambda: _caller(private_bus.address)
