"""What a session tells about its link to the device."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fpxi_readout.errors import FpxiError


class ConnectionState(enum.Enum):
    """Where a session stands with its device."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    CLOSED = "closed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """A snapshot of the link."""

    state: ConnectionState
    error: FpxiError | None
    """Why it is not connected: the last attempt's error, or what ended the session."""
    since: float
    """When this state began, in seconds of `time.time()`."""
    attempt: int
    """Attempts to connect made since the link was last up; 0 while connected."""
