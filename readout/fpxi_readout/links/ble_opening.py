"""How a panel is found, connected, secured and made to speak."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fpxi_readout.links.base import LinkError, LinkOpenError, RadioFacts
from fpxi_readout.links.ble_errors import (
    BluetoothUnavailableError,
    NotSecuredError,
    PanelNotFoundError,
)
from fpxi_readout.links.ble_failures import (
    OPEN_REMEDY,
    PAIRED_ALREADY,
    dbus_name,
    is_cut_off,
    new_bond_remedy,
    open_failure,
    pair_failure,
)
from fpxi_readout.links.ble_information import battery_percent
from fpxi_readout.links.ble_search import Heard, find
from fpxi_readout.links.ble_stack import Client, Stack
from fpxi_readout.links.ble_uart import Uart, leave
from fpxi_readout.links.ble_url import BleTarget
from fpxi_readout.links.private_loop import within

SEARCH_SHARE = 0.4
"""of the time for opening: a panel that is on the air is heard within a second or two"""
MOST_ATTEMPTS = 6
ENOUGH_REFUSALS = 3
FORGOTTEN = "the panel ends each connection when this computer shows its key: it has forgotten it"
PAUSE_S = 0.3
BATTERY_LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection through which a panel speaks."""

    client: Client
    uart: Uart
    radio: RadioFacts


async def open_panel(stack: Stack, target: BleTarget) -> Opened:
    """Find a panel and connect, again and again within the time limit if it goes wrong in the air.

    Raises
    ------
    PanelNotFoundError, AmbiguousNameError, NoUartServiceError, PairingError, NotSecuredError
        There is no such panel, or it will not talk to this computer.
    BluetoothUnavailableError, LinkOpenError
        No connection came about.

    """
    remedy = new_bond_remedy(target.url)
    deadline = time.monotonic() + target.timeout_s
    heard = await find(stack, target, SEARCH_SHARE * target.timeout_s)
    again = replace(target, address=heard.device.address.upper())
    refusals = 0
    for _ in range(MOST_ATTEMPTS):
        try:
            return await _connect(stack, target.url, heard, deadline)
        except BluetoothUnavailableError:
            raise  # the radio of this computer, not the air between
        except LinkOpenError as error:
            failure = error
        known = stack.has_key(heard.device)
        refusals = refusals + 1 if known and is_cut_off(failure.__cause__) else 0
        if refusals == ENOUGH_REFUSALS:
            raise NotSecuredError(target.url, FORGOTTEN, remedy) from failure.__cause__
        if time.monotonic() + PAUSE_S >= deadline:
            break
        await asyncio.sleep(PAUSE_S)
        try:
            heard = await find(stack, again, deadline - time.monotonic())
        except PanelNotFoundError:
            break  # the failure before says more
    if known is not False:
        # The system does not tell whether the air or the panel ended it.
        remedies = f"{OPEN_REMEDY}; if the panel has forgotten this computer, {remedy}"
        raise LinkOpenError(target.url, failure.reason, remedies) from failure.__cause__
    raise failure


async def _connect(stack: Stack, url: str, heard: Heard, deadline: float) -> Opened:
    uart = Uart(url)
    client = stack.client(heard.device, uart.on_lost, deadline - time.monotonic())

    def left_s() -> float:
        return deadline - time.monotonic()

    try:
        with _named(url, "while connecting"):
            await within(left_s(), client.connect())
        with _named(url, "while looking for its UART"):
            uart.bind(client)
        with _named(url, "while pairing"):
            await within(left_s(), _pair(client, url), unless=uart.ended)
        with _named(url, "while subscribing to its data"):
            await within(left_s(), uart.subscribe(), unless=uart.ended)
        battery = await _battery(client)
    except BaseException:
        await leave(client, url)
        raise
    radio = RadioFacts(heard.name, heard.device.address, heard.rssi_dBm, battery)
    return Opened(client, uart, radio)


@contextlib.contextmanager
def _named(url: str, stage: str) -> Iterator[None]:
    try:
        yield
    except LinkError:
        raise
    except Exception as error:
        raise open_failure(error, url, stage) from error


async def _battery(client: Client) -> int | None:
    try:
        return await battery_percent(client, BATTERY_LIMIT_S)
    except Exception:  # noqa: BLE001 - whatever it is, this panel tells no level
        return None


async def _pair(client: Client, url: str) -> None:
    """Agree on a key, unless there is one. macOS does it by itself when it is first needed."""
    try:
        await client.pair()
    except NotImplementedError:
        pass
    except Exception as error:
        if dbus_name(error) != PAIRED_ALREADY:
            raise pair_failure(error, url) from error
