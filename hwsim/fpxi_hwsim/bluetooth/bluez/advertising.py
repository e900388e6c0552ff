"""What an advertisement says, as the properties of a Device1."""

from __future__ import annotations

import string
import uuid

from bumble.core import UUID, AdvertisingData
from bumble.hci import Address
from dbus_fast import Variant

from fpxi_hwsim.bluetooth.bluez.names import ADAPTER_PATH
from fpxi_hwsim.bluetooth.bluez.objects import Properties

RSSI_STEP_dBm = 8  # smaller changes are not told (RSSI_THRESHOLD of BlueZ's src/device.c)

_UUID_BYTES: dict[int, int] = {
    AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    AdvertisingData.INCOMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS: 4,
    AdvertisingData.COMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS: 4,
    AdvertisingData.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
    AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
}
_SERVICE_DATA: dict[int, int] = {
    AdvertisingData.SERVICE_DATA_16_BIT_UUID: 2,
    AdvertisingData.SERVICE_DATA_32_BIT_UUID: 4,
    AdvertisingData.SERVICE_DATA_128_BIT_UUID: 16,
}


def uuid_text(identifier: UUID) -> str:
    """Write a UUID in full and in lower case, as BlueZ does."""
    return str(uuid.UUID(bytes=identifier.to_bytes(force_128=True)[::-1]))


def clean_name(data: bytes) -> str:
    """Return a name as BlueZ passes it on (`name2utf8` in its `src/eir.c`).

    It ends at a zero or at the first byte that is not UTF-8, and white space around it goes;
    control characters stay, for the client to deal with.
    """
    data = data.split(b"\0")[0]
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        text = data[: error.start].decode()
    return text.strip(string.whitespace)


def service_uuids(structures: list[tuple[int, bytes]]) -> list[str]:
    """Every service UUID that the advertising structures (type, data) list, without repeats."""
    found: dict[str, None] = {}
    for kind, data in structures:
        size = _UUID_BYTES.get(kind)
        if size is None:
            continue
        for start in range(0, len(data) - size + 1, size):
            found[uuid_text(UUID.from_bytes(data[start : start + size]))] = None
    return list(found)


def initial_properties(address: Address, *, bonded: bool) -> Properties:
    """Return what Device1 tells of a device before anything was heard of it."""
    text = address.to_string(False)
    return {
        "Address": Variant("s", text),
        "AddressType": Variant("s", "public" if address.is_public else "random"),
        "Alias": Variant("s", text.replace(":", "-")),
        "Paired": Variant("b", bonded),
        "Bonded": Variant("b", bonded),
        "Trusted": Variant("b", False),
        "Blocked": Variant("b", False),
        "LegacyPairing": Variant("b", False),
        "Connected": Variant("b", False),
        "UUIDs": Variant("as", []),
        "Adapter": Variant("o", ADAPTER_PATH),
        "ServicesResolved": Variant("b", False),
    }


def properties(structures: list[tuple[int, bytes]]) -> Properties:
    """Device1's properties that come from advertising structures (type, data), RSSI apart.

    UUIDs are left out: they are kept together with those found on the device.
    """
    found: Properties = {}
    manufacturers: dict[int, Variant] = {}
    services: dict[str, Variant] = {}
    for kind, data in structures:
        if kind == AdvertisingData.MANUFACTURER_SPECIFIC_DATA and len(data) >= 2:
            company = int.from_bytes(data[:2], "little")
            manufacturers[company] = Variant("ay", data[2:])
        elif size := _SERVICE_DATA.get(kind):
            if len(data) >= size:
                key = uuid_text(UUID.from_bytes(data[:size]))
                services[key] = Variant("ay", data[size:])
        elif kind == AdvertisingData.TX_POWER_LEVEL and len(data) == 1:
            found["TxPower"] = Variant("n", int.from_bytes(data, "little", signed=True))
        elif kind == AdvertisingData.APPEARANCE and len(data) == 2:
            found["Appearance"] = Variant("q", int.from_bytes(data, "little"))
        elif kind == AdvertisingData.FLAGS:
            found["AdvertisingFlags"] = Variant("ay", data)
    if manufacturers:
        found["ManufacturerData"] = Variant("a{qv}", manufacturers)
    if services:
        found["ServiceData"] = Variant("a{sv}", services)
    return found


def name(structures: list[tuple[int, bytes]]) -> str | None:
    """Return the name advertised: the complete one if there is one, else the shortened one."""
    by_kind = dict(reversed(structures))
    for kind in (AdvertisingData.COMPLETE_LOCAL_NAME, AdvertisingData.SHORTENED_LOCAL_NAME):
        if kind in by_kind:
            return clean_name(by_kind[kind]) or None
    return None


def changes(
    known: Properties,
    rssi_dBm: int,
    structures: list[tuple[int, bytes]],
    *,
    repeat: bool,
    unheard: bool,
) -> Properties:
    """Return those of Device1's properties that an advertisement changes.

    Parameters
    ----------
    known
        The properties so far; Alias and UUIDs are among them.
    rssi_dBm
        How strongly it was heard.
    structures
        Advertising structures (type, data).
    repeat
        Data that are as before count as changed.
    unheard
        The strength counts as changed, whatever it was.

    """
    found = properties(structures)
    before = None if unheard else known.get("RSSI")
    if before is None or abs(before.value - rssi_dBm) >= RSSI_STEP_dBm:
        found["RSSI"] = Variant("n", rssi_dBm)
    if called := name(structures):
        found["Name"] = Variant("s", called)
        if not _alias_is_chosen(known):
            found["Alias"] = Variant("s", called)
    uuids: list[str] = known["UUIDs"].value
    more = [one for one in service_uuids(structures) if one not in uuids]
    if more:
        found["UUIDs"] = Variant("as", [*uuids, *more])
    repeated = ["RSSI"] if unheard else []
    if repeat:
        repeated += ["ManufacturerData", "ServiceData"]
    return {
        key: value for key, value in found.items() if key in repeated or known.get(key) != value
    }


def _alias_is_chosen(known: Properties) -> bool:
    """Tell whether a client has set the alias; else it is the name, or the address."""
    address: str = known["Address"].value
    made_up = [address.replace(":", "-")]
    if "Name" in known:
        made_up.append(known["Name"].value)
    return known["Alias"].value not in made_up
