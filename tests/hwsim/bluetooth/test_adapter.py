"""A module on an adapter of its own: a virtual controller behind a TCP port or a serial line."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace

import pytest
from bumble import att
from bumble.transport.common import PacketParser
from fpxi_hwsim import SimulationSpecification, serve_ble
from fpxi_hwsim.bluetooth.controller import RadioController
from fpxi_hwsim.bluetooth.errors import AdapterError
from fpxi_hwsim.bluetooth.peripheral import static_address
from fpxi_hwsim.bluetooth.radio import Radio
from fpxi_readout.links import bluetooth_profile as profile
from fpxi_readout.protocol.framing import PacketDecoder, encode_packet
from fpxi_readout.protocol.generated import Identify, Identity

from_url = SimulationSpecification.from_url
SERIAL_NUMBER = "TFT64-S00000001"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def dongle(radio: Radio, send: Callable[[bytes], object]) -> PacketParser:
    """Make a controller whose packets go to `send`; the parser takes its host's bytes."""
    controller = RadioController("dongle", radio)
    controller.host = SimpleNamespace(on_packet=send)
    return PacketParser(controller)


@contextlib.asynccontextmanager
async def tcp_dongle(radio: Radio) -> AsyncIterator[SimpleNamespace]:
    hosts: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hosts.append(writer)
        parser = dongle(radio, writer.write)
        while data := await reader.read(4096):
            parser.feed_data(data)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        def unplug() -> None:
            hosts[0].transport.abort()

        yield SimpleNamespace(name=f"tcp-client:127.0.0.1:{port}", unplug=unplug)


@contextlib.asynccontextmanager
async def serial_dongle(radio: Radio) -> AsyncIterator[SimpleNamespace]:
    import tty

    loop = asyncio.get_running_loop()
    master, terminal = os.openpty()
    tty.setraw(terminal)
    parser = dongle(radio, lambda packet: os.write(master, packet))
    loop.add_reader(master, lambda: parser.feed_data(os.read(master, 4096)))
    yield SimpleNamespace(name=f"serial:{os.ttyname(terminal)},1000000")
    loop.remove_reader(master)
    os.close(terminal)
    os.close(master)


def is_advertising(radio: Radio) -> bool:
    address = static_address(SERIAL_NUMBER)
    return any(controller.advertiser(address) is not None for controller in radio._joined)


def run(scenario: Callable[[], object]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(40):
            await scenario()

    asyncio.run(whole())


@pytest.mark.parametrize("plug", [tcp_dongle, pytest.param(serial_dongle, marks=posix_only)])
def test_a_panel_answers_on_an_adapter(make_host, plug) -> None:
    async def scenario() -> None:
        radio = Radio()
        async with plug(radio) as adapter:
            server = await asyncio.to_thread(serve_ble, from_url("sim:tft64"), hci=adapter.name)
            assert server.bus_address is None
            host = await make_host(radio).ready()
            question = encode_packet(Identify.TYPE, 1, Identify(0, 0).pack())
            await host.to_panel.write_value(question, with_response=True)
            answers, decoder = [], PacketDecoder()
            while not answers:
                arrived, host.received = bytes(host.received), bytearray()
                answers = [x for x in decoder.feed(arrived) if x.type == Identity.TYPE]
                await asyncio.sleep(0.01)
            identity = Identity.unpack(answers[0].payload)
            assert identity.serial_number.rstrip(b"\0").decode() == SERIAL_NUMBER
            assert (await asyncio.to_thread(server.statistics)).radio is None
            await asyncio.to_thread(server.drop, "remote")
            await host.gone
            await asyncio.to_thread(server.close)
            assert server.failure is None
            assert not is_advertising(radio)  # the adapter stays, and would go on by itself
        radio.close()

    run(scenario)


@pytest.fixture
def root_log() -> Iterator[list[logging.LogRecord]]:
    """Collect what arrives at the root of all logs, and so on a terminal."""
    heard: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = heard.append
    logging.getLogger().addHandler(handler)
    yield heard
    logging.getLogger().removeHandler(handler)


def test_neither_a_strangers_mistakes_nor_the_end_are_messages_to_the_user(
    make_host, root_log: list[logging.LogRecord]
) -> None:
    async def scenario() -> None:
        radio = Radio()
        async with tcp_dongle(radio) as adapter:
            server = await asyncio.to_thread(serve_ble, from_url("sim:tft64"), hci=adapter.name)
            host = await make_host(radio).connect()
            handles = [host.to_panel.handle] * 2
            wrong = att.ATT_Read_Multiple_Request(set_of_handles=handles)
            host.connection.gatt_client.send_gatt_pdu(bytes(wrong))
            await host.characteristic(profile.MODEL_NUMBER).read_value()
            await asyncio.to_thread(server.close)
        radio.close()

    run(scenario)
    assert [record.getMessage() for record in root_log] == []


@pytest.mark.parametrize("connected", [False, True])
def test_an_adapter_that_goes_away_is_told_by_name(make_host, connected: bool) -> None:
    async def scenario() -> None:
        radio = Radio()
        async with tcp_dongle(radio) as adapter:
            server = await asyncio.to_thread(serve_ble, from_url("sim:tft64"), hci=adapter.name)
            if connected:
                await make_host(radio).ready()
            adapter.unplug()
            while server.failure is None:
                await asyncio.sleep(0.01)
            assert isinstance(server.failure, AdapterError)
            assert "unplugged" in str(server.failure)
            await asyncio.to_thread(server.close)
        radio.close()

    run(scenario)


@pytest.mark.parametrize(
    "name",
    [
        "serial:/dev/nothing-such",
        "tcp-client:127.0.0.1:1",
        "smoke:signals",
        "usb:99",
        "tcp-client:",
    ],
)
def test_an_absent_adapter_is_told_by_name(name: str) -> None:
    with pytest.raises(AdapterError) as refusal:
        serve_ble(from_url("sim:tft64"), hci=name)
    assert refusal.value.transport == name
    assert "usb:0" in str(refusal.value)


def test_an_adapter_that_does_not_answer_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fpxi_hwsim.bluetooth.station.OPEN_TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name = f"tcp-client:127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(AdapterError, match="does not answer"):
            serve_ble(from_url("sim:tft64"), hci=name)
