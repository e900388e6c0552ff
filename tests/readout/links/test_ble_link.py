"""An open Bluetooth link: bytes to and fro, drops, interruption, farewell."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError
from fpxi_readout.links import LinkClosedError, LinkLostError, RadioLink
from fpxi_readout.links.ble import BleLink
from fpxi_readout.links.ble_errors import NotSecuredError, RunningLoopError


@pytest.fixture
def link(stack: Any) -> Iterator[BleLink]:
    link = BleLink.open("ble:FPXI-64", stack=stack)
    yield link
    link.close()


def notify(stack: Any, data: bytes) -> None:
    """Have the panel send, the next time the link's loop runs."""
    client = stack.clients[-1]
    client.loop.call_soon(client.notify, None, bytearray(data))


def test_it_is_a_radio_link(link: BleLink) -> None:
    assert isinstance(link, RadioLink)


def test_bytes_go_to_and_fro(link: BleLink, stack: Any) -> None:
    link.write(b"echo")
    assert stack.devices[0].received == [b"echo"]
    assert link.read(1.0) == b"echo"
    assert link.read(0.0) == b""


def test_what_has_arrived_is_read_without_waiting(link: BleLink, stack: Any) -> None:
    notify(stack, b"one")
    notify(stack, b"two")
    assert link.read(0.0) == b"onetwo"


def test_reading_waits_for_bytes_and_ends_with_its_time(link: BleLink, stack: Any) -> None:
    client = stack.clients[-1]
    client.loop.call_later(0.05, client.notify, None, bytearray(b"late"))
    assert link.read(5.0) == b"late"
    assert link.read(0.01) == b""


def test_a_notification_is_copied_before_the_library_reuses_it(link: BleLink, stack: Any) -> None:
    value = bytearray(b"first")
    client = stack.clients[-1]
    client.loop.call_soon(client.notify, None, value)
    client.loop.call_later(0.01, client.notify, None, value)
    assert link.read(1.0) == b"first"
    value[:] = b"again"
    assert link.read(1.0) == b"again"


@pytest.mark.parametrize(
    ("size", "parts"),
    [(244, [244, 244, 112]), (20, [20] * 30), (7, [20] * 30), (514, [512, 88])],
)
def test_writes_are_cut_to_what_the_connection_takes(
    link: BleLink, stack: Any, size: int, parts: list[int]
) -> None:
    stack.devices[0].services[0].characteristics[0].max_write_without_response_size = size
    data = bytes(range(200)) * 3
    link.write(data)
    assert b"".join(stack.devices[0].received) == data
    assert [len(part) for part in stack.devices[0].received] == parts


def test_the_size_of_a_write_follows_the_connection(link: BleLink, stack: Any) -> None:
    characteristic = stack.devices[0].services[0].characteristics[0]
    characteristic.max_write_without_response_size = 20
    link.write(bytes(30))
    characteristic.max_write_without_response_size = 244
    link.write(bytes(30))
    assert [len(part) for part in stack.devices[0].received] == [20, 10, 30]


@pytest.mark.parametrize(
    ("properties", "response"),
    [
        (("write", "write-without-response"), True),
        (("write",), True),
        (("write-without-response",), False),
    ],
)
def test_what_is_written_is_acknowledged_where_the_panel_can(
    stack: Any, properties: tuple[str, ...], response: bool
) -> None:
    stack.devices[0].services[0].characteristics[0].properties = properties
    link = BleLink.open("ble:FPXI-64", stack=stack)
    link.write(b"x")
    link.close()
    assert stack.clients[-1].responses == [response]


def test_what_arrived_before_a_drop_is_read_before_the_error(link: BleLink, stack: Any) -> None:
    notify(stack, b"last words")
    stack.clients[-1].loop.call_soon(stack.clients[-1].drop)
    assert link.read(1.0) == b"last words"
    with pytest.raises(LinkLostError, match="out of reach"):
        link.read(1.0)
    with pytest.raises(LinkLostError, match="out of reach"):
        link.write(b"x")


def test_a_drop_ends_the_wait_for_bytes(link: BleLink, stack: Any) -> None:
    stack.clients[-1].loop.call_later(0.01, stack.clients[-1].drop)
    with pytest.raises(LinkLostError):
        link.read(60.0)


