"""A `Processing` as JSON: strict, so that nothing that was asked for is left undone in silence."""

from __future__ import annotations

import enum
import json
import types
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from fpxi_imaging.errors import ProcessingFormatError, SettingError

_WORDS = {bool: "true or false", int: "a whole number", float: "a number"}
VERSION = 1
"""Of the format. A step that is added later does not change it: older programs refuse its name."""


def to_json(processing: Any) -> str:
    """Return a dataclass, whose values are numbers, enumerations and dataclasses, as JSON."""
    return json.dumps({"version": VERSION, **_plain(processing)}, indent=2)


def from_json(kind: type[Any], text: str) -> Any:
    """Return the dataclass that a text describes; what it leaves out has its usual value.

    Raises `ProcessingFormatError`, naming what is unknown or out of range.
    """
    try:
        said = json.loads(text, object_pairs_hook=_said_once)
    except (ValueError, RecursionError) as error:
        raise ProcessingFormatError("the text", text[:20], f"JSON ({error})") from error
    if not isinstance(said, dict):
        raise ProcessingFormatError("the text", said, "a JSON object")
    version = said.pop("version", None)
    if type(version) is not int or version != VERSION:
        raise ProcessingFormatError("version", version, str(VERSION))
    return _object(kind, said, "")


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of a name that is there twice, JSON itself keeps one value in silence."""
    said: dict[str, Any] = {}
    for name, value in pairs:
        if name in said:
            raise ProcessingFormatError(name, value, "there once")
        said[name] = value
    return said


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _object(kind: type[Any], said: dict[str, Any], where: str) -> Any:
    kinds = get_type_hints(kind)
    known = [field.name for field in fields(kind)]
    for name, value in said.items():
        if name not in known:
            raise ProcessingFormatError(where + name, value, f"one of {', '.join(known)}")
    given = {name: _value(kinds[name], value, where + name) for name, value in said.items()}
    try:
        return kind(**given)
    except SettingError as error:
        raise ProcessingFormatError(where + error.name, error.value, error.allowed) from error


def _value(kind: Any, said: Any, name: str) -> Any:
    if isinstance(kind, types.UnionType):
        if said is None:
            return None
        (kind,) = (each for each in get_args(kind) if each is not types.NoneType)
    if is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(said, dict):
            raise ProcessingFormatError(name, said, "an object")
        return _object(kind, said, f"{name}.")
    if issubclass(kind, enum.Enum):
        return _member(kind, said, name)
    return _scalar(kind, said, name)


def _member(kind: type[enum.Enum], said: Any, name: str) -> enum.Enum:
    for member in kind:
        if type(said) is type(member.value) and said == member.value:
            return member
    known = ", ".join(str(member.value) for member in kind)
    raise ProcessingFormatError(name, said, f"one of {known}")


def _scalar(kind: type[Any], said: Any, name: str) -> Any:
    """Take a number for a number only: True is none, and 1.5 is no whole one."""
    if kind is float and type(said) is int:
        try:
            return float(said)
        except OverflowError as error:
            raise ProcessingFormatError(name, said, "a number of usual size") from error
    if type(said) is not kind:
        raise ProcessingFormatError(name, said, _WORDS[kind])
    return said
