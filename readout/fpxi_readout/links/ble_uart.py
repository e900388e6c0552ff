"""The panel's UART over an open Bluetooth connection: bytes to and fro."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from fpxi_readout.links.ble_errors import NoUartServiceError
from fpxi_readout.links.ble_failures import link_failure, lost, reason_of
from fpxi_readout.links.ble_stack import Characteristic, Client
from fpxi_readout.links.bluetooth_profile import UART_SERVICE, UART_TO_HOST, UART_TO_PANEL
from fpxi_readout.links.private_loop import within

WRITE_LIMIT_S = 5.0
LEAVE_LIMIT_S = 5.0
LEAST_PART = 20
"""bytes that every connection takes in one write (ATT_MTU 23)"""
LARGEST_PART = 512
"""bytes of the longest attribute value (Core Specification 5.4, Vol 3, Part F, 3.2.9)"""
BUFFER_LIMIT = 1 << 22
"""bytes between two reads: 25 s of the fastest radio link"""

log = logging.getLogger(__name__)


class Uart:
    """Bytes through a connection's UART service. Used in one asyncio loop.

    What arrives while the loop runs is kept until `read`. Nothing is dropped: from a peer that
    sends more than BUFFER_LIMIT bytes between two reads, which no radio does, the link is lost.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Client | None = None
        self._to_panel: Characteristic | None = None
        self._to_host: Characteristic | None = None
        self._confirmed = True
        self._arrived = bytearray()
        self._changed = asyncio.Event()
        self._reason = ""
        self.ended = asyncio.Event()

    def on_lost(self) -> None:
        """Note that the connection has ended. Bleak calls this, also after our own farewell."""
        if self._client is not None:  # else an attempt failed, which `connect` itself tells
            self._end("the connection ended: out of reach, switched off, or ended by the panel")

    def bind(self, client: Client) -> None:
        """Find the UART of a peripheral that has just been connected.

        Raises
        ------
        NoUartServiceError
            It offers none as it should be.

        """
        self._client = client
        self._to_panel = self._characteristic(client, UART_TO_PANEL)
        self._to_host = self._characteristic(client, UART_TO_HOST)
        self._confirmed = "write" in self._to_panel.properties
        if not self._confirmed and "write-without-response" not in self._to_panel.properties:
            raise NoUartServiceError(self._url, "UART that can be written to")
        if "notify" not in self._to_host.properties:
            raise NoUartServiceError(self._url, "UART that notifies")

    async def subscribe(self) -> None:
        """Begin to hear the panel."""
        assert self._client is not None
        await self._client.start_notify(self._to_host, self._hear)

    async def read(self, timeout_s: float) -> bytes:
        """Return what has arrived; b"" when nothing came within `timeout_s`."""
        for _ in range(2):  # one turn of the loop takes in what has arrived, one hands it over
            await asyncio.sleep(0)
        if not self._arrived and not self.ended.is_set() and timeout_s > 0:
            self._changed.clear()
            try:
                await within(timeout_s, self._changed.wait())
            except TimeoutError:
                return b""
        data = bytes(self._arrived)
        self._arrived.clear()
        if not data and self.ended.is_set():
            raise lost(self._url, self._reason)
        return data

    async def write(self, data: bytes) -> None:
        """Write all of `data` in order, in parts that fit the connection.

        Each is waited for until the panel has acknowledged it, if it can.
        """
        assert self._client is not None
        assert self._to_panel is not None
        deadline = time.monotonic() + WRITE_LIMIT_S
        size = self._to_panel.max_write_without_response_size
        size = min(max(size, LEAST_PART), LARGEST_PART)
        for start in range(0, len(data), size):
            if self.ended.is_set():
                raise lost(self._url, self._reason)
            part = data[start : start + size]
            work = self._client.write_gatt_char(self._to_panel, part, response=self._confirmed)
            try:
                await within(deadline - time.monotonic(), work, unless=self.ended)
            except Exception as error:
                if self.ended.is_set():
                    raise lost(self._url, self._reason) from error
                raise link_failure(error, self._url) from error

    def _hear(self, _: Any, data: bytearray) -> None:
        if self.ended.is_set():
            return
        if len(self._arrived) + len(data) > BUFFER_LIMIT:
            self._end(f"it sent more than {BUFFER_LIMIT >> 20} MB between two reads")
            return
        self._arrived += data
        self._changed.set()

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason
        self.ended.set()
        self._changed.set()

    def _characteristic(self, client: Client, uuid: str) -> Characteristic:
        services = [one for one in client.services if one.uuid.lower() == UART_SERVICE]
        if not services:
            raise NoUartServiceError(self._url, "Nordic UART Service")
        for characteristic in services[0].characteristics:
            if characteristic.uuid.lower() == uuid:
                return characteristic
        raise NoUartServiceError(self._url, f"characteristic {uuid} in its UART service")


async def leave(client: Client, url: str) -> None:
    """End a connection, however far it has come. That it is gone already is no failure."""
    try:
        await within(LEAVE_LIMIT_S, client.disconnect())
    except Exception as error:  # noqa: BLE001 - there is nobody to tell but the log
        log.warning("%s may still be connected: %s", url, reason_of(error))
