"""Opening a Bluetooth link: whatever goes wrong, wherever, has a name and leaves nothing behind."""

from __future__ import annotations

import asyncio
import signal
import threading
from types import ModuleType
from typing import Any

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from fpxi_readout.links import LinkClosedError, LinkOpenError, RadioFacts
from fpxi_readout.links.base import LinkError
from fpxi_readout.links.ble import BleLink
from fpxi_readout.links.ble_errors import (
    BluetoothUnavailableError,
    NotSecuredError,
    NoUartServiceError,
    PairingError,
    PanelInUseError,
    PanelNotFoundError,
    RunningLoopError,
)

STEPS = ("held", "scan", "connect", "pair", "subscribe")
"""the awaits of opening a link whose failure ends the attempt"""
IN_THE_AIR = ("connect", "pair", "subscribe")
SHORT = "ble:FPXI-64?timeout_s=0.4"


def dbus(name: str, text: str = "") -> BleakDBusError:
    return BleakDBusError(name, [text])


def unavailable(reason: str) -> Exception:
    return BleakBluetoothNotAvailableError("text", BleakBluetoothNotAvailableReason[reason])


def test_an_open_link_tells_whom_it_reaches(stack: Any) -> None:
    link = BleLink.open("ble:FPXI-64", stack=stack)
    assert link.radio == RadioFacts("FPXI-64", "F0:F1:F2:F3:F4:F5", -60, 87)
    assert link.description == "ble:FPXI-64"
    link.close()
    link.close()
    assert stack.steps.count("disconnect") == 1


def test_a_panel_met_before_is_looked_for_by_its_address_and_called_by_its_url(
    stack: Any, fake: ModuleType
) -> None:
    met = fake.FakeDevice(address="F0:00:00:00:00:02")
    stack.devices.append(met)
    link = BleLink.open("ble:FPXI-64", stack=stack, address=met.address.lower())
    link.close()
    assert link.radio.address == met.address
    assert link.description == "ble:FPXI-64"


def test_a_panel_met_before_that_is_away_is_called_by_its_url_and_address(stack: Any) -> None:
    words = r"cannot open ble:FPXI-64\?timeout_s=0.4: not found \(F0:00:00:00:00:02\) within"
    with pytest.raises(PanelNotFoundError, match=words):
        BleLink.open(SHORT, stack=stack, address="F0:00:00:00:00:02")


@pytest.mark.parametrize("level", [b"", b"\x65", b"\xff" * 600])
def test_a_battery_level_that_is_none_is_not_shown(stack: Any, level: bytes) -> None:
    stack.devices[0].services[2].characteristics[0].value = level
    link = BleLink.open("ble:FPXI-64", stack=stack)
    link.close()
    assert link.radio.battery_percent is None


@pytest.mark.parametrize("behaviour", ["fails", "hangs"])
def test_a_panel_that_tells_no_battery_level_is_opened(
    stack: Any, fake: ModuleType, monkeypatch: pytest.MonkeyPatch, behaviour: str
) -> None:
    monkeypatch.setattr("fpxi_readout.links.ble_opening.BATTERY_LIMIT_S", 0.02)
    fails = fake.fails_with(BleakGATTProtocolError(0x02))
    stack.behaviour["value"] = fails if behaviour == "fails" else fake.hangs
    link = BleLink.open("ble:FPXI-64", stack=stack)
    link.close()
    assert link.radio.battery_percent is None


