"""Which errors a session goes on after."""

from __future__ import annotations

import pytest
from fpxi.failures import may_pass
from fpxi_readout.device_errors import CommandTimeoutError, DeviceResetError, StreamTakenError
from fpxi_readout.errors import FpxiError
from fpxi_readout.links import LinkLostError, LinkOpenError, LinkUrlError
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

URL = "ble:FPXI-64"


@pytest.mark.parametrize(
    "error",
    [
        LinkLostError(URL, "out of reach"),
        LinkOpenError(URL, "it took too long"),
        PanelNotFoundError(URL, [], 8.0),
        PanelInUseError(URL),
        BluetoothUnavailableError("it is switched off", "switch it on"),
        CommandTimeoutError("GET", 8, 4.0),
        DeviceResetError("reset cause: watchdog"),
    ],
)
def test_what_may_be_over_soon_is_tried_again(error: FpxiError) -> None:
    assert may_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        LinkUrlError(URL, "there is no option 'baud'"),
        AmbiguousNameError(URL, ["a", "b"]),
        NoUartServiceError(URL, "Nordic UART Service"),
        PairingError(URL, "pairing was refused", "have it forget its host"),
        NotSecuredError(URL, "it has forgotten this computer", "remove it"),
        BluetoothMissingError("no module"),
        StreamTakenError(),
    ],
)
def test_what_somebody_has_to_do_something_about_is_not(error: FpxiError) -> None:
    assert not may_pass(error)
