"""Conditions that last."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fpxi.connection import ConnectionState, ConnectionStatus
from fpxi_gui.state import Level
from fpxi_gui.watch import Watched, find_banner, frame_period_s, is_triggered
from fpxi_readout.errors import FpxiError
from fpxi_readout.links.ble_errors import (
    AmbiguousNameError,
    BluetoothMissingError,
    BluetoothUnavailableError,
    NotSecuredError,
    NoUartServiceError,
    PairingError,
    PanelInUseError,
    PanelNotFoundError,
)

UP = ConnectionStatus(ConnectionState.CONNECTED, None, 0.0, 0)
WELL = Watched("sim:x", UP, True, {"fault": 0}, quiet_s=0.1, period_s=0.01)


def with_link(state: ConnectionState, error: str = "", attempt: int = 0) -> Watched:
    given = FpxiError(error) if error else None
    return replace(WELL, connection=ConnectionStatus(state, given, 0.0, attempt))


def test_nothing_is_said_while_all_is_well() -> None:
    assert find_banner(WELL) is None


def test_a_lost_link_tells_why_and_which_attempt_is_made() -> None:
    banner = find_banner(with_link(ConnectionState.RECONNECTING, "the cable is out", 3))
    assert banner is not None
    assert banner.level is Level.ERROR
    assert "lost" in banner.title
    assert "The cable is out." in banner.text
    assert "attempt 3" in banner.text
    assert "last one received" in banner.text


def test_the_first_attempt_to_reconnect_is_called_the_first() -> None:
    banner = find_banner(with_link(ConnectionState.RECONNECTING, "gone", 0))
    assert banner is not None
    assert "attempt 1" in banner.text


def test_the_time_without_a_connection_is_told() -> None:
    banner = find_banner(replace(with_link(ConnectionState.RECONNECTING), away_s=75.4))
    assert banner is not None
    assert "Reconnecting for 1 min 15 s, attempt 1." in banner.text


@pytest.mark.parametrize(
    ("error", "title", "advice"),
    [
        (PairingError("ble:X", "it was refused", "unbind it"), "ble:X did not pair", "unbind it"),
        (NotSecuredError("ble:X", "no key", "remove it"), "ble:X does not trust", "remove it"),
        (PanelNotFoundError("ble:X", (), 8.0), "ble:X was not found", "switch the panel on"),
        (PanelInUseError("ble:X"), "ble:X is in use", "end that program"),
        (AmbiguousNameError("ble:X", ("A", "B")), "ble:X names more", "ble:A, ble:B"),
        (NoUartServiceError("ble:X", "UART"), "ble:X is not a panel", "fpxi devices"),
        (BluetoothMissingError("none"), "Bluetooth is not installed", "pip install"),
        (BluetoothUnavailableError("off", "switch it on"), "cannot be used", "switch it on"),
    ],
)
def test_what_a_radio_link_is_refused_with_is_told_with_what_to_do(
    error: FpxiError, title: str, advice: str
) -> None:
    status = ConnectionStatus(ConnectionState.FAILED, error, 0.0, 1)
    banner = find_banner(replace(WELL, url="ble:X", connection=status))
    assert banner is not None
    assert title in banner.title
    assert advice in banner.text
    assert "Connect tries again" in banner.text


@pytest.mark.parametrize("state", [ConnectionState.FAILED, ConnectionState.CLOSED])
def test_a_connection_that_will_not_come_is_an_error(state: ConnectionState) -> None:
    banner = find_banner(with_link(state, "no such preset"))
    assert banner is not None
    assert banner.level is Level.ERROR
    assert "no such preset" in banner.text.lower()


def test_connecting_is_no_error() -> None:
    banner = find_banner(with_link(ConnectionState.CONNECTING))
    assert banner is not None
    assert banner.level is Level.BUSY


def test_a_latched_fault_is_named_with_the_remedy() -> None:
    banner = find_banner(replace(WELL, parameters={"fault": 2}))
    assert banner is not None
    assert "bias" in banner.title
    assert "Reset" in banner.text


def test_a_fault_without_a_name_is_told_by_its_number() -> None:
    banner = find_banner(replace(WELL, parameters={"fault": 99}))
    assert banner is not None
    assert "99" in banner.title


@pytest.mark.parametrize(
    ("quiet_s", "period_s", "stalled"),
    [(1.9, 0.01, False), (2.1, 0.01, True), (9.0, 2.0, False), (10.1, 2.0, True)],
)
def test_a_stall_is_five_periods_and_at_least_two_seconds(
    quiet_s: float, period_s: float, stalled: bool
) -> None:
    banner = find_banner(replace(WELL, quiet_s=quiet_s, period_s=period_s))
    assert (banner is not None) is stalled


@pytest.mark.parametrize(("url", "nearer"), [("ble:FPXI-64", True), ("sim:x", False)])
def test_a_stall_over_the_air_may_be_one_of_distance(url: str, nearer: bool) -> None:
    banner = find_banner(replace(WELL, url=url, quiet_s=3.0))
    assert banner is not None
    assert ("bring the panel nearer" in banner.text) is nearer


def test_no_frames_are_missed_while_none_are_due() -> None:
    assert find_banner(replace(WELL, quiet_s=None)) is None


def test_a_lost_link_is_told_before_a_stall() -> None:
    lost = replace(with_link(ConnectionState.RECONNECTING), quiet_s=100.0)
    banner = find_banner(lost)
    assert banner is not None
    assert "lost" in banner.title


def test_the_period_is_exposure_and_readout_or_the_one_asked_for() -> None:
    busy = {"exposure_us": 3000, "readout_us": 2150}
    assert frame_period_s(busy) == pytest.approx(5.15e-3)
    assert frame_period_s(busy | {"frame_period_us": 100_000}) == pytest.approx(0.1)
    assert frame_period_s(busy | {"average_log2": 3}) == pytest.approx(8 * 5.15e-3)


def test_a_trigger_mode_that_is_not_free_running_waits_for_triggers() -> None:
    assert not is_triggered({})
    assert not is_triggered({"trigger_mode": 0})
    assert is_triggered({"trigger_mode": 1})
