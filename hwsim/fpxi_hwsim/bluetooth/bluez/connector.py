"""Making and ending links as the kernel's Bluetooth does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bumble import hci
from bumble.core import ConnectionError as BumbleConnectionError
from bumble.device import Connection, ConnectionParametersPreferences, Device
from bumble.hci import Address, HCI_Error

from fpxi_hwsim.bluetooth.bluez.link import Link
from fpxi_hwsim.errors import SimulationError

# le_conn_min_interval 0x18, le_conn_max_interval 0x28, le_conn_latency 0, le_supv_timeout 0x2a
# (hci_alloc_dev_priv in net/bluetooth/hci_core.c of Linux), in milliseconds.
KERNEL_DEFAULTS = ConnectionParametersPreferences(
    connection_interval_min=30.0,
    connection_interval_max=50.0,
    max_latency=0,
    supervision_timeout=420,
    min_ce_length=0.0,
    max_ce_length=0.0,
)
CONNECT_TIMEOUT_S = 40.0  # L2CAP_CONN_TIMEOUT of include/net/bluetooth/l2cap.h of Linux


class GivenUpError(SimulationError):
    """A client asked for a link and then for its end before it was there."""

    def __init__(self) -> None:
        super().__init__("the connection was given up; connect again")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A link on its way, and the wish not to wait for it any longer."""

    task: asyncio.Task[Link]
    given_up: asyncio.Future[None]

    def give_up(self) -> None:
        """Answer whoever waits at once; the controller withdraws in its own time."""
        self.task.cancel()
        if not self.given_up.done():
            self.given_up.set_result(None)

    async def outcome(self) -> Link:
        """Return the link.

        Raises
        ------
        GivenUpError
            It was given up.
        TimeoutError
            The peripheral was not heard in time.
        bumble.core.ConnectionError
            The controller gave up.

        """
        ends: set[asyncio.Future[Any]] = {self.task, self.given_up}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if self.given_up.done():
            raise GivenUpError
        return self.task.result()


class Connector:
    """Makes links one after the other: a controller has one connection under way at a time."""

    def __init__(self, central: Device) -> None:
        self._central = central
        self._one_at_a_time = asyncio.Lock()

    def attempt(self, address: Address, on_up: Callable[[Connection], Link]) -> Attempt:
        """Begin to make a link.

        Parameters
        ----------
        address
            The peripheral's.
        on_up
            Called as soon as the connection exists; makes the link of it.

        """
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._connect(address, on_up))
        return Attempt(task, loop.create_future())

    async def _connect(self, address: Address, on_up: Callable[[Connection], Link]) -> Link:
        async with self._one_at_a_time:
            attempt = asyncio.get_running_loop().create_task(
                self._central.connect(
                    address,
                    connection_parameters_preferences={hci.HCI_LE_1M_PHY: KERNEL_DEFAULTS},
                    timeout=None,
                )
            )
            try:
                await asyncio.wait({attempt}, timeout=CONNECT_TIMEOUT_S)
            except asyncio.CancelledError:
                await self._give_up(attempt)
                raise
            if not attempt.done():
                await self._give_up(attempt)
                raise TimeoutError
            connection = attempt.result()
            link = on_up(connection)
            if self._central.connections.get(connection.handle) is not connection:
                # It ended before anyone listened: those who listen since are told now.
                reason = hci.HCI_CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
                connection.emit(connection.EVENT_DISCONNECTION, reason)
            return link

    async def _give_up(self, attempt: asyncio.Task[Connection]) -> None:
        """Withdraw the attempt; a link that came about in the meantime is ended."""
        while not attempt.done() and not self._central.is_le_connecting:
            await asyncio.sleep(0)
        if not attempt.done():
            # Refused when the connection has come about in this very moment: then it is ended.
            with contextlib.suppress(HCI_Error):
                await self._central.cancel_connection()  # type: ignore[no-untyped-call]
        try:
            connection = await attempt
        except (BumbleConnectionError, HCI_Error):
            return
        with contextlib.suppress(HCI_Error):  # the peripheral was faster
            await connection.disconnect()

    async def set_up(self, link: Link) -> None:
        """Ask for the peripheral's features, as the kernel does before a link counts as made.

        It is the first thing that a peripheral answers; one that went out of reach while the
        link was made is found out here (hci_le_remote_feat_complete_evt in
        net/bluetooth/hci_event.c of Linux).

        Raises
        ------
        LinkLostError
            The peripheral did not answer.

        """
        with contextlib.suppress(HCI_Error):  # a peripheral need not tell its features
            await link.while_up(self._central.get_remote_le_features(link.connection))
