"""org.bluez.GattCharacteristic1: read, write, and the value's notifications."""

from __future__ import annotations

import logging

from bumble.gatt_client import CharacteristicProxy
from dbus_fast import Message, Variant

from fpxi_hwsim.bluetooth.bluez import errors
from fpxi_hwsim.bluetooth.bluez.advertising import uuid_text
from fpxi_hwsim.bluetooth.bluez.attribute import AttributeObject, DescriptorObject, offset_of
from fpxi_hwsim.bluetooth.bluez.background import Background
from fpxi_hwsim.bluetooth.bluez.link import Link
from fpxi_hwsim.bluetooth.bluez.names import CHARACTERISTIC
from fpxi_hwsim.bluetooth.bluez.notifications import Notifications
from fpxi_hwsim.bluetooth.bluez.objects import Method, ObjectTree, Reply
from fpxi_hwsim.bluetooth.bluez.sockets import PacketSocket

_log = logging.getLogger(__name__)

_SOCKET = "the acquired socket"  # a listener that is no client's name

# Characteristic properties (Core Specification, Vol 3, Part G, 3.3.1.1), in BlueZ's words.
_FLAGS = (
    (0x01, "broadcast"),
    (0x02, "read"),
    (0x04, "write-without-response"),
    (0x08, "write"),
    (0x10, "notify"),
    (0x20, "indicate"),
    (0x40, "authenticated-signed-writes"),
    (0x80, "extended-properties"),
)
_WRITE_COMMAND, _WRITE, _NOTIFY, _INDICATE = 0x04, 0x08, 0x10, 0x20


