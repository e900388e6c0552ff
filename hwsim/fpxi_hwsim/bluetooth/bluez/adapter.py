"""org.bluez.Adapter1: the radio, its discovery, and the devices that it knows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bumble.device import Advertisement, Device
from dbus_fast import Message, Variant

from fpxi_hwsim.bluetooth.bluez import advertising, errors
from fpxi_hwsim.bluetooth.bluez.names import ADAPTER, ADAPTER_PATH
from fpxi_hwsim.bluetooth.bluez.objects import Interface, Method, ObjectTree, Reply

_FILTER_TYPES = {
    "UUIDs": "as",
    "RSSI": "n",
    "Pathloss": "q",
    "Transport": "s",
    "DuplicateData": "b",
    "Discoverable": "b",
    "Pattern": "s",
}
_TRANSPORTS = ("auto", "bredr", "le")


@dataclass(frozen=True, slots=True)
class DiscoveryFilter:
    """What one client wants to hear of (org.bluez.Adapter, SetDiscoveryFilter)."""

    uuids: tuple[str, ...] = ()
    rssi_dBm: int | None = None
    pattern: str | None = None
    duplicate_data: bool = False

    def matches(self, uuids: list[str], rssi_dBm: int, name: str, address: str) -> bool:
        """Whether an advertisement is of interest."""
        if self.uuids and not set(self.uuids) & set(uuids):
            return False
        if self.pattern and not (name.startswith(self.pattern) or address.startswith(self.pattern)):
            return False
        return self.rssi_dBm is None or rssi_dBm >= self.rssi_dBm


@dataclass(slots=True)
class _Discovery:
    """A client's filter, and whether it has started discovery."""

    filter: DiscoveryFilter = field(default_factory=DiscoveryFilter)
    running: bool = False


