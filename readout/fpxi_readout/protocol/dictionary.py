"""What a device says about itself: parameters, enumerations, commands and its panel.

A device is not trusted: sizes are bounded before anything is unpacked, and every entry is
checked before it is used.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import Literal, NoReturn, cast

from fpxi_readout.protocol.errors import ProtocolError
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry
from fpxi_readout.protocol.tree import DictionaryEntryError, Table

MAX_COMPRESSED = 64 * 1024
MAX_TEXT = 1024 * 1024
MAX_SIDE = 4096
MAX_U32 = 2**32 - 1

WireType = Literal["u32", "i32"]
Access = Literal["ro", "rw", "idle"]


class DictionaryError(ProtocolError):
    """The device's dictionary is damaged, too large, or contradicts itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the device's dictionary cannot be used: {reason}; install firmware whose "
            "dictionary was generated from the protocol definition"
        )
        self.reason = reason


@dataclass(frozen=True, slots=True)
class EnumerationValue:
    """One named value."""

    value: int
    help: str


@dataclass(frozen=True, slots=True)
class EnumerationInfo:
    """The named values of an enumeration."""

    name: str
    help: str
    values: dict[str, EnumerationValue]

    def name_of(self, value: int) -> str | None:
        """Return the name of a value; None when this device has no name for it."""
        return next((name for name, entry in self.values.items() if entry.value == value), None)


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter of the device. `minimum` and `maximum` are inclusive."""

    name: str
    id: int
    type: WireType
    unit: str
    minimum: int
    maximum: int
    default: int
    access: Access
    """ro: read only; rw: any time; idle: only while stopped"""
    saved: bool
    enumeration: str | None
    help: str


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A device's description of itself."""

    protocol_version: tuple[int, int]
    panel: PanelGeometry
    parameters: dict[str, ParameterInfo]
    enumerations: dict[str, EnumerationInfo]
    commands: dict[str, int]
    """type byte of every command that the device knows, by name"""

    def parameter_by_id(self, identifier: int) -> ParameterInfo | None:
        """Return the parameter with an id, if there is one."""
        return next((p for p in self.parameters.values() if p.id == identifier), None)

    def name_of(self, enumeration: str, value: int) -> str:
        """Return a value's name in an enumeration; its number where it has none."""
        info = self.enumerations.get(enumeration)
        return (info.name_of(value) if info else None) or str(value)


def parse(compressed: bytes, schema_hash: bytes) -> Dictionary:
    """Read the zlib stream that a device serves.

    Raises
    ------
    DictionaryError
        It is damaged, too large, not what `schema_hash` (SHA-256 of its text) promises, or an
        entry is missing, of the wrong kind or out of bounds.

    """
    text = _decompress(compressed)
    if hashlib.sha256(text).digest() != schema_hash:
        raise DictionaryError("its content is not what its hash promises")
    try:
        root = Table("dictionary", json.loads(text, parse_constant=_refuse_constant))
        return _dictionary(root)
    except (DictionaryEntryError, ValueError, RecursionError) as error:
        raise DictionaryError(str(error)) from error


def _decompress(compressed: bytes) -> bytes:
    if len(compressed) > MAX_COMPRESSED:
        raise DictionaryError(f"{len(compressed)} bytes are over the limit of {MAX_COMPRESSED}")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(compressed, MAX_TEXT)
    except zlib.error as error:
        raise DictionaryError(f"its compression is damaged ({error})") from error
    if stream.unconsumed_tail:
        raise DictionaryError(f"its text is over the limit of {MAX_TEXT} bytes")
    if not stream.eof or stream.unused_data:
        raise DictionaryError("its compressed stream does not end where it should")
    return text


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _dictionary(root: Table) -> Dictionary:
    protocol = root.table("protocol")
    enumerations = {
        name: _enumeration(name, table) for name, table in root.table("enumerations").tables()
    }
    parameters = {
        name: _parameter(name, table, enumerations)
        for name, table in root.table("parameters").tables()
    }
    if len({parameter.id for parameter in parameters.values()}) < len(parameters):
        raise DictionaryEntryError("parameters", "two parameters share an id")
    commands = root.table("commands")
    return Dictionary(
        protocol_version=(protocol.integer("major", 0, 255), protocol.integer("minor", 0, 255)),
        panel=_panel(root.table("panel")),
        parameters=parameters,
        enumerations=enumerations,
        commands={name: table.integer("type", 0, 255) for name, table in commands.tables()},
    )


def _enumeration(name: str, table: Table) -> EnumerationInfo:
    values = {
        key: EnumerationValue(value=entry.integer("value", 0, MAX_U32), help=entry.text("help"))
        for key, entry in table.tables()
    }
    return EnumerationInfo(name=name, help=table.text("help"), values=values)


def _parameter(name: str, table: Table, enumerations: dict[str, EnumerationInfo]) -> ParameterInfo:
    wire_type = cast(WireType, table.one_of("type", ("u32", "i32")))
    limits = (0, MAX_U32) if wire_type == "u32" else (-(2**31), 2**31 - 1)
    minimum = table.integer("minimum", *limits)
    maximum = table.integer("maximum", minimum, limits[1])
    enumeration = table.text("enumeration") if table.has("enumeration") else None
    if enumeration is not None and enumeration not in enumerations:
        raise DictionaryEntryError(table.path, f"there is no enumeration {enumeration!r}")
    return ParameterInfo(
        name=name,
        id=table.integer("id", 0, 0xFFFF),
        type=wire_type,
        unit=table.text("unit"),
        minimum=minimum,
        maximum=maximum,
        default=table.integer("default", minimum, maximum),
        access=cast(Access, table.one_of("access", ("ro", "rw", "idle"))),
        saved=table.boolean("saved"),
        enumeration=enumeration,
        help=table.text("help"),
    )


def _panel(table: Table) -> PanelGeometry:
    rows = table.integer("rows", 1, MAX_SIDE)
    columns = table.integer("columns", 1, MAX_SIDE)
    return PanelGeometry(
        name=table.text("name"),
        rows=rows,
        columns=columns,
        pitch_um=table.number("pitch_um", 1e-3, 1e6),
        process_ring=table.integer("process_ring", 0, (min(rows, columns) - 1) // 2),
        adc_bits=table.integer("adc_bits", 1, 16),
        line_time_us=table.number("line_time_us", 0.0, 1e9),
        gain_settings=tuple(
            GainSetting(entry.text("name"), entry.number("full_scale_fC", 1e-6, 1e12))
            for entry in table.list_of_tables("gain_settings")
        ),
    )
