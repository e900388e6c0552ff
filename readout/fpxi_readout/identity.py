"""Who a device is: the frozen messages, which every version of the protocol understands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fpxi_readout.connection import Connection
from fpxi_readout.device_errors import NotAPanelError
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.protocol import dictionary as dictionaries
from fpxi_readout.protocol.dictionary import Dictionary, DictionaryError
from fpxi_readout.protocol.generated import Fault, Identify, Identity, ResetCause

MAGIC = b"FPXI"
PIECE = 1024
AFTER_BOOT_S = 1.0


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """What IDENTIFY tells. A cause or fault that this host has no name for stays a number."""

    protocol_version: tuple[int, int]
    firmware_version: tuple[int, int, int]
    serial_number: str
    schema_hash: bytes
    """SHA-256 of the dictionary's text"""
    reset_cause: ResetCause | int
    fault: Fault | int
    """the latched fault"""
    reset_fault: Fault | int
    """the fault that was latched before the last reset"""


def identify(connection: Connection, timeout_s: float) -> DeviceIdentity:
    """Ask a device of any protocol version who it is.

    Raises
    ------
    CommandTimeoutError
        Nothing answered within `timeout_s`.
    NotAPanelError
        What answered is no fpxi device.

    """
    return _identity(_ask(connection, 0, 0, timeout_s))


def identify_started(
    connection: Connection, has_booted: Callable[[], bool], limit_s: float
) -> DeviceIdentity:
    """Wait until a restarting device says that it has booted, or should have; then identify it."""
    deadline = connection.clock() + limit_s
    while not has_booted() and connection.clock() < deadline:
        connection.pump(deadline - connection.clock())
    connection.end_stale_packet()
    return identify(connection, AFTER_BOOT_S)


def fetch_dictionary(
    connection: Connection, identity: DeviceIdentity, cache: DictionaryCache
) -> Dictionary:
    """Return the device's dictionary, from the cache where it is there.

    Raises
    ------
    DictionaryError
        The device serves a dictionary that cannot be used.
    CommandTimeoutError
        The device fell silent.

    """
    known = cache.load(identity.schema_hash)
    if known is not None:
        return known
    compressed = _fetch(connection, identity)
    found = dictionaries.parse(compressed, identity.schema_hash)
    cache.store(identity.schema_hash, compressed)
    return found


def _fetch(connection: Connection, identity: DeviceIdentity) -> bytes:
    collected = b""
    while True:
        answer = _ask(connection, len(collected), PIECE, None)
        if answer.schema_hash != identity.schema_hash:
            raise DictionaryError("it changed while it was being fetched; connect again")
        if not 0 < answer.dictionary_size <= dictionaries.MAX_COMPRESSED:
            raise DictionaryError(
                f"the device claims {answer.dictionary_size} bytes; "
                f"1 to {dictionaries.MAX_COMPRESSED} are allowed"
            )
        if not answer.piece:
            raise DictionaryError(f"the device gave no bytes from offset {len(collected)} on")
        collected += answer.piece
        if len(collected) >= answer.dictionary_size:
            return collected[: answer.dictionary_size]


def _ask(connection: Connection, offset: int, count: int, limit_s: float | None) -> Identity:
    answer = connection.request(Identify(offset=offset, count=count), Identity, limit_s)
    if answer.magic != MAGIC:
        raise NotAPanelError(connection.link.description)
    return answer


def _identity(answer: Identity) -> DeviceIdentity:
    return DeviceIdentity(
        protocol_version=(answer.protocol_major, answer.protocol_minor),
        firmware_version=(answer.firmware_major, answer.firmware_minor, answer.firmware_patch),
        serial_number=_printable(answer.serial_number),
        schema_hash=answer.schema_hash,
        reset_cause=_named(ResetCause, answer.reset_cause),
        fault=_named(Fault, answer.fault),
        reset_fault=_named(Fault, answer.reset_fault),
    )


def _named(kind: type[ResetCause] | type[Fault], value: int) -> ResetCause | Fault | int:
    return kind(value) if value in set(kind) else value


def _printable(text: bytes) -> str:
    """Read zero-padded ASCII; a byte that cannot be shown becomes a question mark."""
    characters = text.rstrip(b"\0").decode("ascii", errors="replace")
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in characters)