@pytest.mark.parametrize(
    ("step", "error", "expected", "words"),
    [
        ("held", unavailable("NO_BLUETOOTH"), BluetoothUnavailableError, "plug in"),
        ("held", unavailable("NO_BLE_CENTRAL_ROLE"), BluetoothUnavailableError, "Low Energy"),
        ("scan", unavailable("POWERED_OFF"), BluetoothUnavailableError, "switch Bluetooth on"),
        ("scan", unavailable("DENIED_BY_USER"), BluetoothUnavailableError, "not permitted"),
        ("scan", unavailable("DENIED_BY_SYSTEM"), BluetoothUnavailableError, "not permitted"),
        ("scan", unavailable("DENIED_BY_UNKNOWN"), BluetoothUnavailableError, "not permitted"),
        ("scan", unavailable("UNKNOWN"), BluetoothUnavailableError, "text"),
        ("held", FileNotFoundError(2, "no socket"), BluetoothUnavailableError, "D-Bus"),
        ("held", ConnectionRefusedError(), BluetoothUnavailableError, "D-Bus"),
        ("held", PermissionError(), BluetoothUnavailableError, "not permitted"),
        ("held", ValueError("bad bus address"), BluetoothUnavailableError, "bad bus address"),
        (
            "held",
            dbus("org.freedesktop.DBus.Error.ServiceUnknown"),
            BluetoothUnavailableError,
            "BlueZ does not run",
        ),
        ("scan", dbus("org.bluez.Error.NotReady"), BluetoothUnavailableError, "switched off"),
        ("scan", dbus("org.bluez.Error.InProgress"), BluetoothUnavailableError, "InProgress"),
        ("scan", BleakError("adapter 'hci9' not found"), BluetoothUnavailableError, "hci9"),
        ("connect", dbus("org.bluez.Error.NotReady"), BluetoothUnavailableError, "switched off"),
        ("connect", dbus("org.bluez.Error.Failed", "le-x"), LinkOpenError, "while connecting"),
        (
            "connect",
            BleakError("failed to connect: Peer removed pairing information"),
            NotSecuredError,
            "fpxi forget ",
        ),
        ("connect", BleakDeviceNotFoundError("a", "it is gone"), LinkOpenError, "it is gone"),
        ("connect", OSError("WinError -2147023673"), LinkOpenError, "WinError"),
        ("connect", EOFError(), LinkOpenError, "EOFError"),
        ("connect", TimeoutError(), LinkOpenError, "too long"),
        ("connect", AssertionError(), LinkOpenError, "AssertionError"),
        ("pair", dbus("org.bluez.Error.AuthenticationFailed"), PairingError, "forget"),
        ("pair", dbus("org.bluez.Error.AuthenticationRejected"), PairingError, "forget"),
        ("pair", dbus("org.bluez.Error.AuthenticationCanceled"), LinkOpenError, "while pairing"),
        ("pair", BleakError("Could not pair with device: FAILED"), PairingError, "FAILED"),
        ("pair", BleakError("Device does not support pairing"), PairingError, "forget"),
        ("pair", BleakError("Not connected"), LinkOpenError, "not connected"),
        ("subscribe", BleakGATTProtocolError(0x05), NotSecuredError, "`fpxi forget "),
        ("subscribe", BleakGATTProtocolError(0x08), NotSecuredError, "`fpxi forget "),
        ("subscribe", BleakGATTProtocolError(0x0F), NotSecuredError, "`fpxi forget "),
        ("subscribe", dbus("org.bluez.Error.NotPermitted"), NotSecuredError, "fpxi forget"),
        ("subscribe", BleakGATTProtocolError(0x0E), LinkOpenError, "Unlikely"),
        (
            "subscribe",
            BleakError("Service Discovery has not been performed yet"),
            LinkOpenError,
            "not connected",
        ),
    ],
)
def test_every_failure_has_a_name_and_a_remedy(
    stack: Any, fake: ModuleType, step: str, error: Exception, expected: type, words: str
) -> None:
    stack.behaviour[step] = fake.fails_with(error)
    with pytest.raises(LinkError) as caught:
        BleLink.open(SHORT, stack=stack)
    assert type(caught.value) is expected
    assert words.lower() in str(caught.value).lower()
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("how", ["hangs", "hangs_in_clean_up"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_hangs_ends_in_time(
    stack: Any, fake: ModuleType, monkeypatch: pytest.MonkeyPatch, step: str, how: str
) -> None:
    monkeypatch.setattr("fpxi_readout.links.ble_search.START_LIMIT_S", 0.1)
    stack.behaviour[step] = getattr(fake, how)
    with pytest.raises(LinkOpenError, match="too long"):
        BleLink.open(SHORT, stack=stack)


@pytest.mark.parametrize("step", STEPS)
def test_what_the_system_cancels_by_itself_is_no_interruption(
    stack: Any, fake: ModuleType, step: str
) -> None:
    stack.behaviour[step] = fake.fails_with(asyncio.CancelledError())
    with pytest.raises(LinkOpenError, match="cut short"):
        BleLink.open(SHORT, stack=stack)


@pytest.mark.parametrize("step", [*STEPS, "stop scan", "value"])
def test_an_opening_can_be_stopped_from_another_thread(
    stack: Any, fake: ModuleType, step: str
) -> None:
    stop = threading.Event()

    async def stop_it(stack: Any) -> None:
        threading.Thread(target=stop.set).start()
        await asyncio.Event().wait()

    stack.behaviour[step] = stop_it
    with pytest.raises(LinkClosedError):
        BleLink.open("ble:FPXI-64", stop=stop, stack=stack)


def test_an_opening_that_was_stopped_before_does_not_begin(stack: Any) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(LinkClosedError):
        BleLink.open("ble:FPXI-64", stop=stop, stack=stack)
    assert "connect" not in stack.steps


@pytest.mark.parametrize("step", [*STEPS, "stop scan", "value"])
def test_ctrl_c_ends_an_opening_and_leaves_nothing_behind(stack: Any, step: str) -> None:
    async def interrupt(stack: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()

    stack.behaviour[step] = interrupt
    with pytest.raises(KeyboardInterrupt):
        BleLink.open("ble:FPXI-64", stack=stack)


@pytest.mark.parametrize("step", IN_THE_AIR)
def test_a_drop_on_the_way_is_made_good_by_another_attempt(
    stack: Any, fake: ModuleType, step: str
) -> None:
    async def drops(stack: Any) -> None:
        stack.behaviour.clear()
        stack.clients[-1].drop()
        raise BleakError("Not connected")

    stack.behaviour[step] = drops
    link = BleLink.open("ble:FPXI-64", stack=stack)
    assert stack.steps.count("connect") == 2
    assert len(stack.clients) == 2, "a client must not be used for a second connection"
    link.close()


@pytest.mark.parametrize("step", ["pair", "subscribe"])
def test_an_answer_that_a_drop_prevents_is_not_waited_for(
    stack: Any, fake: ModuleType, step: str
) -> None:
    stack.behaviour[step] = fake.drops
    link = BleLink.open("ble:FPXI-64", stack=stack)
    assert stack.steps.count("connect") == 2
    link.close()


def test_a_drop_within_connecting_that_the_library_mends_is_no_loss(stack: Any) -> None:
    async def drops_and_connects(stack: Any) -> None:
        stack.clients[-1].lost()

    stack.behaviour["connect"] = drops_and_connects
    link = BleLink.open("ble:FPXI-64", stack=stack)
    link.write(b"x")
    link.close()
    assert stack.steps.count("connect") == 1


def test_a_drop_right_after_connecting_is_made_good_too(stack: Any) -> None:
    async def forget(stack: Any) -> None:
        stack.behaviour.clear()
        client = stack.clients[-1]
        asyncio.get_running_loop().call_soon(client.drop)
        client.no_services = True

    stack.behaviour["connect"] = forget
    link = BleLink.open("ble:FPXI-64", stack=stack)
    assert stack.steps.count("connect") == 2
    link.close()


def test_a_busy_scanner_is_asked_again(stack: Any) -> None:
    async def busy_once(stack: Any) -> None:
        stack.behaviour.clear()
        raise dbus("org.bluez.Error.InProgress")

    stack.behaviour["scan"] = busy_once
    BleLink.open("ble:FPXI-64", stack=stack).close()
    assert stack.steps.count("scan") == 2


def test_macos_pairs_by_itself(stack: Any, fake: ModuleType) -> None:
    stack.behaviour["pair"] = fake.fails_with(NotImplementedError())
    BleLink.open("ble:FPXI-64", stack=stack).close()


def test_a_key_that_is_there_already_is_used(stack: Any, fake: ModuleType) -> None:
    stack.behaviour["pair"] = fake.fails_with(dbus("org.bluez.Error.AlreadyExists"))
    BleLink.open("ble:FPXI-64", stack=stack).close()


def _without_service(services: list[Any]) -> None:
    del services[0]


def _without_writing(services: list[Any]) -> None:
    del services[0].characteristics[0]


def _that_cannot_be_written(services: list[Any]) -> None:
    services[0].characteristics[0].properties = ("read",)


def _without_notifying(services: list[Any]) -> None:
    services[0].characteristics[1].properties = ("indicate",)


@pytest.mark.parametrize(
    "spoil", [_without_service, _without_writing, _that_cannot_be_written, _without_notifying]
)
def test_a_peripheral_without_a_proper_uart_is_refused_before_it_is_paired_with(
    stack: Any, spoil: Any
) -> None:
    spoil(stack.devices[0].services)
    with pytest.raises(NoUartServiceError, match="it has no"):
        BleLink.open("ble:FPXI-64", stack=stack)
    assert "pair" not in stack.steps


def test_a_connection_that_a_dead_program_left_is_taken_over(stack: Any) -> None:
    stack.held_devices = [(stack.devices.pop(), False)]
    link = BleLink.open("ble:FPXI-64", stack=stack)
    assert "scan" not in stack.steps
    assert link.radio.rssi_dBm is None
    link.close()


def test_that_a_program_has_died_may_be_noticed_late(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def notice_the_tenth_time(stack: Any) -> None:
        if stack.steps.count("held") == 10:
            stack.held_devices = [(panel, False)]

    monkeypatch.setattr("fpxi_readout.links.ble_search.HELD_S", 5.0)
    panel = stack.devices.pop()
    stack.held_devices = [(panel, True)]
    stack.behaviour["held"] = notice_the_tenth_time
    BleLink.open("ble:FPXI-64", stack=stack).close()


def test_a_panel_in_use_is_waited_for_within_the_time_for_opening(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fpxi_readout.links.ble_search.HELD_S", 1e6)
    stack.held_devices = [(stack.devices.pop(), True)]
    with pytest.raises(PanelInUseError):
        BleLink.open(SHORT, stack=stack)


def test_a_connection_that_another_program_uses_is_left_alone(stack: Any) -> None:
    stack.held_devices = [(stack.devices.pop(), True)]
    with pytest.raises(PanelInUseError, match="end that program"):
        BleLink.open("ble:FPXI-64", stack=stack)
    assert not stack.clients


def test_a_panel_that_vanishes_after_a_failed_attempt_is_reported_as_that_failure(
    stack: Any,
) -> None:
    async def vanish(stack: Any) -> None:
        stack.devices.clear()
        raise BleakError("failed to discover services, device disconnected")

    stack.behaviour["connect"] = vanish
    with pytest.raises(LinkOpenError, match="failed to discover services") as caught:
        BleLink.open(SHORT, stack=stack)
    assert not isinstance(caught.value, PanelNotFoundError)


def test_a_panel_that_keeps_ending_the_connection_is_given_up_after_some_attempts(
    stack: Any, fake: ModuleType
) -> None:
    stack.behaviour["connect"] = fake.fails_with(dbus("org.bluez.Error.Failed", "canceled"))
    with pytest.raises(LinkOpenError, match=r"bring the panel nearer and try again$"):
        BleLink.open("ble:FPXI-64", stack=stack)
    assert stack.steps.count("connect") == 6


def test_a_panel_that_cuts_off_whoever_shows_a_key_has_forgotten_it(
    stack: Any, fake: ModuleType
) -> None:
    stack.devices[0].paired = True
    cut_off = dbus("org.bluez.Error.Failed", "br-connection-canceled")
    stack.behaviour["connect"] = fake.fails_with(cut_off)
    with pytest.raises(
        NotSecuredError, match=r"forgotten it; remove this .*`fpxi forget ble:FPXI-64`"
    ):
        BleLink.open("ble:FPXI-64", stack=stack)
    assert stack.steps.count("connect") == 3


def test_a_panel_that_is_cut_off_twice_by_the_air_is_opened(stack: Any) -> None:
    stack.devices[0].paired = True

    async def cut_off_twice(stack: Any) -> None:
        if stack.steps.count("connect") < 3:
            raise dbus("org.bluez.Error.Failed", "br-connection-canceled")

    stack.behaviour["connect"] = cut_off_twice
    BleLink.open("ble:FPXI-64", stack=stack).close()
    assert stack.steps.count("connect") == 3


@pytest.mark.parametrize("paired", [True, None])
def test_a_panel_that_may_have_forgotten_its_key_is_told_of_as_such(
    stack: Any, fake: ModuleType, paired: bool | None
) -> None:
    stack.devices[0].paired = paired
    stack.behaviour["connect"] = fake.fails_with(dbus("org.bluez.Error.Failed", "canceled"))
    with pytest.raises(LinkOpenError, match=r"canceled.*has forgotten this computer, remove"):
        BleLink.open("ble:FPXI-64", stack=stack)


def test_a_panel_without_a_key_has_forgotten_nothing(stack: Any, fake: ModuleType) -> None:
    stack.behaviour["connect"] = fake.fails_with(dbus("org.bluez.Error.Failed", "canceled"))
    with pytest.raises(LinkOpenError) as caught:
        BleLink.open("ble:FPXI-64", stack=stack)
    assert "forgotten" not in str(caught.value)


def test_a_farewell_that_fails_is_logged_and_hides_nothing(
    stack: Any, fake: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail_and_vanish(stack: Any) -> None:
        stack.clients[-1].in_the_air = False
        raise BleakError("no reply\x1b[31m")

    stack.behaviour["pair"] = fake.fails_with(dbus("org.bluez.Error.AuthenticationFailed"))
    stack.behaviour["disconnect"] = fail_and_vanish
    with pytest.raises(PairingError):
        BleLink.open("ble:FPXI-64", stack=stack)
    assert "may still be connected: no reply[31m" in caplog.text


def test_a_link_is_not_used_inside_another_loop(stack: Any) -> None:
    async def within() -> None:
        with pytest.raises(RunningLoopError, match=r"asyncio\.to_thread"):
            BleLink.open("ble:FPXI-64", stack=stack)

    asyncio.run(within())
    assert stack.steps == []
