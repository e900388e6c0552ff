"""Removing this computer's key of a panel."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from bleak.exc import BleakError
from fpxi_readout.links import LinkOpenError, LinkUrlError
from fpxi_readout.links.ble_errors import PanelInUseError, PanelNotFoundError, UnpairingError
from fpxi_readout.links.ble_forget import forget


def test_the_panel_that_is_named_is_forgotten(stack: Any) -> None:
    stack.devices[0].paired = True
    assert forget("ble:fpxi-64", stack=stack) == stack.devices[0].address
    assert stack.devices[0].paired is False
    assert "connect" not in stack.steps


def test_where_no_program_may_remove_a_key_the_settings_are_named(
    stack: Any, fake: ModuleType
) -> None:
    stack.behaviour["unpair"] = fake.fails_with(NotImplementedError())
    with pytest.raises(UnpairingError, match="Bluetooth settings"):
        forget("ble:FPXI-64", stack=stack)


def test_a_key_that_cannot_be_removed_is_told_of(
    stack: Any, fake: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.behaviour["unpair"] = fake.fails_with(BleakError("Could not unpair with device"))
    with pytest.raises(LinkOpenError, match=r"Could not unpair.*while removing its key"):
        forget("ble:FPXI-64", stack=stack)
    monkeypatch.setattr("fpxi_readout.links.ble_forget.UNPAIR_LIMIT_S", 0.02)
    stack.behaviour["unpair"] = fake.hangs
    with pytest.raises(LinkOpenError, match="too long"):
        forget("ble:FPXI-64", stack=stack)


def test_a_panel_that_is_used_or_not_heard_is_not_forgotten(stack: Any) -> None:
    stack.held_devices = [(stack.devices.pop(), True)]
    with pytest.raises(PanelInUseError):
        forget("ble:FPXI-64", stack=stack)
    with pytest.raises(PanelNotFoundError):
        forget("ble:FPXI-32?timeout_s=0.1", stack=stack)
    with pytest.raises(LinkUrlError):
        forget("ble:", stack=stack)
    assert "unpair" not in stack.steps
