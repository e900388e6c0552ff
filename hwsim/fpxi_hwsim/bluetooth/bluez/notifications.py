"""Who listens to a characteristic, and the descriptor that makes it speak."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bumble.gatt import GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
from bumble.gatt_client import CharacteristicProxy

from fpxi_hwsim.bluetooth.bluez import errors
from fpxi_hwsim.bluetooth.bluez.link import Link

# Client Characteristic Configuration (Core Specification, Vol 3, Part G, 3.3.3.3).
_OFF, _NOTIFY, _INDICATE = b"\x00\x00", b"\x01\x00", b"\x02\x00"
_NOTIFY_PROPERTY = 0x10


class Notifications:
    """The listeners of one characteristic.

    The first of them has the peripheral's descriptor written, the last one has it cleared.
    Listeners outlive the link: the descriptor is written again on the next one.

    Parameters
    ----------
    proxy
        The characteristic as discovered.
    on_value
        Called with each value that arrives.

    Attributes
    ----------
    listeners
        Their names; those of clients are their unique names on the bus.

    """

    def __init__(
        self, proxy: CharacteristicProxy[bytes], on_value: Callable[[bytes], None]
    ) -> None:
        self.listeners: set[str] = set()
        self._handle = proxy.handle
        self._notifies = bool(int(proxy.properties) & _NOTIFY_PROPERTY)
        descriptor = proxy.get_descriptor(GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR)
        self._descriptor = None if descriptor is None else descriptor.handle
        self._on_value = on_value
        self._link: Link | None = None
        self._on = False
        self._switching = asyncio.Lock()

    def connected(self, link: Link) -> None:
        """Listen on a new link, whose descriptor is still cleared."""
        self._link, self._on = link, False
        client = link.client
        subscribers = (
            client.notification_subscribers if self._notifies else client.indication_subscribers
        )
        subscribers[self._handle] = {self._on_value}

    def disconnected(self) -> None:
        """Count the descriptor as cleared, as it is without a link."""
        self._link, self._on = None, False

    async def start(self, listener: str) -> None:
        """Have a listener hear values; without a link, from the next one on.

        Raises
        ------
        BluezError
            This listener's start is under way, or the peripheral refused.

        """
        if listener in self.listeners:
            if not self._on:
                raise errors.in_progress()
            return
        self.listeners.add(listener)
        try:
            await self.apply()
        except errors.BluezError:
            self.listeners.discard(listener)
            raise

    async def stop(self, listener: str) -> None:
        """Let a listener hear no more.

        Raises
        ------
        BluezError
            The peripheral refused.

        """
        self.listeners.discard(listener)
        await self.apply()

    async def apply(self) -> None:
        """Bring the peripheral's descriptor to what the listeners want.

        Raises
        ------
        BluezError
            The peripheral refused.

        """
        async with self._switching:
            wanted = bool(self.listeners)
            if self._link is None or wanted == self._on:
                return
            if self._descriptor is not None:
                on = _NOTIFY if self._notifies else _INDICATE
                await self._link.write(self._descriptor, on if wanted else _OFF)
            self._on = wanted
