"""What a panel tells anyone: who it is, and how full its battery is."""

from __future__ import annotations

from fpxi_readout.links.ble_names import shown_text
from fpxi_readout.links.ble_stack import Client
from fpxi_readout.links.bluetooth_profile import (
    BATTERY_LEVEL,
    BATTERY_SERVICE,
    DEVICE_INFORMATION_SERVICE,
)
from fpxi_readout.links.private_loop import within

LONGEST_TEXT = 32
FULL_PERCENT = 100


async def battery_percent(client: Client, limit_s: float) -> int | None:
    """Return the level of the battery; None from a peripheral that tells none, or nonsense."""
    value = await _value(client, BATTERY_SERVICE, BATTERY_LEVEL, limit_s)
    return value[0] if value and value[0] <= FULL_PERCENT else None


async def information(client: Client, characteristic: str, limit_s: float) -> str | None:
    """Return a text of the Device Information service, fit for display; None without one."""
    value = await _value(client, DEVICE_INFORMATION_SERVICE, characteristic, limit_s)
    if value is None:
        return None
    return shown_text(value.decode("utf-8", "replace").rstrip("\0"), LONGEST_TEXT) or None


async def _value(client: Client, service: str, characteristic: str, limit_s: float) -> bytes | None:
    for one in client.services:
        if one.uuid.lower() != service:
            continue
        for value in one.characteristics:
            if value.uuid.lower() == characteristic:
                return bytes(await within(limit_s, client.read_gatt_char(value)))
    return None
