"""The GATT objects of a device: made when its services are resolved, kept while it is known."""

from __future__ import annotations

import contextlib

from bumble import att
from bumble.gatt_client import CharacteristicProxy, ServiceProxy
from dbus_fast import Variant

from fpxi_hwsim.bluetooth.bluez import errors
from fpxi_hwsim.bluetooth.bluez.advertising import uuid_text
from fpxi_hwsim.bluetooth.bluez.attribute import DescriptorObject
from fpxi_hwsim.bluetooth.bluez.background import Background
from fpxi_hwsim.bluetooth.bluez.characteristic import CharacteristicObject
from fpxi_hwsim.bluetooth.bluez.link import Link
from fpxi_hwsim.bluetooth.bluez.names import SERVICE
from fpxi_hwsim.bluetooth.bluez.objects import Interface, ObjectTree
from fpxi_hwsim.bluetooth.bluez.security import LinkLostError

DATABASE_HASH = "00002b2a-0000-1000-8000-00805f9b34fb"
PREFERRED_MTU = 517  # ExchangeMTU of BlueZ (`src/main.conf`, section GATT)

# A characteristic, as found: declaration handle, value handle, UUID, properties, descriptors.
Found = tuple[int, int, str, int, tuple[tuple[int, str], ...]]


class ServiceObject(Interface):
    """org.bluez.GattService1 with its characteristics."""

    def __init__(self, device_path: str, service: ServiceProxy, shape: object) -> None:
        super().__init__(f"{device_path}/service{service.handle:04x}", SERVICE)
        self.shape = shape
        self.characteristics: list[CharacteristicObject] = []
        self.properties = {
            "UUID": Variant("s", uuid_text(service.uuid)),
            "Device": Variant("o", device_path),
            "Primary": Variant("b", True),
            "Includes": Variant("ao", []),
        }


class GattObjects:
    """All GATT objects of one device.

    They stay when the link ends (BlueZ's default, Cache = always): a client that comes back
    finds them at the same paths, and notifications that it had started begin anew.
    """

    def __init__(self, device_path: str, tree: ObjectTree, background: Background) -> None:
        self._device_path = device_path
        self._tree = tree
        self._background = background
        self._services: dict[int, ServiceObject] = {}
        self._hash: bytes | None = None

    async def discover(self, link: Link) -> list[str]:
        """Exchange the MTU, find all attributes and export them; UUIDs of the services.

        Raises
        ------
        bumble.core.BaseBumbleError
            The peripheral does not answer as it must.

        """
        client = link.client
        with contextlib.suppress(att.ATT_Error):  # a peripheral may have no other than 23 bytes
            await client.request_mtu(PREFERRED_MTU)
        if await self._is_as_known(link):
            self._connect(link)
        else:
            services = await client.discover_services()
            for service in services:
                for characteristic in await client.discover_characteristics((), service):
                    await client.discover_descriptors(characteristic)
            if link.lost.done():
                raise LinkLostError
            self._export(services)
            self._connect(link)
            self._hash = await self._database_hash(link)
        await self._resubscribe()
        return [str(one.properties["UUID"].value) for one in self._services.values()]

    async def _is_as_known(self, link: Link) -> bool:
        """Tell by the Database Hash whether discovery would find what is known already."""
        return self._hash is not None and await self._database_hash(link) == self._hash

    async def _database_hash(self, link: Link) -> bytes | None:
        """Read the hash over the attributes (Core Specification, Vol 3, Part G, 7.3)."""
        for characteristic in self._characteristics():
            if characteristic.properties["UUID"].value == DATABASE_HASH:
                with contextlib.suppress(errors.BluezError):
                    return await link.read(characteristic.handle, 0)
        return None

    def _connect(self, link: Link) -> None:
        if link.lost.done():
            raise LinkLostError
        for characteristic in self._characteristics():
            characteristic.connected(link)

    def _characteristics(self) -> list[CharacteristicObject]:
        return [one for service in self._services.values() for one in service.characteristics]

    def _export(self, services: list[ServiceProxy]) -> None:
        shapes = {service.handle: _shape(service) for service in services}
        for handle, known in list(self._services.items()):
            if shapes.get(handle) != known.shape:
                self._remove(handle)
        for service in services:
            if service.handle not in self._services:
                self._add(service, shapes[service.handle])

    def _add(self, service: ServiceProxy, shape: object) -> None:
        made = ServiceObject(self._device_path, service, shape)
        self._services[service.handle] = made
        self._tree.add(made)
        for proxy in service.characteristics:
            characteristic = self._characteristic(made, proxy)
            made.characteristics.append(characteristic)
            self._tree.add(characteristic)
            for descriptor in characteristic.descriptors:
                self._tree.add(descriptor)

    def _characteristic(
        self, service: ServiceObject, proxy: CharacteristicProxy[bytes]
    ) -> CharacteristicObject:
        made = CharacteristicObject(service.path, proxy, self._tree, self._background)
        made.descriptors = [
            DescriptorObject(made.path, descriptor, self._tree) for descriptor in proxy.descriptors
        ]
        return made

    async def _resubscribe(self) -> None:
        for characteristic in self._characteristics():
            await characteristic.resubscribe()

    def _remove(self, handle: int) -> None:
        service = self._services.pop(handle)
        for characteristic in service.characteristics:
            characteristic.disconnected()
            for descriptor in characteristic.descriptors:
                self._tree.remove(descriptor)
            self._tree.remove(characteristic)
        self._tree.remove(service)

    def disconnected(self) -> None:
        """Know the attributes still, though none can be reached without a link."""
        for characteristic in self._characteristics():
            characteristic.disconnected()

    def client_gone(self, client: str) -> None:
        """End the notifications of a client that left the bus."""
        for characteristic in self._characteristics():
            characteristic.client_gone(client)

    def remove(self) -> None:
        """Take every object off the bus."""
        for handle in list(self._services):
            self._remove(handle)


def _shape(service: ServiceProxy) -> tuple[str, tuple[Found, ...]]:
    """Return what must be the same for a service to be the one known before."""
    return uuid_text(service.uuid), tuple(
        (
            proxy.handle - 1,
            proxy.handle,
            uuid_text(proxy.uuid),
            int(proxy.properties),
            tuple((one.handle, uuid_text(one.type)) for one in proxy.descriptors),
        )
        for proxy in service.characteristics
    )
