"""What the panel offers over the air: its advertisement, its services, its notifications."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bumble import att
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import (
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
    Characteristic,
    CharacteristicValue,
    Descriptor,
    Service,
)
from bumble.hci import Address, HCI_Reset_Command
from bumble.transport.common import TransportSink, TransportSource
from fpxi_readout.links import bluetooth_profile as profile

from fpxi_hwsim.bluetooth.errors import AdvertisedNameError

MAXIMUM_MTU = 517
LINK_PDU_BYTES = 251
"""most that a link-layer packet carries with data length extension (Core, Vol 6 B, 2.4)"""
HEADER_BYTES = 7
"""of L2CAP (4) and of a notification (3)"""
QUEUED_PACKETS = 2
"""that wait in this computer, beside those that the adapter takes"""
ADVERTISING_INTERVAL_MS = 30.0
NOTIFY = 1
"""bit of the client characteristic configuration"""

_Properties = Characteristic.Properties
_READABLE, _WRITEABLE = Characteristic.READABLE, Characteristic.WRITEABLE


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """What the panel tells anybody."""

    name: str
    """advertised"""
    model: str
    """the panel's name in the protocol definition"""
    serial_number: str
    firmware: str


@dataclass(frozen=True, slots=True)
class Uart:
    """What the UART service does with a host's requests.

    Each is told the connection; it raises `att.ATT_Error` to refuse.
    """

    write: Callable[[Connection, bytes], Awaitable[None]]
    subscribe: Callable[[Connection, bool], None]
    subscribed: Callable[[Connection], bool]


class PanelPeripheral:
    """The panel's Bluetooth device and its services. Used on the radio's loop alone.

    Parameters
    ----------
    source, sink
        The adapter, real or virtual.
    facts
        What anybody may know.
    uart
        What stands behind the UART service.
    battery_percent
        Asked whenever a host reads it.

    Raises
    ------
    AdvertisedNameError
        The name does not fit the advertisement.

    """

    def __init__(
        self,
        source: TransportSource,
        sink: TransportSink,
        facts: PanelFacts,
        uart: Uart,
        battery_percent: Callable[[], int],
    ) -> None:
        advertisement = advertising_data(facts.name)
        self.device = Device.from_config_with_hci(
            DeviceConfiguration(
                name=facts.name,
                address=static_address(facts.serial_number),
                advertising_interval_min=ADVERTISING_INTERVAL_MS,
                advertising_interval_max=ADVERTISING_INTERVAL_MS,
            ),
            source,
            sink,
        )
        self.device.advertising_data = advertisement
        server = self.device.gatt_server
        server.max_mtu = MAXIMUM_MTU
        self._to_host = _to_host(uart)
        self.device.add_services(
            [
                Service(profile.UART_SERVICE, [_to_panel(uart), self._to_host]),
                _information(facts),
                _battery(battery_percent),
            ]
        )
        # The stack itself lets anybody write any attribute.
        for attribute in server.attributes:
            if not attribute.permissions & _WRITEABLE:
                attribute.permissions |= att.Attribute.WRITE_REQUIRES_AUTHORIZATION

    async def start(self) -> None:
        """Switch the adapter on and advertise, again after each connection."""
        await self.device.power_on()
        await self.device.start_advertising(auto_restart=True)

    async def stop(self) -> None:
        """Reset the adapter: a real one would go on advertising when this program has ended."""
        await self.device.power_off()
        await self.device.host.send_sync_command(HCI_Reset_Command())

    async def room(self, connection: Connection) -> None:
        """Wait until the adapter can soon send another notification."""
        queue = self.device.host.get_data_packet_queue(connection.handle)
        if queue is None:
            return
        moved = asyncio.Event()
        queue.on("flow", moved.set)
        try:
            while queue.pending >= queue.max_in_flight + QUEUED_PACKETS:
                moved.clear()
                await moved.wait()
        finally:
            queue.remove_listener("flow", moved.set)

    async def notify(self, connection: Connection, data: bytes) -> None:
        """Send at most `payload_bytes` to a host; whether it may have them is the caller's."""
        server = self.device.gatt_server
        await server.notify_subscriber(connection, self._to_host, data, force=True)


