"""Which panels are near, and who they are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TypeVar

from fpxi_readout.links.ble_failures import open_failure
from fpxi_readout.links.ble_information import battery_percent, information
from fpxi_readout.links.ble_search import hear, listen
from fpxi_readout.links.ble_stack import Bleak, Client, Stack
from fpxi_readout.links.ble_uart import leave
from fpxi_readout.links.ble_url import BleTarget
from fpxi_readout.links.bluetooth_profile import FIRMWARE_REVISION, MODEL_NUMBER, SERIAL_NUMBER
from fpxi_readout.links.private_loop import PrivateLoop, Work, require_no_running_loop, within

T = TypeVar("T")

WEAKEST_dBm = -128
"""below what any receiver reports (Core Specification, Vol 4, Part E, 7.7.65.2)"""


@dataclass(frozen=True, slots=True)
class FoundPanel:
    """A panel that was heard advertising."""

    name: str
    """made fit for display, at most 32 characters"""
    address: str
    """AA:BB:CC:DD:EE:FF, or on macOS a UUID that this computer alone uses"""
    rssi_dBm: int | None

    @property
    def url(self) -> str:
        """What `open` takes."""
        return f"ble:{self.address}"


@dataclass(frozen=True, slots=True)
class PanelDetails:
    """What a panel tells anyone. None where it did not tell."""

    panel: str | None
    """its name in the protocol definition, such as tft64"""
    serial_number: str | None
    firmware: str | None
    battery_percent: int | None


def scan(
    duration_s: float, *, adapter: str | None = None, stack: Stack | None = None
) -> list[FoundPanel]:
    """Listen for so long; return the panels that were heard, the strongest first.

    Raises
    ------
    BluetoothMissingError, BluetoothUnavailableError
        Nothing can be heard.
    RunningLoopError
        It was called inside an asyncio loop.

    """
    stack = stack or Bleak()
    heard = run_once(stack, lambda: listen(stack, duration_s, adapter=adapter))
    found = [FoundPanel(one.name, one.device.address, one.rssi_dBm) for one in heard]
    return sorted(found, key=_weakness)


def ask(found: FoundPanel, timeout_s: float, *, stack: Stack | None = None) -> PanelDetails:
    """Connect, read what a panel tells anyone, and leave; nothing is paired.

    Raises
    ------
    BluetoothMissingError, BluetoothUnavailableError
        This computer cannot do it.
    PanelNotFoundError, LinkOpenError, LinkLostError
        The panel did not answer within `timeout_s`.
    RunningLoopError
        It was called inside an asyncio loop.

    """
    stack = stack or Bleak()
    target = BleTarget(found.url, found.address, found.address.upper(), None, timeout_s)
    return run_once(stack, lambda: _ask(stack, target))


def _weakness(found: FoundPanel) -> tuple[int, str]:
    strength_dBm = WEAKEST_dBm if found.rssi_dBm is None else found.rssi_dBm
    return -strength_dBm, found.address


def run_once(stack: Stack, work: Work[T]) -> T:
    """Run work in a loop of its own, and let go of what the library kept for it."""
    require_no_running_loop()
    stack.prepare()
    loop = PrivateLoop()
    try:
        return loop.run(work)
    finally:
        loop.close(stack.release)


async def _ask(stack: Stack, target: BleTarget) -> PanelDetails:
    deadline = time.monotonic() + target.timeout_s
    heard = await hear(stack, target, target.timeout_s)
    client = stack.client(heard.device, lambda: None, deadline - time.monotonic())
    try:
        await within(deadline - time.monotonic(), client.connect())
        return await _details(client, deadline)
    except Exception as error:
        raise open_failure(error, target.url, "while asking who it is") from error
    finally:
        await leave(client, target.url)


async def _details(client: Client, deadline: float) -> PanelDetails:
    async def text(characteristic: str) -> str | None:
        return await information(client, characteristic, deadline - time.monotonic())

    return PanelDetails(
        await text(MODEL_NUMBER),
        await text(SERIAL_NUMBER),
        await text(FIRMWARE_REVISION),
        await battery_percent(client, deadline - time.monotonic()),
    )