class Adapter(Interface):
    """The adapter's object.

    Parameters
    ----------
    central
        Bumble's device, powered on.
    tree
        Where the object is exported.
    on_found
        Called with an advertisement that a client wants to hear of, its structures,
        and whether a client asked for every repetition.
    on_started
        Called when a client starts discovery.
    on_stopped
        Called when the last client's discovery has ended.
    remove_device
        Forgets the device at a path; raises AnsweredError.

    """

    def __init__(
        self,
        central: Device,
        tree: ObjectTree,
        *,
        on_found: Callable[[Advertisement, list[tuple[int, bytes]], bool], None],
        on_started: Callable[[], None],
        on_stopped: Callable[[], None],
        remove_device: Callable[[str], Awaitable[None]],
    ) -> None:
        super().__init__(ADAPTER_PATH, ADAPTER)
        self._central = central
        self._tree = tree
        self._on_found = on_found
        self._on_started = on_started
        self._on_stopped = on_stopped
        self._remove_device = remove_device
        self._clients: dict[str, _Discovery] = {}
        self._switching = asyncio.Lock()
        self.properties = {
            "Address": Variant("s", central.random_address.to_string(False)),
            "AddressType": Variant("s", "random"),
            "Name": Variant("s", central.name),
            "Alias": Variant("s", central.name),
            "Class": Variant("u", 0),
            "Powered": Variant("b", True),
            "Discoverable": Variant("b", False),
            "DiscoverableTimeout": Variant("u", 180),
            "Pairable": Variant("b", True),
            "PairableTimeout": Variant("u", 0),
            "Discovering": Variant("b", False),
            "UUIDs": Variant("as", []),
            "Roles": Variant("as", ["central"]),
        }
        self.methods = {
            "StartDiscovery": Method(self._start_discovery),
            "StopDiscovery": Method(self._stop_discovery),
            "SetDiscoveryFilter": Method(self._set_filter, "a{sv}"),
            "GetDiscoveryFilters": Method(self._get_filters, "", "as"),
            "RemoveDevice": Method(self._remove, "o"),
        }
        self.writable = {"Powered": self._set_powered, "Alias": self._set_alias}
        central.on(central.EVENT_ADVERTISEMENT, self._heard)

    @property
    def powered(self) -> bool:
        """Whether the radio is on."""
        return bool(self.properties["Powered"].value)

    @property
    def discovering(self) -> bool:
        """Whether any client has discovery running."""
        return any(client.running for client in self._clients.values())

    def close(self) -> None:
        """Hear nothing more."""
        self._central.remove_listener(self._central.EVENT_ADVERTISEMENT, self._heard)

    async def client_gone(self, client: str) -> None:
        """Drop the filter and the discovery of a client that left the bus."""
        if self._clients.pop(client, None) is not None:
            await self._apply()

    async def _start_discovery(self, message: Message) -> Reply:
        self._check_powered()
        client = self._clients.setdefault(message.sender or "", _Discovery())
        if client.running:
            raise errors.busy()
        client.running = True
        self._on_started()
        await self._apply()
        return Reply()

    async def _stop_discovery(self, message: Message) -> Reply:
        self._check_powered()
        client = self._clients.get(message.sender or "")
        if client is None or not client.running:
            raise errors.failed("No discovery started")
        del self._clients[message.sender or ""]
        await self._apply()
        return Reply()

    async def _set_filter(self, message: Message) -> Reply:
        self._check_powered()
        wanted, sender = _parsed(message.body[0]), message.sender or ""
        running = sender in self._clients and self._clients[sender].running
        if message.body[0] or running:
            self._clients[sender] = _Discovery(wanted, running)
        else:
            self._clients.pop(sender, None)
        return Reply()

    async def _get_filters(self, _message: Message) -> Reply:
        return Reply("as", [list(_FILTER_TYPES)])

    async def _remove(self, message: Message) -> Reply:
        self._check_powered()
        await self._remove_device(message.body[0])
        return Reply()

    async def _apply(self) -> None:
        """Bring the radio's scanning to what the clients want now."""
        async with self._switching:
            if self.discovering == self._central.is_scanning:
                return
            if self.discovering:
                await self._central.start_scanning(filter_duplicates=False)
            else:
                await self._central.stop_scanning()
                self._on_stopped()
            self._tree.change(self, {"Discovering": Variant("b", self._central.is_scanning)})

    def _heard(self, advertisement: Advertisement) -> None:
        wanted = [client.filter for client in self._clients.values() if client.running]
        structures = [(int(kind), bytes(data)) for kind, data in advertisement.data.ad_structures]
        uuids = advertising.service_uuids(structures)
        name = advertising.name(structures) or ""
        address = advertisement.address.to_string(False)
        if any(one.matches(uuids, advertisement.rssi, name, address) for one in wanted):
            every = any(one.duplicate_data for one in wanted)
            self._on_found(advertisement, structures, every)

    def _check_powered(self) -> None:
        if not self.powered:
            raise errors.not_ready()

    def _set_powered(self, value: Variant) -> None:
        if not value.value:
            raise errors.failed("The virtual radio stays on")

    def _set_alias(self, value: Variant) -> None:
        self._tree.change(self, {"Alias": value})


def _parsed(options: dict[str, Variant]) -> DiscoveryFilter:
    """Return a filter from its dictionary.

    Raises
    ------
    BluezError
        A key that is not known, or a value of the wrong type.

    """
    for key, value in options.items():
        if value.signature != _FILTER_TYPES.get(key):
            raise errors.invalid_arguments()
    plain = {key: value.value for key, value in options.items()}
    if plain.get("Transport", "auto") not in _TRANSPORTS:
        raise errors.invalid_arguments()
    if "RSSI" in plain and "Pathloss" in plain:
        raise errors.invalid_arguments()
    return DiscoveryFilter(
        uuids=tuple(uuid.lower() for uuid in plain.get("UUIDs", ())),
        rssi_dBm=plain.get("RSSI"),
        pattern=plain.get("Pattern"),
        duplicate_data=plain.get("DuplicateData", False),
    )
