"""The transparent-UART Bluetooth module: bytes of the line to notifications, writes to the line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from bumble import att
from bumble.core import BaseBumbleError
from bumble.device import Connection
from bumble.hci import HCI_AUTHENTICATION_FAILURE_ERROR, HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR
from bumble.transport.common import TransportSink, TransportSource

from fpxi_hwsim.bluetooth.access import Access
from fpxi_hwsim.bluetooth.bond import BondStore
from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.errors import AdapterError
from fpxi_hwsim.bluetooth.medium import BluetoothMedium
from fpxi_hwsim.bluetooth.negotiation import ask_for, wishes
from fpxi_hwsim.bluetooth.peripheral import PanelFacts, PanelPeripheral, Uart, payload_bytes

SECURE_WITHIN_S = 10.0
"""a stranger may keep the connection so long: there is but one"""
WAITING_WRITES_BYTES = 16384
"""of a host that writes faster than the board reads; beyond, its writes are refused"""
FLUSH_BYTES = 1 << 16
CLOSE_TIMEOUT_S = 3.0
"""for the adapter to end connection and advertising"""


@dataclass(slots=True)
class ModuleCounts:
    """What the module has done since it was switched on."""

    connections: int = 0
    ended_unsecured: int = 0
    """connections that the module ended because nothing secured them in time"""
    bytes_to_host: int = 0
    bytes_to_panel: int = 0
    bytes_flushed: int = 0
    """that were in the module when their host left"""
    bytes_refused: int = 0
    """of writes that the module had no room for"""
    accesses_refused: int = 0
    """reads, writes and subscriptions of the UART on connections that are not secured"""


@dataclass(frozen=True, slots=True)
class ModuleSetup:
    """How a module is set up."""

    facts: PanelFacts
    store: BondStore
    wanted: RadioConditions
    """what to ask of a host's adapter"""
    battery_percent: Callable[[], int]
    """asked whenever a host reads the battery's level"""
    secure_within_s: float = SECURE_WITHIN_S


