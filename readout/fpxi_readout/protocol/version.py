"""Which versions of the protocol understand one another.

The same major version: they work together, each passing over what it does not know. Another
major version: only the frozen messages (identify, reset, stop, ack, nack, identity) are used.
"""

from __future__ import annotations

from typing import Literal

from fpxi_readout.errors import FpxiError
from fpxi_readout.protocol.generated import PROTOCOL_VERSION

Version = tuple[int, int]
Side = Literal["host", "device"]

REMEDIES: dict[Side, str] = {
    "host": "update fpxi on this computer",
    "device": "update the device's firmware to the one that comes with this fpxi",
}


class ProtocolVersionError(FpxiError):
    """Host and device speak different major versions of the protocol."""

    def __init__(self, host: Version, device: Version) -> None:
        self.host = host
        self.device = device
        self.stale_side: Side = "device" if device < host else "host"
        self.remedy = REMEDIES[self.stale_side]
        super().__init__(
            f"this computer speaks protocol {_text(host)}, the device {_text(device)}: the "
            f"{self.stale_side} is out of date; {self.remedy} "
            "(identify, stop and reset still work)"
        )


class UnsupportedByDeviceError(FpxiError):
    """The device's older firmware lacks a command or parameter of this host."""

    def __init__(self, what: str, host: Version, device: Version) -> None:
        super().__init__(
            f"the device (protocol {_text(device)}) has no {what}, which this computer (protocol "
            f"{_text(host)}) knows; {REMEDIES['device']} to use it"
        )
        self.what = what
        self.host = host
        self.device = device


def require_same_major(device: Version, host: Version = PROTOCOL_VERSION) -> None:
    """Refuse a device of another major version.

    Raises
    ------
    ProtocolVersionError
        The major versions differ.

    """
    if device[0] != host[0]:
        raise ProtocolVersionError(host, device)


def _text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