def payload_bytes(connection: Connection) -> int:
    """Return the bytes of the longest notification that fills its last link-layer packet.

    As many full packets as the connection's MTU allows, or all that a smaller MTU does.
    """
    packets = (connection.att_mtu + 4) // LINK_PDU_BYTES
    return packets * LINK_PDU_BYTES - HEADER_BYTES if packets else connection.att_mtu - 3


def advertising_data(name: str) -> bytes:
    """Return flags, the UART service and a name as they are advertised, at most 31 bytes.

    Raises
    ------
    AdvertisedNameError
        The name is empty, too long, or not printable ASCII.

    """
    if not (0 < len(name) <= profile.LONGEST_NAME and name.isascii() and name.isprintable()):
        raise AdvertisedNameError(name, profile.LONGEST_NAME)
    flags = (
        AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE
        | AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED
    )
    service = UUID(profile.UART_SERVICE)
    structures = [
        (AdvertisingData.FLAGS, bytes([flags])),
        (AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, bytes(service)),
        (AdvertisingData.COMPLETE_LOCAL_NAME, name.encode()),
    ]
    return bytes(AdvertisingData([(int(kind), data) for kind, data in structures]))


def static_address(serial_number: str) -> Address:
    """Return a panel's fixed address, a static random one (Core, Vol 6 B, 1.3.2.1)."""
    digest = bytearray(hashlib.blake2b(serial_number.encode(), digest_size=6).digest())
    digest[5] |= 0xC0
    return Address(bytes(digest), Address.RANDOM_DEVICE_ADDRESS)


def _to_panel(uart: Uart) -> Characteristic[bytes]:
    return Characteristic(
        profile.UART_TO_PANEL,
        _Properties.WRITE | _Properties.WRITE_WITHOUT_RESPONSE,
        _WRITEABLE,
        CharacteristicValue(read=_refuse_read, write=uart.write),
    )


def _to_host(uart: Uart) -> Characteristic[bytes]:
    def read_configuration(connection: Connection) -> bytes:
        return bytes([NOTIFY if uart.subscribed(connection) else 0, 0])

    def write_configuration(connection: Connection, value: bytes) -> None:
        if value not in (b"\0\0", b"\1\0"):
            raise att.ATT_Error(att.ErrorCode.VALUE_NOT_ALLOWED)
        uart.subscribe(connection, value[0] == NOTIFY)

    # The stack's own descriptor could be written on an unsecured connection.
    configuration = Descriptor(
        GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
        _READABLE | _WRITEABLE,
        CharacteristicValue(read=read_configuration, write=write_configuration),
    )
    return Characteristic(
        profile.UART_TO_HOST,
        _Properties.NOTIFY,
        _READABLE,
        CharacteristicValue(read=_refuse_read),
        [configuration],
    )


def _refuse_read(_connection: Connection) -> bytes:
    raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED)


def _information(facts: PanelFacts) -> Service:
    texts = {
        profile.MANUFACTURER_NAME: profile.MANUFACTURER,
        profile.MODEL_NUMBER: facts.model,
        profile.SERIAL_NUMBER: facts.serial_number,
        profile.FIRMWARE_REVISION: facts.firmware,
    }
    return Service(
        _assigned(profile.DEVICE_INFORMATION_SERVICE),
        [
            Characteristic(_assigned(uuid), _Properties.READ, _READABLE, text.encode())
            for uuid, text in texts.items()
        ],
    )


def _battery(battery_percent: Callable[[], int]) -> Service:
    level: Characteristic[bytes] = Characteristic(
        _assigned(profile.BATTERY_LEVEL),
        _Properties.READ,
        _READABLE,
        CharacteristicValue(read=lambda _: bytes([battery_percent()])),
    )
    return Service(_assigned(profile.BATTERY_SERVICE), [level])


def _assigned(uuid: str) -> UUID:
    """Return an assigned UUID in the 16 bits in which hosts look for it (Core, Vol 3 B, 2.5.1)."""
    return UUID.from_16_bits(int(uuid[4:8], 16))
