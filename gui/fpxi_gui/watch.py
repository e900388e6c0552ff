"""Conditions that last and that the user must know of: no link, no frames, a device fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fpxi.connection import ConnectionState, ConnectionStatus
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
from fpxi_readout.protocol.generated import Fault, TriggerMode

from fpxi_gui.outage import duration_text
from fpxi_gui.state import Banner, Level

_STALL_PERIODS = 5
_STALL_AT_LEAST_S = 2.0
_FAILURES = {
    PairingError: "{url} did not pair with this computer",
    NotSecuredError: "{url} does not trust this computer",
    PanelNotFoundError: "{url} was not found",
    PanelInUseError: "{url} is in use",
    AmbiguousNameError: "{url} names more than one panel",
    NoUartServiceError: "{url} is not a panel",
    BluetoothMissingError: "Bluetooth is not installed",
    BluetoothUnavailableError: "Bluetooth cannot be used",
}
"""titles of what a radio link is refused with; the error itself says what to do"""


@dataclass(frozen=True)
class Watched:
    """What the banner is resolved from."""

    url: str
    connection: ConnectionStatus
    ever_connected: bool
    parameters: Mapping[str, int]
    quiet_s: float | None
    """time since the last frame, or since the start; None while none are due"""
    period_s: float
    away_s: float | None = None
    """time since the connection was lost; None while it is not"""


def frame_period_s(parameters: Mapping[str, int]) -> float:
    """Return the longest time from one free-running frame to the next."""
    busy_us = parameters.get("exposure_us", 0) + parameters.get("readout_us", 0)
    exposures = 1 << parameters.get("average_log2", 0)
    return exposures * max(busy_us, parameters.get("frame_period_us", 0)) / 1e6


def is_triggered(parameters: Mapping[str, int]) -> bool:
    """Whether frames come only when triggered."""
    return parameters.get("trigger_mode", TriggerMode.FREE_RUNNING) != TriggerMode.FREE_RUNNING


def find_banner(watched: Watched) -> Banner | None:
    """Return the gravest lasting condition, or None while all is well."""
    if watched.connection.state is not ConnectionState.CONNECTED:
        return _disconnected(watched)
    return _faulted(watched.parameters) or _stalled(watched)


def _disconnected(watched: Watched) -> Banner:
    status = watched.connection
    reason = str(status.error) if status.error else ""
    match status.state:
        case ConnectionState.CLOSED:
            return Banner(Level.ERROR, "Session closed", reason)
        case ConnectionState.FAILED:
            title = _FAILURES.get(type(status.error), "No connection to {url}")
            again = "Panels > Connect tries again."
            return Banner(Level.ERROR, title.format(url=watched.url), _sentences(reason, again))
        case ConnectionState.CONNECTING:
            trying = f"Trying again, attempt {status.attempt}." if status.attempt > 1 else ""
            return Banner(Level.BUSY, f"Connecting to {watched.url}", _sentences(reason, trying))
        case _:
            away = "" if watched.away_s is None else f" for {duration_text(watched.away_s)}"
            trying = f"Reconnecting{away}, attempt {max(status.attempt, 1)}."
            kept = "The image is the last one received." if watched.ever_connected else ""
            return Banner(
                Level.ERROR, "Connection to the device lost", _sentences(reason, trying, kept)
            )


def _sentences(*parts: str) -> str:
    stopped = [part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part]
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in stopped)


def _faulted(parameters: Mapping[str, int]) -> Banner | None:
    value = parameters.get("fault", Fault.NONE)
    if value == Fault.NONE:
        return None
    known = {fault.value: fault.name.lower().replace("_", " ") for fault in Fault}
    name = known.get(value, f"number {value}")
    return Banner(
        Level.ERROR,
        f"Device fault: {name}",
        "The panel went to its safe state and stopped. Find the cause, then Device > Reset.",
    )


def _stalled(watched: Watched) -> Banner | None:
    limit_s = max(_STALL_AT_LEAST_S, _STALL_PERIODS * watched.period_s)
    if watched.quiet_s is None or watched.quiet_s < limit_s:
        return None
    remedy = "stop and start again, or Device > Reset."
    if watched.url.startswith("ble:"):
        remedy = f"bring the panel nearer, {remedy}"
    return Banner(
        Level.WARNING,
        f"No frames for {watched.quiet_s:.0f} s",
        f"The device is connected and acquiring; a frame was due every {watched.period_s:.3g} s. "
        f"Waiting for frames; if none come, {remedy}",
    )
