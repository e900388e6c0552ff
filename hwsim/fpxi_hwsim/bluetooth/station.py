"""A module and what it is reached by: a virtual radio with a host's adapter, or a real adapter."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from bumble.core import BaseBumbleError
from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address
from bumble.keys import PairingKeys
from bumble.transport import open_transport
from bumble.transport.common import Transport

from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.controller import RadioController
from fpxi_hwsim.bluetooth.errors import AdapterError, BluetoothStackMissingError
from fpxi_hwsim.bluetooth.medium import BluetoothMedium
from fpxi_hwsim.bluetooth.module import BluetoothModule, ModuleSetup
from fpxi_hwsim.bluetooth.radio import Radio
from fpxi_hwsim.errors import BadValueError, ServeError

HOST_ADDRESS = "F9:F8:F7:F6:F5:F4"
"""of the host's virtual adapter"""
OPEN_TIMEOUT_S = 15.0
"""for an adapter to be opened and to answer"""
LOOK_EVERY_S = 0.01
"""for connections that have ended"""

# What the stack logs of strangers' mistakes is no message to the user. The stack makes itself a
# handler at the root, so that this takes more than one of its own.
_stack_log = logging.getLogger("bumble")
_stack_log.addHandler(logging.NullHandler())
_stack_log.propagate = False


@dataclass(slots=True)
class Station:
    """A module on the air. Used on the radio's loop alone."""

    module: BluetoothModule
    failed: asyncio.Future[None]
    """gets what ends the station by itself"""
    radio: Radio | None
    """None: the adapter is real"""
    bus_address: str | None
    """D-Bus by which hosts on this computer reach the virtual adapter"""

    def set_conditions(self, conditions: RadioConditions) -> None:
        """Change the radio, and ask the host's adapter for what the conditions want."""
        if self.radio is not None:
            self.radio.conditions = conditions
        self.module.ask_for(conditions)

    async def lose_each_other(self) -> None:
        """Let nothing arrive until every connection has ended by its supervision time-out."""
        radio = self.radio
        if radio is None:
            raise BadValueError("drop", "supervision", "remote alone on a real adapter")
        in_reach = radio.conditions.in_reach
        radio.conditions = replace(radio.conditions, in_reach=False)
        try:
            while radio.connections:
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            radio.conditions = replace(radio.conditions, in_reach=in_reach)


@contextlib.asynccontextmanager
async def virtual_station(
    medium: BluetoothMedium, setup: ModuleSetup, bus: Path | None
) -> AsyncIterator[Station]:
    """Put a module and a host's adapter on a virtual radio, the adapter behind a D-Bus.

    Raises
    ------
    ServeError
        This system is not Linux.
    BluetoothStackMissingError
        The extra `radio` is not installed whole.
    DbusDaemonMissingError, BusPathError, BusStartError
        There is no D-Bus to reach the adapter by.
    AdvertisedNameError
        The name does not fit the advertisement.

    """
    if sys.platform != "linux":
        reason = "hosts reach it by BlueZ's D-Bus, which only Linux has; name an adapter (--hci)"
        raise ServeError("a virtual radio", reason)
    try:
        from fpxi_hwsim.bluetooth.bluez import BluezBridge, PrivateBus  # noqa: PLC0415 (Linux)
    except ModuleNotFoundError as error:
        raise BluetoothStackMissingError(str(error)) from error
    async with contextlib.AsyncExitStack() as stack:
        radio = Radio(setup.wanted)
        stack.callback(radio.close)
        host = RadioController("host", radio)
        panel = RadioController("panel", radio)
        module = BluetoothModule(panel, panel, medium, setup)
        await module.start()
        stack.push_async_callback(module.close)
        central = Device.from_config_with_hci(
            DeviceConfiguration(name="host", address=Address(HOST_ADDRESS)),
            host,
            host,
        )
        await central.power_on()
        await _recall_bond(central, module)
        private_bus = stack.enter_context(PrivateBus(bus))
        bridge = BluezBridge(central, private_bus.address, on_bus_lost=module.fail)
        await bridge.start()
        stack.push_async_callback(bridge.close)
        yield Station(module, module.failed, radio, private_bus.address)


async def _recall_bond(central: Device, module: BluetoothModule) -> None:
    """Let the virtual host know the key again that the panel kept of it in a file."""
    bond = module.access.bond
    if bond is None or Address(bond.address) != central.random_address:
        return
    assert central.keystore is not None
    panel = module.peripheral.device.random_address
    keys = PairingKeys(address_type=panel.address_type, ltk=PairingKeys.Key(value=bond.key))
    await central.keystore.update(str(panel), keys)


@contextlib.asynccontextmanager
async def adapter_station(
    medium: BluetoothMedium, setup: ModuleSetup, transport: str
) -> AsyncIterator[Station]:
    """Put a module on a real adapter, named as `bumble.transport.open_transport` has it.

    Raises
    ------
    AdapterError
        The adapter cannot be opened or does not answer.
    AdvertisedNameError
        The name does not fit the advertisement.

    """
    async with contextlib.AsyncExitStack() as stack:
        adapter = await _open(transport)
        stack.push_async_callback(adapter.close)
        module = BluetoothModule(adapter.source, adapter.sink, medium, setup)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                await module.start()
        except (BaseBumbleError, TimeoutError) as error:
            raise AdapterError(transport, _reason(error, "does not answer")) from error
        stack.push_async_callback(module.close)

        def gone(_: asyncio.Future[None]) -> None:
            module.lose_adapter(AdapterError(transport, "was unplugged"))

        adapter.source.terminated.add_done_callback(gone)
        stack.callback(adapter.source.terminated.remove_done_callback, gone)
        yield Station(module, module.failed, None, None)


async def _open(transport: str) -> Transport:
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            return await open_transport(transport)
    except Exception as error:  # whatever the driver of the named kind raises
        raise AdapterError(transport, _reason(error, "cannot be opened")) from error


def _reason(error: Exception, otherwise: str) -> str:
    """Return the driver's words; those of libusb are a name and a number, which help nobody."""
    said = str(error)
    if said.startswith("LIBUSB_ERROR"):
        return f"no USB adapter can be reached ({said}); `lsusb` lists those that are there"
    return said or otherwise
