"""The bridge: bluetoothd's part between the clients on the bus and a Bumble central."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bumble.device import Advertisement, Device
from bumble.hci import Address

from fpxi_hwsim.bluetooth.bluez import errors
from fpxi_hwsim.bluetooth.bluez.adapter import Adapter
from fpxi_hwsim.bluetooth.bluez.agents import AgentManager
from fpxi_hwsim.bluetooth.bluez.background import Background
from fpxi_hwsim.bluetooth.bluez.connector import Connector
from fpxi_hwsim.bluetooth.bluez.device import PeerDevice, device_path
from fpxi_hwsim.bluetooth.bluez.security import just_works
from fpxi_hwsim.bluetooth.bluez.server import BusLostError, BusServer

TEMPORARY_TIMEOUT_S = 30.0  # TemporaryTimeout of BlueZ (`src/main.conf`, section General)


class BluezBridge:
    """Serves `org.bluez` on a bus for a central.

    Bonds are kept in the central's own key store: for the life of the process, or in a file
    when its configuration names one.

    Parameters
    ----------
    central
        A Bumble device, powered on, of whose pairing and scanning this takes charge.
    bus_address
        The bus, in D-Bus's notation.
    on_bus_lost
        Told when the bus ends before `close`: nobody reaches the central from then on.
    temporary_timeout_s
        After this long unheard, a device that nobody connected vanishes.

    """

    def __init__(
        self,
        central: Device,
        bus_address: str,
        *,
        on_bus_lost: Callable[[BusLostError], None] | None = None,
        temporary_timeout_s: float = TEMPORARY_TIMEOUT_S,
    ) -> None:
        self._central = central
        self._bus_address = bus_address
        self._temporary_timeout_s = temporary_timeout_s
        self._background = Background()
        self._server = BusServer(self._background, on_bus_lost)
        self._tree = self._server.tree
        self._connector = Connector(central)
        self._agents = AgentManager()
        self._adapter = Adapter(
            central,
            self._tree,
            on_found=self._found,
            on_started=self._discovery_started,
            on_stopped=self._discovery_stopped,
            remove_device=self._remove,
        )
        self._devices: dict[str, PeerDevice] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def start(self) -> None:
        """Take the name org.bluez and serve.

        Raises
        ------
        BusNameTakenError
            The bus has an org.bluez.

        """
        self._central.pairing_config_factory = just_works
        self._tree.add(self._agents)
        self._tree.add(self._adapter)
        await self._add_bonded()
        self._server.on_client_gone.append(self._client_gone)
        await self._server.open(self._bus_address)

    async def close(self) -> None:
        """End all links and leave the bus; may be called again."""
        self._adapter.close()
        for device in list(self._devices.values()):
            await device.end_link()
        await self._background.close()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._central.is_scanning:
            await self._central.stop_scanning()
        await self._server.close()

    async def _add_bonded(self) -> None:
        store = self._central.keystore
        assert store is not None
        for name, _ in await store.get_all():
            device = self._made(Address(name), bonded=True)
            self._tree.add(device)

    def _made(self, address: Address, *, bonded: bool) -> PeerDevice:
        path = device_path(address)
        device = PeerDevice(
            address,
            bonded=bonded,
            tree=self._tree,
            connector=self._connector,
            background=self._background,
            on_idle=lambda: self._keep_for_a_while(device),
        )
        self._devices[path] = device
        return device

    def _found(
        self, advertisement: Advertisement, structures: list[tuple[int, bytes]], repeat: bool
    ) -> None:
        address = advertisement.address
        device = self._devices.get(device_path(address))
        if device is None:
            device = self._made(address, bonded=False)
            device.advertised(advertisement.rssi, structures, repeat=repeat)
            self._tree.add(device)
        else:
            device.advertised(advertisement.rssi, structures, repeat=repeat)
        self._keep_for_a_while(device)

    def _discovery_started(self) -> None:
        for device in self._devices.values():
            device.listened_for()

    def _discovery_stopped(self) -> None:
        for device in self._devices.values():
            device.discovery_ended()

    def _keep_for_a_while(self, device: PeerDevice) -> None:
        """Start anew the time after which a device nobody wanted is forgotten."""
        if timer := self._timers.pop(device.path, None):
            timer.cancel()
        self._timers[device.path] = asyncio.get_running_loop().call_later(
            self._temporary_timeout_s, self._unheard, device
        )

    def _unheard(self, device: PeerDevice) -> None:
        del self._timers[device.path]
        if device.temporary and device.link is None:
            self._drop(device)

    def _drop(self, device: PeerDevice) -> None:
        if timer := self._timers.pop(device.path, None):
            timer.cancel()
        del self._devices[device.path]
        device.remove()

    async def _remove(self, path: str) -> None:
        """Adapter1.RemoveDevice: end the link, forget the key, drop the object."""
        device = self._devices.get(path)
        if device is None:
            raise errors.does_not_exist()
        await device.end_link()
        store = self._central.keystore
        assert store is not None
        if device.bonded:
            await store.delete(str(device.address))
        if self._devices.get(path) is device:
            self._drop(device)

    def _client_gone(self, client: str) -> None:
        self._agents.client_gone(client)
        for device in self._devices.values():
            device.client_gone(client)
        self._background.start(self._adapter.client_gone(client))
