"""Read the protocol definition and refuse one that contradicts itself."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFINITION = Path(__file__).with_name("protocol.toml")

FIELD_SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i32": 4}
SAMPLE_SIZE = 2
"""bytes of a sample in encoding raw16, the largest"""
BOARDS = ("native", "stm32f405")


class DefinitionError(ValueError):
    """The protocol definition contradicts itself; the message names the entry to mend."""


@dataclass(frozen=True)
class Field:
    """One field of a message. `size` is None for the bytes that run to the end of the payload."""

    name: str
    type: str
    help: str
    enumeration: str | None
    since: int

    @property
    def size(self) -> int | None:
        """Bytes on the wire."""
        if self.type == "bytes":
            return None
        if self.type.startswith("bytes:"):
            return int(self.type.removeprefix("bytes:"))
        return FIELD_SIZES[self.type]


@dataclass(frozen=True)
class Message:
    """One command or report. Sizes count the fixed fields alone."""

    name: str
    type: int
    frozen: bool
    answer: str | None
    help: str
    fields: tuple[Field, ...]

    @property
    def fixed_fields(self) -> tuple[Field, ...]:
        """The fields before the trailing bytes, if any."""
        return tuple(field for field in self.fields if field.size is not None)

    @property
    def size(self) -> int:
        """Bytes of the fixed fields."""
        return sum(field.size or 0 for field in self.fields)

    @property
    def minimum_size(self) -> int:
        """Bytes of the fixed fields that version major.0 had: the least a peer may send."""
        return sum(field.size or 0 for field in self.fields if field.since == 0)


@dataclass(frozen=True)
class Definition:
    """The whole protocol. `parameters` and `panels` keep the definition's own tables."""

    protocol: dict[str, int]
    enumerations: dict[str, dict[str, Any]]
    parameters: dict[str, dict[str, Any]]
    commands: tuple[Message, ...]
    reports: tuple[Message, ...]
    panels: dict[str, dict[str, Any]]

    def enumeration_values(self, name: str) -> dict[str, int]:
        """Values of an enumeration by name."""
        return {key: entry["value"] for key, entry in enumeration_entries(self.enumerations[name])}


