"""Peripherals that mean harm, through bleak and BlueZ's interface: named errors, bounded memory."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.errors import FpxiError
from fpxi_readout.links import Link, LinkLostError, bluetooth_profile, open_link
from fpxi_readout.links.ble_errors import NoUartServiceError, PanelNotFoundError
from fpxi_readout.links.ble_scan import FoundPanel, ask, scan
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.framing import LONGEST_ENCODED

ADDRESS = "C0:00:00:00:00:0D"
URL = f"ble:{ADDRESS}?timeout_s=4"

Put = Callable[..., contextlib.AbstractContextManager[None]]


@dataclasses.dataclass
class Hostile:
    """What a peripheral advertises, offers and sends to whoever subscribes."""

    name: bytes = b"FPXI-64"
    services: Callable[[], list[Any]] = lambda: [uart()]
    send: bytes = b""
    failed: Any = None


def characteristic(uuid: str, *properties: str, value: bytes = b"") -> Any:
    from bumble.gatt import Characteristic

    kind = Characteristic.Properties
    combined = kind(0)
    for name in properties:
        combined |= kind[name]
    return Characteristic(uuid, combined, Characteristic.READABLE | Characteristic.WRITEABLE, value)


def uart(*, write: str = "WRITE", notify: str = "NOTIFY", swapped: bool = False) -> Any:
    from bumble.gatt import Service

    uuids = [bluetooth_profile.UART_TO_PANEL, bluetooth_profile.UART_TO_HOST]
    if swapped:
        uuids.reverse()
    return Service(
        bluetooth_profile.UART_SERVICE,
        [characteristic(uuids[0], write), characteristic(uuids[1], notify)],
    )


@contextlib.asynccontextmanager
async def at_work(hostile: Hostile, told: Callable[[str], None]) -> AsyncIterator[Hostile]:
    from bumble.core import UUID, AdvertisingData
    from bumble.device import Device, DeviceConfiguration
    from bumble.hci import Address
    from fpxi_hwsim.bluetooth.bluez import BluezBridge, PrivateBus
    from fpxi_hwsim.bluetooth.conditions import RadioConditions
    from fpxi_hwsim.bluetooth.controller import RadioController
    from fpxi_hwsim.bluetooth.radio import Radio

    def device(controller: Any, address: str) -> Any:
        configuration = DeviceConfiguration(
            name="x",
            address=Address(address),
            advertising_interval_min=20,
            advertising_interval_max=20,
        )
        return Device.from_config_with_hci(configuration, controller, controller)

    async with contextlib.AsyncExitStack() as stack:
        hostile.failed = asyncio.get_running_loop().create_future()
        radio = Radio(RadioConditions(interval_ms=7.5))
        stack.callback(radio.close)
        peripheral = device(RadioController("hostile", radio), ADDRESS)
        structures = [
            (AdvertisingData.COMPLETE_LOCAL_NAME, hostile.name),
            (
                AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                bytes(UUID(bluetooth_profile.UART_SERVICE)),
            ),
        ]
        peripheral.advertising_data = bytes(AdvertisingData([(int(k), d) for k, d in structures]))
        peripheral.add_services(hostile.services())
        sending: set[asyncio.Task[None]] = set()

        def flood(connection: Any) -> None:
            sending.add(asyncio.create_task(_send(peripheral, connection, hostile.send)))

        if hostile.send:
            peripheral.on("connection", flood)
        await peripheral.power_on()
        await peripheral.start_advertising(auto_restart=True)
        central = device(RadioController("host", radio), "F9:F8:F7:F6:F5:F4")
        await central.power_on()
        bus = stack.enter_context(PrivateBus(None))
        bridge = BluezBridge(central, bus.address)
        await bridge.start()
        stack.push_async_callback(bridge.close)
        told(bus.address)
        yield hostile
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)


async def _send(peripheral: Any, connection: Any, data: bytes) -> None:
    """Send the same bytes again and again to a host that has subscribed."""
    from bumble.core import UUID

    server = peripheral.gatt_server
    to_host = next(
        one
        for one in server.attributes
        if getattr(one, "uuid", None) == UUID(bluetooth_profile.UART_TO_HOST)
    )
    while True:
        queue = peripheral.host.get_data_packet_queue(connection.handle)
        if queue is None:
            return
        if queue.pending < 8:
            await server.notify_subscriber(connection, to_host, data)
        await asyncio.sleep(0.001)


@pytest.fixture
def put(virtual_radio: None, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Put a hostile peripheral on the air near this process."""
    from fpxi_hwsim.bluetooth.thread import RadioThread

    @contextlib.contextmanager
    def put_on_the_air(**what: Any) -> Iterator[None]:
        def told(address: str) -> None:
            monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)

        thread = RadioThread(lambda: at_work(Hostile(**what), told))
        try:
            yield
        finally:
            thread.close()

    return put_on_the_air


