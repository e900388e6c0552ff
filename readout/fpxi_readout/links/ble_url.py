"""What a `ble:` URL says: which panel, through which adapter, and how long opening may take."""

from __future__ import annotations

import math
import re
import sys
import uuid
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from fpxi_readout.links.base import LinkUrlError

SCHEME = "ble:"
DEFAULT_TIMEOUT_S = 20.0
LONGEST_TIMEOUT_S = 600.0
URL_REMEDY = "write ble:FPXI-64, ble:AA:BB:CC:DD:EE:FF or ble:FPXI-64?adapter=hci1&timeout_s=20"
MAC_ADDRESS = re.compile(r"([0-9A-F]{2}[:-]){5}[0-9A-F]{2}", re.IGNORECASE)
BROKEN_ADDRESS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2})+", re.IGNORECASE)
"""what is no address, and yet was meant to be one: a name with colons is not refused otherwise"""
ADAPTER = re.compile(r"[A-Za-z0-9_]{1,32}")


@dataclass(frozen=True, slots=True)
class BleTarget:
    """A panel to be found: by `address` if the URL gives one, else by `name`."""

    url: str
    name: str
    address: str | None
    adapter: str | None
    timeout_s: float

    @classmethod
    def from_url(cls, url: str) -> BleTarget:
        """Read `ble:NAME` or `ble:ADDRESS` with the options `adapter` (Linux) and `timeout_s`.

        Raises
        ------
        LinkUrlError
            The URL names no panel, or an option in it is wrong.

        """
        place, _, query = url.removeprefix(SCHEME).partition("?")
        name = unquote(place)
        if not name:
            raise LinkUrlError(url, "no panel is named", URL_REMEDY)
        address = _address(name)
        if address is None and BROKEN_ADDRESS.fullmatch(name):
            raise LinkUrlError(url, "an address has six pairs of digits", URL_REMEDY)
        options = dict(parse_qsl(query, keep_blank_values=True))
        adapter = _adapter(url, options.pop("adapter", None))
        timeout_s = _timeout(url, options.pop("timeout_s", str(DEFAULT_TIMEOUT_S)))
        if options:
            raise LinkUrlError(url, f"there is no option {next(iter(options))!r}", URL_REMEDY)
        return cls(url, name, address, adapter, timeout_s)


def _address(name: str) -> str | None:
    """Return the address that a name is, as bleak writes it; macOS gives each panel a UUID."""
    if MAC_ADDRESS.fullmatch(name):
        return name.upper().replace("-", ":")
    try:
        return str(uuid.UUID(name)).upper()
    except ValueError:
        return None


def _adapter(url: str, text: str | None) -> str | None:
    if text is None:
        return None
    if not ADAPTER.fullmatch(text):
        raise LinkUrlError(url, f"adapter={text!r} is no adapter's name", URL_REMEDY)
    if sys.platform != "linux":
        raise LinkUrlError(url, "an adapter can be chosen on Linux alone", "leave adapter= out")
    return text


def _timeout(url: str, text: str) -> float:
    try:
        timeout_s = float(text)
    except ValueError:
        timeout_s = math.nan
    if not 0 < timeout_s <= LONGEST_TIMEOUT_S:
        raise LinkUrlError(
            url, f"timeout_s={text!r} is not from 0 to {LONGEST_TIMEOUT_S:.0f} s", URL_REMEDY
        )
    return timeout_s
