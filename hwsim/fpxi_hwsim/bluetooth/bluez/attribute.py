"""What characteristics and descriptors have in common, and the descriptors."""

from __future__ import annotations

from bumble.gatt import GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
from bumble.gatt_client import DescriptorProxy
from dbus_fast import Message, Variant

from fpxi_hwsim.bluetooth.bluez import errors
from fpxi_hwsim.bluetooth.bluez.advertising import uuid_text
from fpxi_hwsim.bluetooth.bluez.link import Link
from fpxi_hwsim.bluetooth.bluez.names import DESCRIPTOR
from fpxi_hwsim.bluetooth.bluez.objects import Interface, Method, ObjectTree, Reply


def offset_of(options: dict[str, Variant]) -> int:
    """Return the option `offset` of ReadValue and WriteValue.

    Raises
    ------
    BluezError
        It is no 16-bit number.

    """
    given = options.get("offset")
    if given is None:
        return 0
    if given.signature != "q":
        raise errors.invalid_arguments()
    return int(given.value)


class AttributeObject(Interface):
    """An attribute with a value.

    Attributes
    ----------
    handle
        Of the value.
    link
        While there is one.

    """

    def __init__(self, path: str, name: str, handle: int, tree: ObjectTree) -> None:
        super().__init__(path, name)
        self.handle = handle
        self.link: Link | None = None
        self.tree = tree
        self._writing = False
        self.methods = {
            "ReadValue": Method(self._read, "a{sv}", "ay"),
            "WriteValue": Method(self._write, "aya{sv}"),
        }

    def reach(self) -> Link:
        """Return the link.

        Raises
        ------
        BluezError
            There is none.

        """
        if self.link is None:
            raise errors.not_connected()
        return self.link

    async def _read(self, message: Message) -> Reply:
        link, offset = self.reach(), offset_of(message.body[0])
        value = await link.read(self.handle, offset)
        if offset == 0:
            self.tree.change(self, {"Value": Variant("ay", value)})
        return Reply("ay", [value])

    async def _write(self, message: Message) -> Reply:
        raise NotImplementedError

    async def write_request(self, link: Link, value: bytes, offset: int) -> None:
        """Write with response, one at a time.

        Raises
        ------
        BluezError
            One is under way, the attribute refused, or the link ended.

        """
        if self._writing:
            raise errors.in_progress()
        self._writing = True
        try:
            await link.write(self.handle, value, offset)
        finally:
            self._writing = False


class DescriptorObject(AttributeObject):
    """org.bluez.GattDescriptor1."""

    def __init__(self, characteristic: str, proxy: DescriptorProxy, tree: ObjectTree) -> None:
        path = f"{characteristic}/desc{proxy.handle:04x}"
        super().__init__(path, DESCRIPTOR, proxy.handle, tree)
        self._configures = proxy.type == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
        self.properties = {
            "UUID": Variant("s", uuid_text(proxy.type)),
            "Characteristic": Variant("o", characteristic),
            "Value": Variant("ay", b""),
        }

    async def _write(self, message: Message) -> Reply:
        link, offset = self.reach(), offset_of(message.body[1])
        if self._configures:
            # Notifications are switched by StartNotify and StopNotify alone.
            raise errors.not_permitted("Write not permitted")
        await self.write_request(link, bytes(message.body[0]), offset)
        return Reply()
