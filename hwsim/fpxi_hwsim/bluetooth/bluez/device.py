"""org.bluez.Device1: a peripheral heard of, connected to, paired with."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable

from bumble.core import BaseBumbleError
from bumble.device import Connection
from bumble.hci import Address, HCI_Error
from dbus_fast import Message, Variant

from fpxi_hwsim.bluetooth.bluez import advertising, errors
from fpxi_hwsim.bluetooth.bluez.background import Background
from fpxi_hwsim.bluetooth.bluez.connector import Attempt, Connector, GivenUpError
from fpxi_hwsim.bluetooth.bluez.gatt import GattObjects
from fpxi_hwsim.bluetooth.bluez.link import Link
from fpxi_hwsim.bluetooth.bluez.names import ADAPTER_PATH, DEVICE
from fpxi_hwsim.bluetooth.bluez.objects import Interface, Method, ObjectTree, Reply
from fpxi_hwsim.bluetooth.bluez.pairing import PairingRequest
from fpxi_hwsim.bluetooth.bluez.reasons import disconnect_reason
from fpxi_hwsim.bluetooth.bluez.security import LinkLostError, NotPairedError, Security

_log = logging.getLogger(__name__)


def device_path(address: Address) -> str:
    """Return the object path of the device at an address."""
    return f"{ADAPTER_PATH}/dev_{address.to_string(False).replace(':', '_')}"


class PeerDevice(Interface):
    """A device's object, and the link to it while there is one.

    Parameters
    ----------
    address
        Where it is.
    bonded
        Whether a key of an earlier pairing is kept.
    tree
        Where the objects are exported.
    connector
        Makes links.
    background
        What goes on beside the methods.
    on_idle
        Called when the link has ended.

    Attributes
    ----------
    link
        The link, or None.
    temporary
        Nobody has asked to connect or pair; the object may vanish by itself.

    """

    def __init__(
        self,
        address: Address,
        *,
        bonded: bool,
        tree: ObjectTree,
        connector: Connector,
        background: Background,
        on_idle: Callable[[], None],
    ) -> None:
        super().__init__(device_path(address), DEVICE)
        self.address = address
        self.link: Link | None = None
        self.temporary = not bonded
        self._tree = tree
        self._connector = connector
        self._background = background
        self._on_idle = on_idle
        self._gatt = GattObjects(self.path, tree, background)
        self._attempt: Attempt | None = None
        self._pairing = PairingRequest()
        self._resolved: asyncio.Future[None] | None = None
        self._local_end = False
        self._unheard = False
        self.properties = advertising.initial_properties(address, bonded=bonded)
        self.methods = {
            "Connect": Method(self._connect),
            "Disconnect": Method(self._disconnect),
            "ConnectProfile": Method(self._profile, "s"),
            "DisconnectProfile": Method(self._profile, "s"),
            "Pair": Method(self._pair),
            "CancelPairing": Method(self._cancel_pairing),
        }
        self.writable = {
            "Trusted": lambda value: self._change("Trusted", value),
            "Blocked": lambda value: self._change("Blocked", value),
            "Alias": lambda value: self._change("Alias", value),
        }

    @property
    def bonded(self) -> bool:
        """Whether a key is kept."""
        return bool(self.properties["Bonded"].value)

    def _change(self, name: str, value: Variant) -> None:
        if self.properties.get(name) != value:
            self._tree.change(self, {name: value})

    # What advertisements say

    def advertised(
        self, rssi_dBm: int, structures: list[tuple[int, bytes]], *, repeat: bool
    ) -> None:
        """Take up an advertisement; `repeat` tells its data even when they are as before."""
        changed = advertising.changes(
            self.properties, rssi_dBm, structures, repeat=repeat, unheard=self._unheard
        )
        self._unheard = False
        if not changed:
            return
        if self._tree.at(self.path):
            self._tree.change(self, changed)
        else:
            self.properties.update(changed)

    def listened_for(self) -> None:
        """Tell the next advertisement's strength, for a client that listens from now on.

        BlueZ tells a strength that has changed enough. On the air it soon has; here it may
        stay the same for ever, and a second client would hear of no device that the first one
        had heard of before.
        """
        self._unheard = True

    def discovery_ended(self) -> None:
        """Withdraw what was true of the air alone."""
        self._tree.withdraw(self, "RSSI", "TxPower")

    # Connect and disconnect

    async def _connect(self, _message: Message) -> Reply:
        if self._pairing.under_way or self._attempt is not None:
            raise errors.in_progress()
        if self.link is None:
            self.temporary = False
            await self._open()
        return Reply()

    async def _open(self) -> Link:
        """Return a link, encrypted already when there is a bond.

        Raises
        ------
        BluezError
            It was cancelled, did not come about, or the peer lost the key.

        """
        attempt = self._connector.attempt(self.address, self._up)
        self._attempt = attempt
        try:
            link = await attempt.outcome()
            await self._connector.set_up(link)
            if self.bonded:
                await self._encrypt(link)
        except GivenUpError:
            raise errors.failed(errors.CONNECTION_CANCELED) from None
        except (LinkLostError, BaseBumbleError, HCI_Error, TimeoutError):
            given_up = attempt.given_up.done()
            text = errors.CONNECTION_CANCELED if given_up else errors.CONNECTION_ABORTED
            raise errors.failed(text) from None
        finally:
            if self._attempt is attempt:
                self._attempt = None
        self._resolved = asyncio.get_running_loop().create_future()
        self._background.start(self._resolve(link, self._resolved))
        return link

    async def _encrypt(self, link: Link) -> None:
        """Encrypt a link to a bonded device, or end it.

        Raises
        ------
        BluezError
            The peer lost the key, or the link ended meanwhile.

        """
        try:
            await link.while_up(link.security.raise_level())
        except (LinkLostError, NotPairedError):
            await self._end()
            raise errors.failed(errors.CONNECTION_CANCELED) from None

    def _up(self, connection: Connection) -> Link:
        """Take up a new connection, before anything else can happen on it."""
        link = Link(connection, Security(connection, self._paired))
        self.link = link
        self._local_end = False
        connection.on(connection.EVENT_DISCONNECTION, self._down)
        connection.on(connection.EVENT_SECURITY_REQUEST, self._asked_for_security)
        self._tree.change(self, {"Connected": Variant("b", True)})
        return link

    async def _resolve(self, link: Link, resolved: asyncio.Future[None]) -> None:
        try:
            found = await link.while_up(self._gatt.discover(link))
        except LinkLostError:
            resolved.cancel()  # by _down already, unless the link had ended before
            return
        except BaseBumbleError as error:
            # BlueZ counts services as resolved though they could not be discovered.
            _log.warning("the services of %s could not be discovered: %s", self.path, error)
            found = []
        if link.lost.done():
            return
        known: list[str] = self.properties["UUIDs"].value
        self._change("UUIDs", Variant("as", [*known, *(u for u in found if u not in known)]))
        self._tree.change(self, {"ServicesResolved": Variant("b", True)})
        resolved.set_result(None)

    def _asked_for_security(self, _requirements: object) -> None:
        if self.link is not None and not self._pairing.under_way:
            self._background.start(self._secure(self.link))

    async def _secure(self, link: Link) -> None:
        """Do what the kernel does when the peripheral asks for security."""
        try:
            await link.while_up(link.security.raise_level())
        except NotPairedError:
            await self._end()
        except LinkLostError:
            return

    def _down(self, reason: int) -> None:
        link, self.link = self.link, None
        assert link is not None
        self._gatt.disconnected()
        if self._resolved is not None:
            self._resolved.cancel()
        if self.properties["ServicesResolved"].value:
            self._tree.change(self, {"ServicesResolved": Variant("b", False)})
        unsecured = self._local_end and link.security.refused is not None
        self._tree.emit(self, "Disconnected", "ss", disconnect_reason(reason, unsecured=unsecured))
        self._tree.change(self, {"Connected": Variant("b", False)})
        self._on_idle()

    async def _disconnect(self, _message: Message) -> Reply:
        await self.end_link()
        return Reply()

    async def end_link(self) -> None:
        """Give up what is under way and end the link; done when there is none."""
        self._pairing.cancel()
        if self._attempt is not None:
            self._attempt.give_up()
            self._attempt = None
        await self._end()

    async def _end(self) -> None:
        link = self.link
        if link is None:
            return
        self._local_end = True
        if not link.lost.done():
            await link.end()

    async def _profile(self, _message: Message) -> Reply:
        raise errors.not_supported()

    # Pairing

    async def _pair(self, message: Message) -> Reply:
        self.temporary = False
        if self._pairing.under_way or self._attempt is not None:
            raise errors.in_progress()
        if self.bonded:
            raise errors.already_exists()
        await self._pairing.run(message.sender, self._make_bond())
        return Reply()

    async def _make_bond(self) -> None:
        link = self.link if self.link is not None else await self._open_to_pair()
        try:
            await link.while_up(link.security.pair())
        except NotPairedError:
            await self._end()
            raise errors.authentication("Failed") from None
        except LinkLostError:
            raise errors.authentication("Canceled") from None
        if self._resolved is not None:
            await asyncio.wait({self._resolved})

    async def _open_to_pair(self) -> Link:
        try:
            return await self._open()
        except errors.BluezError as error:
            if error.text == errors.CONNECTION_ABORTED:
                raise errors.failed(os.strerror(errno.ECONNABORTED)) from None
            raise errors.authentication("Canceled") from None

    def _paired(self) -> None:
        self._tree.change(self, {"Bonded": Variant("b", True)})
        self._tree.change(self, {"Paired": Variant("b", True)})

    async def _cancel_pairing(self, _message: Message) -> Reply:
        if not self._pairing.under_way:
            raise errors.does_not_exist()
        await self.end_link()
        return Reply()

    # The end

    def client_gone(self, client: str) -> None:
        """End the notifications of a client that left the bus, and its pairing; links stay."""
        if self._pairing.is_of(client):
            self._background.start(self.end_link())
        self._gatt.client_gone(client)

    def remove(self) -> None:
        """Take the device and all its attributes off the bus."""
        self._gatt.remove()
        self._tree.remove(self)