def test_a_drop_ends_a_write_that_waits_for_its_acknowledgement(
    link: BleLink, stack: Any, fake: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fpxi_readout.links.ble_uart.WRITE_LIMIT_S", 1e6)
    stack.behaviour["write"] = fake.drops
    with pytest.raises(LinkLostError, match="out of reach"):
        link.write(b"x")


def test_a_write_that_is_not_acknowledged_is_given_up(
    link: BleLink, stack: Any, fake: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fpxi_readout.links.ble_uart.WRITE_LIMIT_S", 0.05)
    stack.behaviour["write"] = fake.hangs
    with pytest.raises(LinkLostError, match="too long"):
        link.write(b"x")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BleakError("Not connected"), LinkLostError),
        (BleakError("Service Discovery has not been performed yet"), LinkLostError),
        (BleakDBusError("org.freedesktop.DBus.Error.UnknownObject", ["gone"]), LinkLostError),
        (EOFError(), LinkLostError),
        (OSError("WinError"), LinkLostError),
        (AssertionError(), LinkLostError),
        (asyncio.CancelledError(), LinkLostError),
        (BleakGATTProtocolError(0x0F), NotSecuredError),
    ],
)
def test_every_failure_to_write_has_a_name(
    link: BleLink, stack: Any, fake: ModuleType, error: Exception, expected: type
) -> None:
    stack.behaviour["write"] = fake.fails_with(error)
    with pytest.raises(expected) as caught:
        link.write(b"x")
    assert caught.value.url == "ble:FPXI-64"


def test_the_two_texts_of_bleak_for_a_drop_mean_the_same(
    link: BleLink, stack: Any, fake: ModuleType
) -> None:
    texts = set()
    for text in ("not connected", "Service Discovery has not been performed yet"):
        stack.behaviour["write"] = fake.fails_with(BleakError(text))
        with pytest.raises(LinkLostError) as caught:
            link.write(b"x")
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_a_flood_between_two_reads_loses_the_link_and_no_bytes(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fpxi_readout.links.ble_uart.BUFFER_LIMIT", 1000)
    link = BleLink.open("ble:FPXI-64", stack=stack)
    for number in range(5):
        notify(stack, bytes([number]) * 400)
    assert link.read(0.0) == b"\0" * 400 + b"\1" * 400
    with pytest.raises(LinkLostError, match="between two reads"):
        link.read(0.0)
    link.close()


@pytest.mark.parametrize("operation", ["read", "write"])
def test_another_thread_interrupts_what_the_link_waits_for(
    link: BleLink, stack: Any, operation: str
) -> None:
    async def interrupt(stack: Any) -> None:
        threading.Thread(target=link.interrupt).start()
        await asyncio.Event().wait()

    if operation == "write":
        stack.behaviour["write"] = interrupt
        with pytest.raises(LinkClosedError):
            link.write(b"x")
    else:
        timer = threading.Timer(0.02, link.interrupt)
        timer.start()
        with pytest.raises(LinkClosedError):
            link.read(60.0)
        timer.join()
    with pytest.raises(LinkClosedError):
        link.read(0.0)
    with pytest.raises(LinkClosedError):
        link.write(b"x")


def test_ctrl_c_ends_a_read_and_the_link_goes_on(link: BleLink, stack: Any) -> None:
    stack.clients[-1].loop.call_later(0.01, signal.raise_signal, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        link.read(60.0)
    notify(stack, b"still there")
    assert link.read(1.0) == b"still there"


def test_closing_disconnects_and_ends_every_use(stack: Any) -> None:
    link = BleLink.open("ble:FPXI-64", stack=stack)
    link.close()
    assert stack.steps[-1] == "disconnect"
    with pytest.raises(LinkClosedError):
        link.read(0.0)
    with pytest.raises(LinkClosedError):
        link.write(b"x")
    link.close()
    link.interrupt()


@pytest.mark.parametrize("lost_before", [False, True])
def test_a_farewell_that_hangs_is_cut_short_and_logged(
    stack: Any,
    fake: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    lost_before: bool,
) -> None:
    monkeypatch.setattr("fpxi_readout.links.ble_uart.LEAVE_LIMIT_S", 0.05)
    link = BleLink.open("ble:FPXI-64", stack=stack)
    if lost_before:
        stack.clients[-1].drop()
    stack.behaviour["disconnect"] = fake.hangs_in_clean_up
    link.close()
    stack.clients[-1].drop()
    assert "may still be connected" in caplog.text


def test_an_interrupted_link_still_disconnects(stack: Any) -> None:
    link = BleLink.open("ble:FPXI-64", stack=stack)
    link.interrupt()
    link.close()
    assert stack.connections == 0


def test_ctrl_c_in_the_farewell_closes_the_loop_all_the_same(stack: Any) -> None:
    async def interrupt(stack: Any) -> None:
        stack.clients[-1].drop()
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()

    link = BleLink.open("ble:FPXI-64", stack=stack)
    stack.behaviour["disconnect"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        link.close()


def test_tasks_of_the_library_end_with_the_link(stack: Any) -> None:
    ended = threading.Event()

    async def watch() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def leave_a_task(stack: Any) -> None:
        stack.task = asyncio.create_task(watch())

    stack.behaviour["subscribe"] = leave_a_task
    BleLink.open("ble:FPXI-64", stack=stack).close()
    assert ended.is_set()


def test_an_open_link_is_not_used_inside_another_loop(link: BleLink, stack: Any) -> None:
    async def within() -> None:
        for use in (lambda: link.read(0.0), lambda: link.write(b"x"), link.close):
            with pytest.raises(RunningLoopError):
                use()

    asyncio.run(within())
    link.write(b"echo")
    assert link.read(1.0) == b"echo"
