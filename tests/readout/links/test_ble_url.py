"""What a `ble:` URL may say."""

from __future__ import annotations

import pytest
from fpxi_readout.links import LinkUrlError
from fpxi_readout.links.ble_url import DEFAULT_TIMEOUT_S, BleTarget


def test_a_name_stands_alone() -> None:
    target = BleTarget.from_url("ble:FPXI-64")
    assert target == BleTarget("ble:FPXI-64", "FPXI-64", None, None, DEFAULT_TIMEOUT_S)


@pytest.mark.parametrize("text", ["f0:F1:f2:F3:f4:F5", "F0-F1-F2-F3-F4-F5"])
def test_an_address_is_recognised_however_it_is_written(text: str) -> None:
    assert BleTarget.from_url(f"ble:{text}").address == "F0:F1:F2:F3:F4:F5"


def test_an_address_of_macos_is_recognised() -> None:
    target = BleTarget.from_url("ble:3c2a1b0f-7a57-4c7d-9f0b-2a5c6f7d8e90")
    assert target.address == "3C2A1B0F-7A57-4C7D-9F0B-2A5C6F7D8E90"


def test_a_name_with_reserved_characters_is_escaped() -> None:
    assert BleTarget.from_url("ble:what%3F%20panel").name == "what? panel"


@pytest.mark.parametrize("name", ["Room 3: left", "AA", "AA:BG", "A:B", "AA:BB:"])
def test_a_name_may_have_colons(name: str) -> None:
    target = BleTarget.from_url(f"ble:{name}")
    assert (target.name, target.address) == (name, None)


def test_options_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    target = BleTarget.from_url("ble:FPXI-64?adapter=hci1&timeout_s=2.5")
    assert (target.adapter, target.timeout_s) == ("hci1", 2.5)


def test_an_adapter_can_be_chosen_on_linux_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(LinkUrlError, match="Linux alone"):
        BleTarget.from_url("ble:FPXI-64?adapter=hci1")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ble:", "no panel is named"),
        ("ble:?timeout_s=3", "no panel is named"),
        ("ble:AA:BB", "six pairs"),
        ("ble:aa:bb:cc:dd:ee:ff:00?timeout_s=3", "six pairs"),
        ("ble:x?timeout_s=0", "timeout_s='0'"),
        ("ble:x?timeout_s=nan", "timeout_s='nan'"),
        ("ble:x?timeout_s=soon", "timeout_s='soon'"),
        ("ble:x?timeout_s=601", "timeout_s='601'"),
        ("ble:x?adapter=", "adapter=''"),
        ("ble:x?adapter=../hci0", r"adapter='\.\./hci0'"),
        ("ble:x?baud=9600", "no option 'baud'"),
    ],
)
def test_nonsense_is_refused_with_an_example(url: str, reason: str) -> None:
    with pytest.raises(LinkUrlError, match=f"{reason}.*write ble:FPXI-64"):
        BleTarget.from_url(url)