def test_a_name_full_of_control_characters_is_heard_and_shown_clean(put: Put) -> None:
    with put(name=b"\x1b[2J\x07\r\n"):
        (found,) = scan(0.5)
        assert found.name == "[2J"
        with pytest.raises(PanelNotFoundError) as caught:
            open_link("ble:other?timeout_s=1")
        assert str(caught.value).isprintable()


def test_a_name_that_is_no_text_is_no_failure(put: Put) -> None:
    with put(name=b"\xff\xfe\x80"):
        assert len(scan(0.5)) == 1


def _nothing() -> list[Any]:
    return []


def _uart_the_wrong_way_round() -> list[Any]:
    return [uart(swapped=True)]


def _uart_that_indicates() -> list[Any]:
    return [uart(notify="READ")]


def _uart_that_cannot_be_written() -> list[Any]:
    return [uart(write="READ")]


@pytest.mark.parametrize(
    "services",
    [_nothing, _uart_the_wrong_way_round, _uart_that_indicates, _uart_that_cannot_be_written],
)
def test_a_peripheral_that_only_says_it_has_a_uart_is_refused(put: Put, services: Any) -> None:
    with put(services=services), pytest.raises(NoUartServiceError):
        open_link(URL)


def test_giant_and_garbled_facts_are_cut(put: Put) -> None:
    from bumble.gatt import Service

    def services() -> list[Any]:
        facts = [
            characteristic(uuid, "READ", value=b"\x1b\xff\0A" * 128)
            for uuid in (
                bluetooth_profile.MODEL_NUMBER,
                bluetooth_profile.SERIAL_NUMBER,
                bluetooth_profile.FIRMWARE_REVISION,
            )
        ]
        level = characteristic(bluetooth_profile.BATTERY_LEVEL, "READ", value=b"\xfe" * 512)
        return [
            uart(),
            Service(bluetooth_profile.DEVICE_INFORMATION_SERVICE, facts),
            Service(bluetooth_profile.BATTERY_SERVICE, [level]),
        ]

    with put(services=services):
        details = ask(FoundPanel("x", ADDRESS, None), 5.0)
    assert details.battery_percent is None
    for text in (details.panel, details.serial_number, details.firmware):
        assert text is not None
        assert len(text) <= 32
        assert text.isprintable()


@pytest.mark.parametrize("send", [b"\x01" * 200, b"\0" * 200, b"\xff\x01\x02\0" * 50])
def test_endless_nonsense_is_no_panel_and_fills_no_memory(
    put: Put, send: bytes, tmp_path: Any
) -> None:
    with put(send=send):
        link = open_link(URL)
        with pytest.raises(FpxiError):
            Panel.connect(link, cache=DictionaryCache(tmp_path), timeout_s=0.5)
        received = 0
        while received < 4 * LONGEST_ENCODED:
            received += len(link.read(1.0))
        link.close()


def test_a_flood_that_nobody_reads_ends_the_link(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fpxi_readout.links.ble_uart.BUFFER_LIMIT", 1000)
    with put(send=b"\x01" * 200):
        link = open_link(URL)
        with pytest.raises(LinkLostError, match="between two reads"):
            write_for_ever(link)
        link.close()


def write_for_ever(link: Link) -> None:
    while True:
        link.write(b"\0")
