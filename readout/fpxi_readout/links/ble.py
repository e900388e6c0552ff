"""A panel on a Bluetooth Low Energy link."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TypeVar

from fpxi_readout.links.base import LinkClosedError, RadioFacts
from fpxi_readout.links.ble_opening import Opened, open_panel
from fpxi_readout.links.ble_stack import Bleak, Stack
from fpxi_readout.links.ble_uart import leave
from fpxi_readout.links.ble_url import BleTarget
from fpxi_readout.links.private_loop import (
    InterruptedWaitError,
    PrivateLoop,
    Work,
    require_no_running_loop,
)

T = TypeVar("T")


class BleLink:
    """A link through a panel's Bluetooth UART, by bleak. One thread uses it, but `interrupt`.

    Its asyncio loop runs in that thread, inside `read`, `write` and `close` alone.
    """

    def __init__(self, url: str, stack: Stack, loop: PrivateLoop, opened: Opened) -> None:
        self._url = url
        self._stack = stack
        self._loop = loop
        self._opened = opened
        self._closed = False

    @classmethod
    def open(
        cls,
        url: str,
        *,
        stop: threading.Event | None = None,
        address: str | None = None,
        stack: Stack | None = None,
    ) -> BleLink:
        """Open `ble:NAME` or `ble:ADDRESS`; options `adapter` (Linux) and `timeout_s`.

        The panel is paired with on the first occasion. Setting `stop` ends the attempt soon.
        With an `address` only the panel there is taken, whatever the URL names.

        Raises
        ------
        PanelNotFoundError, AmbiguousNameError, NoUartServiceError, PairingError, NotSecuredError
            There is no such panel, or it will not talk to this computer.
        BluetoothMissingError, BluetoothUnavailableError
            This computer cannot do it.
        LinkOpenError
            No connection came about within `timeout_s`, or an option in the URL is wrong.
        LinkClosedError
            `stop` was set.
        RunningLoopError
            It was called inside an asyncio loop.

        """
        require_no_running_loop()
        target = BleTarget.from_url(url)
        if address is not None:
            target = replace(target, address=address.upper())
        stack = stack or Bleak()
        stack.prepare()
        loop = PrivateLoop()
        try:
            opened = loop.run(lambda: open_panel(stack, target), stop)
        except InterruptedWaitError as error:
            loop.close(stack.release)
            raise LinkClosedError(url) from error
        except BaseException:
            loop.close(stack.release)
            raise
        return cls(url, stack, loop, opened)

    @property
    def description(self) -> str:
        """The URL."""
        return self._url

    @property
    def radio(self) -> RadioFacts:
        """Name, address, signal strength and battery of the panel, as they were on opening."""
        return self._opened.radio

    def read(self, timeout_s: float) -> bytes:
        """Return as soon as any bytes are there; b"" when none came within `timeout_s`."""
        return self._run(lambda: self._opened.uart.read(timeout_s))

    def write(self, data: bytes) -> None:
        """Hand over all of `data`; a panel that does not acknowledge it for 5 s is lost."""
        self._run(lambda: self._opened.uart.write(data))

    def interrupt(self) -> None:
        """Have whatever this link waits for end soon, with LinkClosedError. From any thread."""
        self._loop.interrupt()

    def close(self) -> None:
        """End the connection, within some seconds at most."""
        if self._closed:
            return
        require_no_running_loop()
        self._closed = True
        self._loop.close(self._stack.release, lambda: leave(self._opened.client, self._url))

    def _run(self, work: Work[T]) -> T:
        if self._closed:
            raise LinkClosedError(self._url)
        try:
            return self._loop.run(work)
        except InterruptedWaitError as error:
            raise LinkClosedError(self._url) from error
