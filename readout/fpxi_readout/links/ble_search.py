"""Listening for panels, and choosing the one that is meant."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from fpxi_readout.links.ble_errors import AmbiguousNameError, PanelInUseError, PanelNotFoundError
from fpxi_readout.links.ble_failures import dbus_name, scan_failure
from fpxi_readout.links.ble_names import shown_name
from fpxi_readout.links.ble_stack import Advertisement, Device, Scanner, Stack
from fpxi_readout.links.ble_url import BleTarget
from fpxi_readout.links.private_loop import within

MOST_HEARD = 256
"""peripherals kept in mind: whoever floods the air with addresses fills no memory; of those that
are wanted as many again, so that nobody keeps the panel from being found"""
SETTLE_S = 0.6
"""how long another panel of the same name is waited for"""
START_LIMIT_S = 10.0
STOP_LIMIT_S = 5.0
START_TRIES = 5
HELD_S = 5.0
"""how long a panel in use is waited for: the system may notice late that a program has died"""
PAUSE_S = 0.5
BUSY = "org.bluez.Error.InProgress"
RSSI_UNKNOWN = (-127, 127)


@dataclass(frozen=True, slots=True)
class Heard:
    """A peripheral with a UART."""

    device: Device
    name: str
    """fit for display"""
    rssi_dBm: int | None


async def find(stack: Stack, target: BleTarget, limit_s: float) -> Heard:
    """Return the peripheral that a URL means. A name is taken literally before regardless of case.

    Raises
    ------
    PanelNotFoundError
        It was not heard within `limit_s`.
    PanelInUseError
        Another program on this computer has it, and keeps it for `HELD_S` or `limit_s`.
    AmbiguousNameError
        Several carry the name.
    BluetoothUnavailableError
        Nothing can be heard.

    """
    return await _held(stack, target, min(HELD_S, limit_s)) or await hear(stack, target, limit_s)


async def hear(stack: Stack, target: BleTarget, limit_s: float) -> Heard:
    """Return the peripheral that a URL means, as `find` does, if it advertises."""
    heard = await listen(
        stack,
        limit_s,
        url=target.url,
        adapter=target.adapter,
        wanted=lambda one: bool(_meant(target, [one])),
        settle_s=SETTLE_S if target.address is None else 0.0,
    )
    chosen = _meant(target, heard)
    if not chosen:
        seen = [f"{one.name} ({one.device.address})" for one in heard]
        raise PanelNotFoundError(target.url, seen, limit_s, target.address)
    if len(chosen) > 1:
        raise AmbiguousNameError(target.url, sorted(one.device.address for one in chosen))
    return chosen[0]


async def listen(
    stack: Stack,
    duration_s: float,
    *,
    url: str = "Bluetooth",
    adapter: str | None = None,
    wanted: Callable[[Heard], bool] = lambda _: False,
    settle_s: float = 0.0,
) -> list[Heard]:
    """Listen for so long, or until `settle_s` after the first that is wanted; return all.

    Raises
    ------
    BluetoothUnavailableError
        Nothing can be heard.

    """
    heard: dict[str, Heard] = {}
    found = asyncio.Event()

    def note(device: Device, advertisement: Advertisement) -> None:
        name = shown_name(advertisement.local_name or device.name)
        rssi_dBm = None if advertisement.rssi in RSSI_UNKNOWN else advertisement.rssi
        one = Heard(device, name, rssi_dBm)
        is_wanted = wanted(one)
        most = 2 * MOST_HEARD if is_wanted else MOST_HEARD
        if device.address not in heard and len(heard) >= most:
            return
        heard[device.address] = one
        if is_wanted:
            found.set()

    try:
        async with _scanning(stack, note, adapter):
            await _settled(found, duration_s, settle_s)
    except Exception as error:
        raise scan_failure(error, url) from error
    return list(heard.values())


async def _settled(found: asyncio.Event, duration_s: float, settle_s: float) -> None:
    ends_at = time.monotonic() + duration_s
    try:
        await within(duration_s, found.wait())
    except TimeoutError:
        return
    await asyncio.sleep(min(settle_s, max(ends_at - time.monotonic(), 0.0)))


@contextlib.asynccontextmanager
async def _scanning(
    stack: Stack, note: Callable[[Device, Advertisement], None], adapter: str | None
) -> AsyncIterator[None]:
    scanner = stack.scanner(note, adapter)
    try:
        await _start(scanner)
    except BaseException:
        # A scan that did not quite start may have nothing to stop, and says so in its own way.
        with contextlib.suppress(Exception):
            await within(STOP_LIMIT_S, scanner.stop())
        raise
    try:
        yield
    finally:
        await within(STOP_LIMIT_S, scanner.stop())


async def _start(scanner: Scanner) -> None:
    """Start; an adapter that is just ending another program's scan is asked again."""
    for _ in range(START_TRIES - 1):
        try:
            return await within(START_LIMIT_S, scanner.start())
        except Exception as error:
            if dbus_name(error) != BUSY:
                raise
        await asyncio.sleep(PAUSE_S)
    return await within(START_LIMIT_S, scanner.start())


async def _held(stack: Stack, target: BleTarget, limit_s: float) -> Heard | None:
    """Return the panel if the system holds it connected: then it does not advertise.

    One that a program uses is waited for: that the program has died is noticed after a moment.
    """
    ends_at = time.monotonic() + limit_s
    while True:
        try:
            held = await within(START_LIMIT_S, stack.held(target.adapter))
        except Exception as error:
            raise scan_failure(error, target.url) from error
        known = [(Heard(device, shown_name(device.name), None), used) for device, used in held]
        meant = [(one, used) for one, used in known if _meant(target, [one])]
        if not meant:
            return None
        one, used = meant[0]
        if not used:
            return one
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            raise PanelInUseError(target.url)
        await asyncio.sleep(min(PAUSE_S, left_s))


def _meant(target: BleTarget, heard: list[Heard]) -> list[Heard]:
    if target.address is not None:
        return [one for one in heard if one.device.address.upper() == target.address]
    name = shown_name(target.name)
    exact = [one for one in heard if one.name == name]
    return exact or [one for one in heard if one.name.casefold() == name.casefold()]
