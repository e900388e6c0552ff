"""What goes wrong with Bluetooth before bytes flow. A link that breaks later is LinkLostError.

What may pass by itself is a LinkOpenError, as for every other link; the rest is not, so that
nobody tries it again and again.
"""

from __future__ import annotations

from collections.abc import Sequence

from fpxi_readout.links.base import LinkError, LinkOpenError

INSTALL = 'install it: pip install "fpxi[ble]"'
MOST_LISTED = 10
"""names or addresses in one message"""


class BluetoothMissingError(LinkError):
    """The Bluetooth library is not installed."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"Bluetooth needs the library bleak ({detail}); {INSTALL}")
        self.detail = detail


class BluetoothUnavailableError(LinkOpenError):
    """Bluetooth cannot be used on this computer: no adapter, switched off, or not permitted."""

    def __init__(self, reason: str, remedy: str, url: str = "Bluetooth") -> None:
        super().__init__(url, reason, remedy)


class PanelNotFoundError(LinkOpenError):
    """No panel of that name or address was heard."""

    def __init__(
        self, url: str, seen: Sequence[str], searched_s: float, address: str | None = None
    ) -> None:
        where = f" ({address})" if address is not None and address not in url.upper() else ""
        heard = f"heard only {_listed(seen)}" if seen else "no panel was heard"
        super().__init__(
            url,
            f"not found{where} within {searched_s:.0f} s, {heard}",
            "switch the panel on and bring it near; one that is connected to another computer "
            "or program is not heard",
        )
        self.seen = tuple(seen)
        self.searched_s = searched_s


class PanelInUseError(LinkOpenError):
    """Another program on this computer is connected to the panel."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "another program on this computer uses it", "end that program")


class UnusablePanelError(LinkError):
    """A panel is there and trying again will not help: something has to be done first."""

    def __init__(self, url: str, reason: str, remedy: str) -> None:
        super().__init__(f"cannot open {url}: {reason}; {remedy}")
        self.url = url
        self.reason = reason
        self.remedy = remedy


class AmbiguousNameError(UnusablePanelError):
    """Several panels carry the name."""

    def __init__(self, url: str, addresses: Sequence[str]) -> None:
        urls = _listed([f"ble:{address}" for address in addresses])
        super().__init__(
            url, f"{len(addresses)} panels carry this name", f"name one by its address: {urls}"
        )
        self.addresses = tuple(addresses)


class NoUartServiceError(UnusablePanelError):
    """What answered offers no way to speak the protocol: it is not a panel."""

    def __init__(self, url: str, missing: str) -> None:
        super().__init__(
            url, f"it has no {missing}", "choose a panel from the list of `fpxi devices`"
        )
        self.missing = missing


class PairingError(UnusablePanelError):
    """The panel and this computer did not agree on a key."""


class UnpairingError(UnusablePanelError):
    """The system lets no program remove a key."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            "this system lets no program remove its key",
            "remove the panel in the system's Bluetooth settings",
        )


class NotSecuredError(UnusablePanelError):
    """The panel keeps its data from this connection, which is not encrypted with a good key."""


class RunningLoopError(LinkError):
    """A Bluetooth link was used inside an asyncio event loop, which would have to stand still."""

    def __init__(self) -> None:
        super().__init__(
            "an asyncio event loop runs in this thread and Bluetooth brings its own: use "
            "fpxi.open, whose device has a thread of its own, or asyncio.to_thread"
        )


def _listed(items: Sequence[str]) -> str:
    more = len(items) - MOST_LISTED
    return ", ".join(items[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
