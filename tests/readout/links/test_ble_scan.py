"""Which panels are heard, which one a URL means, and what a panel tells a stranger."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from bleak.exc import BleakError, BleakGATTProtocolError
from fpxi_readout.links import LinkOpenError
from fpxi_readout.links.ble import BleLink
from fpxi_readout.links.ble_errors import (
    AmbiguousNameError,
    BluetoothUnavailableError,
    PanelNotFoundError,
)
from fpxi_readout.links.ble_scan import FoundPanel, PanelDetails, ask, scan
from fpxi_readout.links.ble_search import MOST_HEARD

ADDRESS = "F0:F1:F2:F3:F4:F5"
OTHER = "C0:C1:C2:C3:C4:C5"


def test_panels_are_listed_the_strongest_first(stack: Any, fake: ModuleType) -> None:
    stack.devices = [
        fake.FakeDevice("A", "00:00:00:00:00:01", -80),
        fake.FakeDevice("B", "00:00:00:00:00:02", 0),
        fake.FakeDevice("C", "00:00:00:00:00:03", -127),
        fake.FakeDevice(None, "00:00:00:00:00:04", -60),
    ]
    assert scan(0.02, stack=stack) == [
        FoundPanel("B", "00:00:00:00:00:02", 0),
        FoundPanel("(no name)", "00:00:00:00:00:04", -60),
        FoundPanel("A", "00:00:00:00:00:01", -80),
        FoundPanel("C", "00:00:00:00:00:03", None),
    ]


def test_a_found_panel_has_a_url_that_opens_it(stack: Any) -> None:
    (found,) = scan(0.02, stack=stack)
    assert found.url == f"ble:{ADDRESS}"
    BleLink.open(found.url, stack=stack).close()


def test_a_name_of_control_characters_is_shown_without_them(stack: Any, fake: ModuleType) -> None:
    stack.devices = [fake.FakeDevice("\x1b[2J\u202eFPXI\r\n" + "x" * 300)]
    (found,) = scan(0.02, stack=stack)
    assert found.name == "[2JFPXI" + "x" * 25
    with pytest.raises(PanelNotFoundError) as caught:
        BleLink.open("ble:other?timeout_s=0.05", stack=stack)
    assert str(caught.value).isprintable()
    assert caught.value.seen == (f"{found.name} ({ADDRESS})",)


def test_a_flood_of_addresses_fills_no_memory(stack: Any, fake: ModuleType) -> None:
    stack.devices = [
        fake.FakeDevice("X", f"00:00:00:00:{n >> 8:02X}:{n & 255:02X}") for n in range(999)
    ]
    assert len(scan(0.02, stack=stack)) == MOST_HEARD
    with pytest.raises(PanelNotFoundError, match="and 246 more"):
        BleLink.open("ble:FPXI-64?timeout_s=0.05", stack=stack)
    stack.devices.append(fake.FakeDevice())
    BleLink.open("ble:FPXI-64", stack=stack).close()


def test_a_flood_of_the_wanted_name_fills_no_memory(stack: Any, fake: ModuleType) -> None:
    stack.devices = [
        fake.FakeDevice("FPXI-64", f"00:00:00:00:{n >> 8:02X}:{n & 255:02X}") for n in range(999)
    ]
    with pytest.raises(AmbiguousNameError) as caught:
        BleLink.open("ble:FPXI-64", stack=stack)
    assert len(caught.value.addresses) == 2 * MOST_HEARD


def test_a_scan_says_why_nothing_can_be_heard(stack: Any, fake: ModuleType) -> None:
    stack.behaviour["scan"] = fake.fails_with(BleakError("Is Bluetooth turned on?"))
    with pytest.raises(BluetoothUnavailableError, match="turned on"):
        scan(0.02, stack=stack)


@pytest.mark.parametrize(
    "url", ["ble:FPXI-64", "ble:fpxi-64", f"ble:{ADDRESS}", f"ble:{ADDRESS.lower()}"]
)
def test_a_panel_is_found_by_name_or_address(stack: Any, fake: ModuleType, url: str) -> None:
    stack.devices.append(fake.FakeDevice("FPXI-32", OTHER))
    link = BleLink.open(url, stack=stack)
    link.close()
    assert link.radio.address == ADDRESS


def test_macos_knows_panels_by_uuids(stack: Any) -> None:
    stack.devices[0].address = "3C2A1B0F-7A57-4C7D-9F0B-2A5C6F7D8E90"
    link = BleLink.open(f"ble:{stack.devices[0].address.lower()}", stack=stack)
    link.close()
    assert link.radio.address == stack.devices[0].address


def test_the_literal_name_goes_before_one_of_other_case(stack: Any, fake: ModuleType) -> None:
    stack.devices.append(fake.FakeDevice("fpxi-64", OTHER))
    link = BleLink.open("ble:fpxi-64", stack=stack)
    link.close()
    assert link.radio.address == OTHER


@pytest.mark.parametrize("url", ["ble:FPXI-64", "ble:fpxi-64"])
def test_a_name_that_two_panels_carry_is_not_guessed_at(
    stack: Any, fake: ModuleType, url: str
) -> None:
    stack.devices.append(fake.FakeDevice("FPXI-64", OTHER))
    with pytest.raises(AmbiguousNameError, match=f"ble:{OTHER}, ble:{ADDRESS}") as caught:
        BleLink.open(url, stack=stack)
    assert caught.value.addresses == (OTHER, ADDRESS)


def test_an_invisible_difference_makes_no_other_name(stack: Any, fake: ModuleType) -> None:
    stack.devices.append(fake.FakeDevice("FPXI\u200b-64", OTHER))
    with pytest.raises(AmbiguousNameError):
        BleLink.open("ble:FPXI-64", stack=stack)


def test_a_panel_that_is_not_heard_is_reported_with_those_that_are(stack: Any) -> None:
    with pytest.raises(PanelNotFoundError, match=r"heard only FPXI-64 \(F0:F1:F2:F3:F4:F5\)"):
        BleLink.open("ble:FPXI-32?timeout_s=0.05", stack=stack)
    stack.devices.clear()
    with pytest.raises(PanelNotFoundError, match="no panel was heard"):
        BleLink.open("ble:FPXI-32?timeout_s=0.05", stack=stack)


def found() -> FoundPanel:
    return FoundPanel("FPXI-64", ADDRESS, -60)


def test_a_panel_tells_a_stranger_who_it_is(stack: Any) -> None:
    assert ask(found(), 5.0, stack=stack) == PanelDetails("tft64", "SN[2J1", "0.1.0", 87)
    assert "pair" not in stack.steps
    assert stack.connections == 0


def test_a_panel_that_tells_nothing_is_no_failure(stack: Any) -> None:
    del stack.devices[0].services[1:]
    assert ask(found(), 5.0, stack=stack) == PanelDetails(None, None, None, None)


def test_a_giant_answer_is_cut(stack: Any) -> None:
    stack.devices[0].services[1].characteristics[0].value = b"\xff\0x" * 100_000
    panel = ask(found(), 5.0, stack=stack).panel
    assert panel is not None
    assert len(panel) <= 32


@pytest.mark.parametrize("step", ["connect", "value"])
def test_a_panel_that_does_not_answer_is_left(stack: Any, fake: ModuleType, step: str) -> None:
    stack.behaviour[step] = fake.hangs
    with pytest.raises(LinkOpenError, match="too long"):
        ask(found(), 0.1, stack=stack)


@pytest.mark.parametrize("step", ["connect", "value"])
def test_a_panel_that_refuses_is_left(stack: Any, fake: ModuleType, step: str) -> None:
    stack.behaviour[step] = fake.fails_with(BleakGATTProtocolError(0x02))
    with pytest.raises(LinkOpenError, match="while asking who it is"):
        ask(found(), 1.0, stack=stack)


def test_a_panel_that_has_gone_is_not_found(stack: Any) -> None:
    stack.devices.clear()
    with pytest.raises(PanelNotFoundError):
        ask(found(), 0.05, stack=stack)