class CharacteristicObject(AttributeObject):
    """A characteristic's object.

    Attributes
    ----------
    descriptors
        The objects below it.

    """

    def __init__(
        self,
        service: str,
        proxy: CharacteristicProxy[bytes],
        tree: ObjectTree,
        background: Background,
    ) -> None:
        path = f"{service}/char{proxy.handle - 1:04x}"
        super().__init__(path, CHARACTERISTIC, proxy.handle, tree)
        self.descriptors: list[DescriptorObject] = []
        self._bits = int(proxy.properties)
        self._background = background
        self._notifications = Notifications(proxy, self._told)
        self._write_socket: PacketSocket | None = None
        self._notify_socket: PacketSocket | None = None
        self.properties = {
            "UUID": Variant("s", uuid_text(proxy.uuid)),
            "Service": Variant("o", service),
            "Value": Variant("ay", b""),
            "Flags": Variant("as", [flag for bit, flag in _FLAGS if self._bits & bit]),
        }
        if self._bits & (_NOTIFY | _INDICATE):
            self.properties["Notifying"] = Variant("b", False)
        if self._bits & _WRITE_COMMAND:
            self.properties["WriteAcquired"] = Variant("b", False)
        if self._bits & _NOTIFY:
            self.properties["NotifyAcquired"] = Variant("b", False)
        self.methods |= {
            "AcquireWrite": Method(self._acquire_write, "a{sv}", "hq"),
            "AcquireNotify": Method(self._acquire_notify, "a{sv}", "hq"),
            "StartNotify": Method(self._start_notify),
            "StopNotify": Method(self._stop_notify),
        }

    # The link

    def connected(self, link: Link) -> None:
        """Reach the attribute over `link` from now on."""
        self.link = link
        for descriptor in self.descriptors:
            descriptor.link = link
        self._notifications.connected(link)
        self.tree.change(self, {"MTU": Variant("q", link.mtu)})

    def disconnected(self) -> None:
        """Close the sockets; listeners wait for the next link."""
        self.link = None
        for descriptor in self.descriptors:
            descriptor.link = None
        self._notifications.disconnected()
        self._close_write_socket()
        self._close_notify_socket()

    async def resubscribe(self) -> None:
        """Have the peripheral notify those who were listening when the last link ended.

        A peripheral that refuses is left alone, as BlueZ does; the listeners hear nothing.
        """
        try:
            await self._notifications.apply()
        except errors.BluezError as error:
            self._notifications.listeners.clear()
            self._set("Notifying", on=False)
            _log.warning("notifications of %s did not begin anew: %s", self.path, error)

    def client_gone(self, client: str) -> None:
        """Stop telling a client that left the bus; its socket closes by itself."""
        if client in self._notifications.listeners:
            self._background.start(self._stop(client))

    # Writing

    async def _write(self, message: Message) -> Reply:
        link, options = self.reach(), message.body[1]
        if self._write_socket is not None:
            raise errors.not_permitted("Write acquired")
        value, offset = bytes(message.body[0]), offset_of(options)
        if self._write_kind(options) == "request":
            await self.write_request(link, value, offset)
            return Reply()
        if offset or len(value) > link.mtu - 3:
            raise errors.failed("Failed to initiate write")
        link.write_command(self.handle, value)
        return Reply()

    def _write_kind(self, options: dict[str, Variant]) -> str:
        """Command or request; what the characteristic can do when the client leaves it open.

        Raises
        ------
        BluezError
            No such kind, or the characteristic cannot be written.

        """
        given = options.get("type")
        if given is not None:
            if given.signature != "s":
                raise errors.invalid_arguments()
            if given.value not in ("command", "request"):
                raise errors.not_supported()
            return str(given.value)
        if self._bits & _WRITE:
            return "request"
        if self._bits & _WRITE_COMMAND:
            return "command"
        raise errors.not_supported()

    async def _acquire_write(self, _message: Message) -> Reply:
        link = self.reach()
        if self._write_socket is not None:
            raise errors.not_permitted("Write acquired")
        if not self._bits & _WRITE_COMMAND:
            raise errors.not_supported()
        made = PacketSocket(self._packet_to_write, self._write_socket_closed)
        self._write_socket = made
        self._set("WriteAcquired", on=True)
        return Reply("hq", [0, link.mtu], [made.client_fd], made.handed_over)

    def _packet_to_write(self, packet: bytes) -> None:
        if self.link is not None:
            self.link.write_command(self.handle, packet)

    def _write_socket_closed(self) -> None:
        self._write_socket = None
        self._set("WriteAcquired", on=False)

    def _close_write_socket(self) -> None:
        if self._write_socket is not None:
            self._write_socket.close()
            self._write_socket_closed()

    # Notifications

    async def _start_notify(self, message: Message) -> Reply:
        if self._notify_socket is not None:
            raise errors.not_permitted("Notify acquired")
        self._check_notifies()
        await self._notifications.start(message.sender or "")
        self._set("Notifying", on=True)
        return Reply()

    async def _stop_notify(self, message: Message) -> Reply:
        if self._notify_socket is not None:
            self._close_notify_socket()
            await self._notifications.stop(_SOCKET)
            return Reply()
        if message.sender not in self._notifications.listeners:
            raise errors.failed("No notify session started")
        await self._stop(message.sender)
        return Reply()

    async def _stop(self, client: str) -> None:
        try:
            await self._notifications.stop(client)
        except errors.BluezError as error:
            _log.warning("%s goes on notifying nobody: %s", self.path, error)
        self._set("Notifying", on=bool(self._notifications.listeners))

    async def _acquire_notify(self, _message: Message) -> Reply:
        link = self.reach()
        if self._notify_socket is not None:
            raise errors.not_permitted("Notify acquired")
        if self._notifications.listeners:
            raise errors.in_progress()
        self._check_notifies()
        made = PacketSocket(lambda _packet: None, self._notify_socket_closed)
        self._notify_socket = made
        try:
            await self._notifications.start(_SOCKET)
        except errors.BluezError:
            self._close_notify_socket()
            raise
        self._set("NotifyAcquired", on=True)
        return Reply("hq", [0, link.mtu], [made.client_fd], made.handed_over)

    def _notify_socket_closed(self) -> None:
        self._notify_socket = None
        self._set("NotifyAcquired", on=False)
        self._background.start(self._stop(_SOCKET))

    def _close_notify_socket(self) -> None:
        made, self._notify_socket = self._notify_socket, None
        if made is not None:
            made.close()
            self._notifications.listeners.discard(_SOCKET)
            self._set("NotifyAcquired", on=False)

    def _check_notifies(self) -> None:
        if not self._bits & (_NOTIFY | _INDICATE):
            raise errors.not_supported()

    def _told(self, value: bytes) -> None:
        """Tell all of a value, once for each listener, as BlueZ does."""
        if self._notify_socket is not None:
            self._notify_socket.send(value)
            return
        changed = {"Value": Variant("ay", value)}
        for _ in self._notifications.listeners:
            self.tree.change(self, changed)

    def _set(self, name: str, *, on: bool) -> None:
        value = Variant("b", on)
        if name in self.properties and self.properties[name] != value:
            self.tree.change(self, {name: value})