class BluetoothModule:
    """The module on a board. Used on the radio's loop alone, but for its counts.

    Parameters
    ----------
    source, sink
        The adapter, real or virtual.
    medium
        The line to the board.
    setup
        Name, bond and wishes.

    Raises
    ------
    AdvertisedNameError
        The name does not fit the advertisement.

    """

    def __init__(
        self,
        source: TransportSource,
        sink: TransportSink,
        medium: BluetoothMedium,
        setup: ModuleSetup,
    ) -> None:
        self.counts = ModuleCounts()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """gets what the module cannot go on with"""
        self.connection: Connection | None = None
        self._wanted = setup.wanted
        self._secure_within_s = setup.secure_within_s
        self._medium = medium
        self._line = medium.module_end
        self._writing = asyncio.Lock()
        self._writes_waiting = 0
        self._has_adapter = True
        self._subscribed = False
        self._pump: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        uart = Uart(self._write, self._subscribe, self._is_subscribed)
        self.peripheral = PanelPeripheral(source, sink, setup.facts, uart, setup.battery_percent)
        self.access = Access(self.peripheral.device, setup.store, self.fail)
        self.peripheral.device.on("connection", self._opened)

    async def start(self) -> None:
        """Switch the adapter on and advertise."""
        await self.peripheral.start()

    async def close(self) -> None:
        """Leave the air, and end everything under way."""
        self._medium.set_clear_to_send(False)
        if self._has_adapter:
            with contextlib.suppress(TimeoutError, BaseBumbleError):  # it answers no more
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self.drop()
                    await self.peripheral.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def fail(self, error: Exception) -> None:
        """Tell what the module cannot go on with."""
        if not self.failed.done():
            self.failed.set_exception(error)

    def lose_adapter(self, error: AdapterError) -> None:
        """Tell that the adapter is gone, and with it the connection."""
        self._has_adapter = False
        self.connection = None
        self.fail(error)

    async def drop(self, reason: int = HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR) -> None:
        """End the connection, if there is one."""
        if self.connection is not None:
            with contextlib.suppress(BaseBumbleError):
                await self.connection.disconnect(reason)

    async def forget(self) -> None:
        """Remove the bond and end the connection, as the module's button does.

        Raises
        ------
        KeysFileError
            The bond cannot be removed from its file; it stays.

        """
        self.access.forget()
        self._follow()
        await self.drop(HCI_AUTHENTICATION_FAILURE_ERROR)

    def ask_for(self, wanted: RadioConditions) -> None:
        """Ask the present and every later host's adapter for other conditions."""
        changed = wishes(wanted) != wishes(self._wanted)
        self._wanted = wanted
        if changed and self.connection is not None:
            self._spawn(ask_for(self.connection, wanted))

    # ---- connections

    def _opened(self, connection: Connection) -> None:
        self.counts.connections += 1
        self.connection = connection
        for event in ("connection_encryption_change", "pairing"):
            connection.on(event, lambda *_: self._follow())
        tasks = [
            self._spawn(ask_for(connection, self._wanted)),
            self._spawn(self._end_unsecured(connection)),
        ]
        connection.on("disconnection", lambda _: self._closed(connection, tasks))

    def _closed(self, connection: Connection, tasks: list[asyncio.Task[None]]) -> None:
        self.access.closed(connection)
        self.connection = None
        self._subscribed = False
        for task in tasks:
            task.cancel()
        self._follow()

    async def _end_unsecured(self, connection: Connection) -> None:
        await asyncio.sleep(self._secure_within_s)
        if not self.access.secured(connection):
            self.counts.ended_unsecured += 1
            await self.drop(HCI_AUTHENTICATION_FAILURE_ERROR)

    def _follow(self) -> None:
        """Let bytes flow while, and only while, a secured host listens."""
        connection = self.connection
        flows = connection is not None and self._subscribed and self.access.secured(connection)
        if flows == (self._pump is not None):
            return
        if flows and connection is not None:
            self._flush()
            self._pump = self._spawn(self._carry(connection))
        elif self._pump is not None:
            self._pump.cancel()
            self._pump = None
        self._medium.set_clear_to_send(flows)
        if not flows:
            self._flush()

    # ---- bytes

    async def _carry(self, connection: Connection) -> None:
        """Carry bytes from the board to the host, as the adapter takes them."""
        loop = asyncio.get_running_loop()
        while True:
            await self.peripheral.room(connection)
            data = await loop.sock_recv(self._line, payload_bytes(connection))
            if not data:
                break  # the board is off
            await self.peripheral.notify(connection, data)
            self.counts.bytes_to_host += len(data)
        await self.drop()

    async def _write(self, connection: Connection, data: bytes) -> None:
        """Take a host's write; its answer waits until the board has taken the bytes."""
        self._require_secured(connection)
        if self._writes_waiting + len(data) > WAITING_WRITES_BYTES:
            self.counts.bytes_refused += len(data)
            raise att.ATT_Error(att.ErrorCode.INSUFFICIENT_RESOURCES)
        self._writes_waiting += len(data)
        try:
            async with self._writing:
                self._require_secured(connection)  # it may have ended meanwhile
                await asyncio.get_running_loop().sock_sendall(self._line, data)
        except OSError as error:
            raise att.ATT_Error(att.ErrorCode.UNLIKELY_ERROR) from error  # the board is off
        finally:
            self._writes_waiting -= len(data)
        self.counts.bytes_to_panel += len(data)

    def _subscribe(self, connection: Connection, wanted: bool) -> None:
        self._require_secured(connection)
        self._subscribed = wanted
        self._follow()

    def _is_subscribed(self, connection: Connection) -> bool:
        self._require_secured(connection)
        return self._subscribed

    def _require_secured(self, connection: Connection) -> None:
        """Refuse with the error that makes a host's system pair (Core, Vol 3 C, 10.3.1)."""
        if not self.access.secured(connection):
            self.counts.accesses_refused += 1
            raise att.ATT_Error(att.ErrorCode.INSUFFICIENT_AUTHENTICATION)

    def _flush(self) -> None:
        """Forget what the board has sent and no host has got."""
        with contextlib.suppress(BlockingIOError, OSError):
            while data := self._line.recv(FLUSH_BYTES):
                self.counts.bytes_flushed += len(data)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self.fail(error)
