"""Parameters of a panel in words and in JSON, from the device's own dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter, itemgetter
from typing import Any

from fpxi_readout.protocol.dictionary import Dictionary, ParameterInfo

from fpxi.cli.output import format_table

CHANGEABLE = {"ro": "never", "rw": "any time", "idle": "while stopped"}


def format_value(dictionary: Dictionary, info: ParameterInfo, value: int) -> str:
    """Write an enumeration by name, a gain setting with its range, anything else as a number."""
    if info.enumeration is not None:
        return dictionary.name_of(info.enumeration, value)
    gains = dictionary.panel.gain_settings
    if info.name == "gain_setting" and value < len(gains):
        return f"{value} ({gains[value].name})"
    return str(value)


def format_parameters(dictionary: Dictionary, values: Mapping[str, int]) -> str:
    """Table of all parameters."""
    rows = [
        (
            info.name,
            format_value(dictionary, info, values[info.name]),
            info.unit,
            _range(dictionary, info),
            CHANGEABLE[info.access],
            "yes" if info.saved else "no",
        )
        for info in _in_order(dictionary)
    ]
    return format_table(("PARAMETER", "VALUE", "UNIT", "RANGE", "CAN BE SET", "SAVED"), rows)


def parameters_document(dictionary: Dictionary, values: Mapping[str, int]) -> dict[str, Any]:
    """All parameters for JSON, by name."""
    return {
        info.name: {
            "value": values[info.name],
            "unit": info.unit,
            "minimum": info.minimum,
            "maximum": info.maximum,
            "default": info.default,
            "access": info.access,
            "saved": info.saved,
            "help": info.help,
            "enumeration": _enumeration(dictionary, info),
        }
        for info in _in_order(dictionary)
    }


def _range(dictionary: Dictionary, info: ParameterInfo) -> str:
    if info.access == "ro":
        return ""
    names = _enumeration(dictionary, info)
    return " | ".join(names) if names else f"{info.minimum} to {info.maximum}"


def _enumeration(dictionary: Dictionary, info: ParameterInfo) -> dict[str, int] | None:
    if info.enumeration is None:
        return None
    values = dictionary.enumerations[info.enumeration].values
    taken = (
        (name, entry.value)
        for name, entry in values.items()
        if info.minimum <= entry.value <= info.maximum
    )
    return dict(sorted(taken, key=itemgetter(1)))


def _in_order(dictionary: Dictionary) -> list[ParameterInfo]:
    """Parameters by their number, which is the order of the protocol's documentation."""
    return sorted(dictionary.parameters.values(), key=attrgetter("id"))


def format_help(dictionary: Dictionary) -> str:
    """Explain every parameter, and the values of its enumeration."""
    lines: list[str] = []
    for info in _in_order(dictionary):
        lines.append(f"{info.name}: {info.help}")
        if info.enumeration is not None:
            values = dictionary.enumerations[info.enumeration].values
            lines += [f"  {name}: {entry.help}" for name, entry in values.items()]
    return "\n".join(lines)
