"""What works with a device of any protocol version: identify, stop, reset, new firmware."""

from __future__ import annotations

import time

from fpxi_readout.connection import FIRST_TIMEOUT_S, Connection, RefusedError, command_name
from fpxi_readout.device_errors import CommandRefusedError
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.explanation import explain_nack
from fpxi_readout.identity import DeviceIdentity, fetch_dictionary, identify
from fpxi_readout.links.base import Link
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import Ack, Bootloader, Reset, Stop

BOOT_LOADER_WAIT_S = 2.0
"""The boot loader measures the line's rate from the first byte that it gets: a command sent again
because the acknowledgement is only late would leave it deaf."""


def identify_device(link: Link, *, timeout_s: float = 2.0) -> DeviceIdentity:
    """Ask the device who it is.

    Raises
    ------
    CommandTimeoutError
        Nothing answered within `timeout_s`.
    NotAPanelError
        What answered is no fpxi device.

    """
    return identify(_connection(link), timeout_s)


def describe_device(link: Link, *, timeout_s: float = 2.0) -> tuple[DeviceIdentity, Dictionary]:
    """Ask the device who it is and what it understands.

    Raises
    ------
    CommandTimeoutError, NotAPanelError
        As for `identify_device`.
    DictionaryError
        The device's description of itself cannot be used.

    """
    connection = _connection(link)
    identity = identify(connection, timeout_s)
    return identity, fetch_dictionary(connection, identity, DictionaryCache())


def stop_device(link: Link) -> None:
    """Stop acquiring; CommandTimeoutError or CommandRefusedError when the device does not."""
    _request(_connection(link), Stop())


def reset_device(link: Link) -> None:
    """Restart the firmware; CommandTimeoutError or CommandRefusedError when it does not."""
    _request(_connection(link), Reset())


def enter_boot_loader(link: Link) -> None:
    """Restart into the boot loader; CommandTimeoutError or CommandRefusedError when it does not."""
    _request(_connection(link), Bootloader(), BOOT_LOADER_WAIT_S)


def _connection(link: Link) -> Connection:
    connection = Connection(link, time.monotonic)
    connection.end_stale_packet()
    return connection


def _request(
    connection: Connection,
    command: Stop | Reset | Bootloader,
    first_wait_s: float = FIRST_TIMEOUT_S,
) -> None:
    try:
        connection.request(command, Ack, first_wait_s=first_wait_s)
    except RefusedError as refusal:
        nack = refusal.nack
        raise CommandRefusedError(
            command_name(command), nack.code, nack.detail, explain_nack(nack, None)
        ) from None
