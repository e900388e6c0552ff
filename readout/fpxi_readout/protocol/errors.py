"""Errors of the wire protocol."""

from __future__ import annotations

from fpxi_readout.errors import FpxiError


class ProtocolError(FpxiError):
    """A packet arrived whole but does not follow the protocol."""


class ShortMessageError(ProtocolError):
    """A message is shorter than its layout."""

    def __init__(self, message: str, expected: int, actual: int) -> None:
        super().__init__(
            f"{message} has {actual} bytes where at least {expected} are due: "
            "the device's firmware does not follow its stated protocol version; update it"
        )
        self.message = message
        self.expected = expected
        self.actual = actual