def enumeration_entries(table: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """List the (name, entry) pairs of one enumeration, leaving out its own help and options."""
    return [(key, entry) for key, entry in table.items() if isinstance(entry, dict)]


def load(path: Path = DEFINITION) -> Definition:
    """Read and check a definition.

    Raises
    ------
    DefinitionError
        An entry contradicts another; the message names it.

    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    enumerations = raw["enumerations"]
    definition = Definition(
        protocol=raw["protocol"],
        enumerations=enumerations,
        parameters={
            name: _parameter(name, table, enumerations) for name, table in raw["parameters"].items()
        },
        commands=tuple(_message(name, table) for name, table in raw["commands"].items()),
        reports=tuple(_message(name, table) for name, table in raw["reports"].items()),
        panels=raw["panels"],
    )
    _check(definition)
    return definition


def panels_of(definition: Definition, board: str) -> list[dict[str, Any]]:
    """Return the panels that a board's firmware reads."""
    return [table for table in definition.panels.values() if board in table["boards"]]


def panel_parameters(definition: Definition, panel: str) -> dict[str, dict[str, Any]]:
    """Return the parameters of one panel: the common ones with the panel's own limits."""
    overrides = definition.panels[panel].get("parameters", {})
    unknown = set(overrides) - set(definition.parameters)
    if unknown:
        raise DefinitionError(f"panels.{panel}.parameters names unknown {sorted(unknown)}")
    return {
        name: {**table, **overrides.get(name, {})} for name, table in definition.parameters.items()
    }


def _parameter(
    name: str, table: dict[str, Any], enumerations: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    if table["type"] not in ("u32", "i32"):
        raise DefinitionError(f"parameters.{name}: type must be u32 or i32, not {table['type']!r}")
    if table["access"] not in ("ro", "rw", "idle"):
        raise DefinitionError(f"parameters.{name}: access must be ro, rw or idle")
    complete = {"unit": "", "saved": False, "default": 0, **table}
    if "enumeration" in table:
        values = [
            entry["value"] for _, entry in enumeration_entries(enumerations[table["enumeration"]])
        ]
        complete |= {"minimum": min(values), "maximum": max(values)}
    elif table["access"] == "ro":
        limits = (0, 2**32 - 1) if table["type"] == "u32" else (-(2**31), 2**31 - 1)
        complete |= {"minimum": limits[0], "maximum": limits[1]}
    return complete


def _message(name: str, table: dict[str, Any]) -> Message:
    fields = tuple(
        Field(
            name=field["name"],
            type=field["type"],
            help=field["help"],
            enumeration=field.get("enumeration"),
            since=field.get("since", 0),
        )
        for field in table["fields"]
    )
    return Message(
        name=name,
        type=table["type"],
        frozen=table.get("frozen", False),
        answer=table.get("answer"),
        help=table["help"],
        fields=fields,
    )


def _check(definition: Definition) -> None:
    _check_unique(
        "message type", [(m.name, m.type) for m in definition.commands + definition.reports]
    )
    _check_unique("parameter id", [(n, t["id"]) for n, t in definition.parameters.items()])
    _check_unique("panel id", [(n, t["id"]) for n, t in definition.panels.items()])
    for message in definition.commands + definition.reports:
        if message.name in definition.enumerations:
            raise DefinitionError(f"{message.name} is both a message and an enumeration")
        _check_message(message, definition)
    for name in definition.enumerations:
        _check_unique(f"value of {name}", list(definition.enumeration_values(name).items()))
    for panel in definition.panels:
        _check_panel(panel, definition)


def _check_panel(panel: str, definition: Definition) -> None:
    attributes, parameters = definition.panels[panel], panel_parameters(definition, panel)
    if attributes["shutter"] not in ("rolling", "global"):
        raise DefinitionError(f"panels.{panel}: shutter must be rolling or global")
    if unknown := set(attributes["boards"]) - set(BOARDS):
        raise DefinitionError(f"panels.{panel}.boards names unknown {sorted(unknown)}")
    if parameters["bias_mV"]["minimum"] != -parameters["bias_mV"]["maximum"]:
        raise DefinitionError(f"panels.{panel}: bias_mV must reach as far below 0 as above")
    for name, table in parameters.items():
        if not table["minimum"] <= table["default"] <= table["maximum"]:
            raise DefinitionError(f"parameters.{name} of {panel}: default outside its range")
    chunk = next(message for message in definition.reports if message.name == "frame_chunk")
    rows = parameters["rows_per_chunk"]["maximum"]
    if chunk.size + rows * attributes["columns"] * SAMPLE_SIZE > definition.protocol["max_payload"]:
        raise DefinitionError(f"panels.{panel}: {rows} rows_per_chunk do not fit max_payload")


def _check_unique(what: str, pairs: list[tuple[str, int]]) -> None:
    seen: dict[int, str] = {}
    for name, number in pairs:
        if number in seen:
            raise DefinitionError(f"{what} {number} is used by both {seen[number]} and {name}")
        seen[number] = name


def _check_message(message: Message, definition: Definition) -> None:
    since = [field.since for field in message.fields if field.size is not None]
    if since != sorted(since):
        raise DefinitionError(f"{message.name}: a later field may only be appended")
    if message.frozen and any(since):
        raise DefinitionError(f"{message.name} is frozen and may not grow")
    if any(field.size is None for field in message.fields[:-1]):
        raise DefinitionError(f"{message.name}: only the last field may be of open length")
    if any(since) and message.fields[-1].size is None:
        raise DefinitionError(f"{message.name} ends in open bytes and may not grow")
    for field in message.fields:
        if field.enumeration is not None and field.enumeration not in definition.enumerations:
            raise DefinitionError(
                f"{message.name}.{field.name}: no enumeration {field.enumeration}"
            )
